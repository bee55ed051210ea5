// Paths of lines and bands in a view: { x, y: metres at the centre; scale: pixels per metre }.
const CLOSEST_PX = 0.7; // vertices nearer to each other are left out
const BAND_OPACITY = 0.27;

/** Append a front's pieces to a path. */
function trace(path, front, view, width, height) {
  const { x: cx, y: cy, scale } = view;
  for (const { x, y } of front.pieces) {
    const last = x.length - 1;
    let px = (x[0] - cx) * scale + width / 2, py = (cy - y[0]) * scale + height / 2;
    path.moveTo(px, py);
    for (let i = 1; i <= last; i++) {
      const qx = (x[i] - cx) * scale + width / 2, qy = (cy - y[i]) * scale + height / 2;
      if (i < last && Math.abs(qx - px) + Math.abs(qy - py) < CLOSEST_PX) continue;
      path.lineTo(qx, qy);
      px = qx;
      py = qy;
    }
  }
}

function inView(front, view, width, height) {
  const [west, south, east, north] = front.box;
  const right = width / 2 / view.scale, up = height / 2 / view.scale;
  return east >= view.x - right && west <= view.x + right && north >= view.y - up && south <= view.y + up;
}

/** Draw fronts by date, oldest first; doubtful ones dashed; all on a light rim, visible on any image. */
function paintFronts(context, fronts, view, width, height) {
  context.lineJoin = context.lineCap = "round";
  const seen = fronts.filter((front) => front.pieces.length && inView(front, view, width, height));
  const strokes = new Map();
  const rim = new Path2D();
  for (const front of seen) {
    const key = `${classOf(front.time)} ${front.flag === "doubtful"}`;
    if (!strokes.has(key)) strokes.set(key, new Path2D());
    trace(strokes.get(key), front, view, width, height);
    trace(rim, front, view, width, height);
  }
  context.strokeStyle = "rgba(255,255,255,0.6)";
  context.lineWidth = seen.length > 200 ? 2.4 : 4;
  context.stroke(rim);
  context.lineWidth = seen.length > 200 ? 1.4 : 2;
  for (const [key, path] of strokes) {
    const [number, doubtful] = key.split(" ");
    context.strokeStyle = RAMP[Number(number)];
    context.setLineDash(doubtful === "true" ? [7, 5] : []);
    context.stroke(path);
  }
  context.setLineDash([]);
  return seen;
}

/** Draw a front's bands, widest first, and its line over them. */
function paintSelected(context, front, view, width, height) {
  context.lineJoin = context.lineCap = "round";
  for (let level = content.levels.length - 1; level >= 0; level--) {
    context.fillStyle = bandColour(level);
    context.fill(bandPath(front, level, view, width, height));
  }
  const line = new Path2D();
  trace(line, front, view, width, height);
  for (const [colour, thickness] of [["#ffffff", 6.5], [SELECTED, 3.5]]) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    context.setLineDash(front.flag === "doubtful" && colour === SELECTED ? [9, 6] : []);
    context.stroke(line);
  }
  context.setLineDash([]);
}

/** Bands lie on top of each other; `alone` gives the colour that results at a level. */
function bandColour(level, alone = false) {
  const opacity = alone ? 1 - (1 - BAND_OPACITY) ** (content.levels.length - level) : BAND_OPACITY;
  return `rgba(208,0,110,${opacity})`;
}

/** The area within a front's half-widths: a disc at each vertex, joined along the segments. */
function bandPath(front, level, view, width, height) {
  const path = new Path2D();
  const scale = view.scale * state.map.stretch;
  for (const { x, y, widths } of front.pieces) {
    if (!widths) continue;
    const half = widths[level];
    for (let i = 0; i + 1 < x.length; i++) {
      if (Number.isNaN(half[i]) || Number.isNaN(half[i + 1])) continue;
      const ax = (x[i] - view.x) * view.scale + width / 2, ay = (view.y - y[i]) * view.scale + height / 2;
      const bx = (x[i + 1] - view.x) * view.scale + width / 2;
      const by = (view.y - y[i + 1]) * view.scale + height / 2;
      const a = half[i] * scale, b = half[i + 1] * scale;
      path.moveTo(ax + a, ay);
      path.arc(ax, ay, a, 0, 2 * Math.PI);
      path.moveTo(bx + b, by);
      path.arc(bx, by, b, 0, 2 * Math.PI);
      const length = Math.hypot(bx - ax, by - ay);
      if (length < 1e-6) continue;
      // Clockwise like the discs: where they overlap, opposite turns would cancel.
      const nx = (by - ay) / length, ny = (ax - bx) / length;
      path.moveTo(ax + a * nx, ay + a * ny);
      path.lineTo(bx + b * nx, by + b * ny);
      path.lineTo(bx - b * nx, by - b * ny);
      path.lineTo(ax - a * nx, ay - a * ny);
      path.closePath();
    }
  }
  return path;
}

function plate(context, x, y, width, height) {
  context.fillStyle = "rgba(255,255,255,0.86)";
  context.fillRect(x, y, width, height);
  context.fillStyle = context.strokeStyle = "#1b1f24";
}

/** A bar of a round length on the ground. */
function paintScale(context, view, height) {
  const perMetre = view.scale * state.map.stretch;
  const most = 130 / perMetre;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((step) => step * power).find((value) => value <= most);
  const pixels = length * perMetre;
  plate(context, 8, height - 38, pixels + 16, 30);
  context.font = "12px sans-serif";
  context.textAlign = "center";
  context.fillText(metres(length), 16 + pixels / 2, height - 23);
  context.lineWidth = 2;
  context.lineCap = "butt";
  context.beginPath();
  context.moveTo(16, height - 19);
  context.lineTo(16, height - 14);
  context.lineTo(16 + pixels, height - 14);
  context.lineTo(16 + pixels, height - 19);
  context.stroke();
}

/** Arrows to grid north, which is up, and to true north where they differ. */
function paintNorth(context) {
  const { north } = state.map;
  if (north === null) return;
  const same = Math.abs(north) < 1;
  plate(context, 8, 8, same ? 34 : 74, 60);
  context.font = "12px sans-serif";
  context.textAlign = "center";
  arrow(context, 25, 30, 0);
  context.fillText(same ? "N" : "grid", 25, 62);
  if (!same) {
    arrow(context, 60, 30, north);
    context.fillText("true", 60, 62);
  }
}

function arrow(context, x, y, degrees) {
  context.save();
  context.translate(x, y);
  context.rotate((degrees * Math.PI) / 180);
  context.beginPath();
  context.moveTo(0, -17);
  context.lineTo(7, 14);
  context.lineTo(0, 8);
  context.lineTo(-7, 14);
  context.closePath();
  context.lineWidth = 1.5;
  context.stroke();
  context.beginPath();
  context.moveTo(0, -17);
  context.lineTo(7, 14);
  context.lineTo(0, 8);
  context.fill();
  context.restore();
}
