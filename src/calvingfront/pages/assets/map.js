// The map: image, fronts, bands of the selected front, scale and north.
const canvas = find("map");
const layer = document.createElement("canvas"); // the fronts as drawn for `layerView`
const view = { x: 0, y: 0, scale: 1 };
const SLOW_MS = 12; // fronts that take longer are drawn again only after a movement
const SETTLED_MS = 120;
let layerView = null;
let layerCost = 0;
let planned = false;
let settling = 0;
let frames = 0;
let drawnScenes = [];
const images = new Map();

function imageOf(map) {
  if (!map.image) return null;
  if (!images.has(map)) {
    const image = new Image();
    image.onload = () => redraw();
    image.src = map.image.uri;
    images.set(map, image);
  }
  return images.get(map);
}

/** Draw in the next frame; `fresh` if the fronts themselves or their styles have changed. */
function redraw(fresh = false) {
  if (fresh) layerView = null;
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function drawLayer(width, height, ratio) {
  const start = performance.now();
  layer.width = Math.round(width * ratio);
  layer.height = Math.round(height * ratio);
  const context = layer.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const fronts = shown();
  paintFronts(context, fronts, view, width, height);
  drawnScenes = fronts.filter((front) => front.pieces.length).map((front) => front.scene);
  layerView = { ...view, width, height };
  layerCost = performance.now() - start;
}

function draw() {
  const { context, width, height, ratio } = sized(canvas);
  context.fillStyle = themed("--sea");
  context.fillRect(0, 0, width, height);
  const image = state.image && imageOf(state.map);
  if (image && image.complete && image.naturalWidth) {
    const [west, south, east, north] = state.map.image.box;
    context.imageSmoothingEnabled = true;
    context.drawImage(
      image, (west - view.x) * view.scale + width / 2, (view.y - north) * view.scale + height / 2,
      (east - west) * view.scale, (north - south) * view.scale,
    );
  }
  const moved = layerView && (layerView.x !== view.x || layerView.y !== view.y
    || layerView.scale !== view.scale || layerView.width !== width || layerView.height !== height);
  if (!layerView || (moved && layerCost <= SLOW_MS)) {
    drawLayer(width, height, ratio);
  } else if (moved) {
    clearTimeout(settling);
    settling = setTimeout(() => redraw(true), SETTLED_MS);
  }
  const zoom = view.scale / layerView.scale;
  const left = (layerView.x - view.x) * view.scale + width / 2 - (layerView.width / 2) * zoom;
  const top = (view.y - layerView.y) * view.scale + height / 2 - (layerView.height / 2) * zoom;
  context.drawImage(layer, left, top, layerView.width * zoom, layerView.height * zoom);
  const { selected } = state;
  if (selected && selected.pieces.length && shown().includes(selected)) {
    paintSelected(context, selected, view, width, height);
  }
  paintScale(context, view, height);
  paintNorth(context);
  if (!state.map.fronts.some((front) => front.pieces.length)) {
    plate(context, width / 2 - 90, height / 2 - 16, 180, 32);
    context.textAlign = "center";
    context.font = "14px sans-serif";
    context.fillText("No scene has a line", width / 2, height / 2 + 5);
  }
  frames += 1;
}

const deepest = () => 1 / content.finest;
const shallowest = () => fitting(state.map.box).scale / 8;

const MARGIN = { left: 25, right: 55, each: 45 }; // the buttons are on the right

function fitting([west, south, east, north]) {
  const width = Math.max(50, canvas.clientWidth - MARGIN.left - MARGIN.right);
  const height = Math.max(50, canvas.clientHeight - 2 * MARGIN.each);
  const room = Math.min(width / Math.max(east - west, 1), height / Math.max(north - south, 1));
  const scale = Math.min(room, deepest());
  const aside = (MARGIN.right - MARGIN.left) / 2 / scale;
  return { x: (west + east) / 2 + aside, y: (south + north) / 2, scale };
}

function showAll() {
  Object.assign(view, fitting(state.map.box));
  redraw();
}

/** Zoom about a point of the canvas, by default its middle. */
function zoomBy(factor, px = canvas.clientWidth / 2, py = canvas.clientHeight / 2) {
  const scale = Math.max(shallowest(), Math.min(deepest(), view.scale * factor));
  const dx = px - canvas.clientWidth / 2, dy = py - canvas.clientHeight / 2;
  view.x += dx / view.scale - dx / scale;
  view.y -= dy / view.scale - dy / scale;
  view.scale = scale;
  redraw();
}

function moveBy(px, py) {
  view.x -= px / view.scale;
  view.y += py / view.scale;
  redraw();
}

/** Bring a front into view if it is not. */
function reveal(front) {
  if (!front.pieces.length) return;
  const [west, south, east, north] = front.box;
  const right = canvas.clientWidth / 2 / view.scale, up = canvas.clientHeight / 2 / view.scale;
  if (west < view.x - right || east > view.x + right || south < view.y - up || north > view.y + up) {
    const whole = fitting(front.box);
    Object.assign(view, { x: whole.x, y: whole.y, scale: Math.min(view.scale, whole.scale) });
    redraw();
  }
}

views.push((changed) => {
  if (changed.has("map")) {
    find("frame").textContent = `${state.map.onMap ? "Map" : "Frame"}: ${state.map.frame}. `
      + (state.map.image ? `Image: ${isolated(state.map.image.name)}. ` : "")
      + (state.map.fronts.some((front) => front.flag === "doubtful") ? "Dashed: doubtful." : "");
    find("image").parentElement.hidden = !state.map.image;
    showAll();
  }
  if (["map", "from", "to", "flag"].some((name) => changed.has(name))) redraw(true);
  else redraw();
  canvas.setAttribute("aria-label", `Map of ${isolated(state.map.title)}, ${shown().length} scenes`);
});
new ResizeObserver(() => redraw(true)).observe(canvas);
dark.addEventListener("change", () => redraw(true));
