// Mouse, fingers and keys on the map.
const MOUSE_PX = 8, FINGER_PX = 16;
const pointers = new Map();
let travelled = 0;

/** The visible front nearest to a point of the canvas, within some pixels; the latest of equals. */
function frontAt(px, py, reach) {
  const mx = view.x + (px - canvas.clientWidth / 2) / view.scale;
  const my = view.y - (py - canvas.clientHeight / 2) / view.scale;
  let best = null, least = (reach / view.scale) ** 2;
  const far = reach / view.scale;
  for (const front of shown()) {
    if (!front.pieces.length) continue;
    const [west, south, east, north] = front.box;
    if (mx < west - far || mx > east + far || my < south - far || my > north + far) continue;
    for (const { x, y } of front.pieces) {
      for (let i = 0; i + 1 < x.length; i++) {
        const dx = x[i + 1] - x[i], dy = y[i + 1] - y[i];
        const square = dx * dx + dy * dy;
        const along = square ? ((mx - x[i]) * dx + (my - y[i]) * dy) / square : 0;
        const part = Math.max(0, Math.min(1, along));
        const distance = (mx - x[i] - part * dx) ** 2 + (my - y[i] - part * dy) ** 2;
        if (distance <= least) {
          least = distance;
          best = front;
        }
      }
    }
  }
  return best;
}

const placeOf = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  if (!pointers.size) travelled = 0;
  pointers.set(event.pointerId, placeOf(event));
  canvas.classList.add("moving");
});

canvas.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) {
    if (event.pointerType === "mouse") {
      canvas.style.cursor = frontAt(...placeOf(event), MOUSE_PX) ? "pointer" : "";
    }
    return;
  }
  const now = placeOf(event);
  const other = [...pointers].find(([id]) => id !== event.pointerId);
  travelled += Math.hypot(now[0] - before[0], now[1] - before[1]);
  if (other) {
    const [ox, oy] = other[1];
    const was = Math.hypot(before[0] - ox, before[1] - oy), is = Math.hypot(now[0] - ox, now[1] - oy);
    if (was > 0 && is > 0) zoomBy(is / was, (now[0] + ox) / 2, (now[1] + oy) / 2);
    moveBy((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    travelled = Infinity;
  } else if (travelled > 4) {
    moveBy(now[0] - before[0], now[1] - before[1]);
  }
  pointers.set(event.pointerId, now);
});

function release(event) {
  if (!pointers.delete(event.pointerId)) return;
  if (!pointers.size) canvas.classList.remove("moving");
  if (event.type === "pointerup" && travelled <= 4) {
    select(frontAt(...placeOf(event), event.pointerType === "mouse" ? MOUSE_PX : FINGER_PX));
  }
}
canvas.addEventListener("pointerup", release);
canvas.addEventListener("pointercancel", release);

canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...placeOf(event));
}, { passive: false });

const MAP_KEYS = {
  ArrowLeft: () => moveBy(60, 0), ArrowRight: () => moveBy(-60, 0),
  ArrowUp: () => moveBy(0, 60), ArrowDown: () => moveBy(0, -60),
  "+": () => zoomBy(1.5), "=": () => zoomBy(1.5), "-": () => zoomBy(1 / 1.5), 0: showAll,
  n: () => selectNeighbour(1), p: () => selectNeighbour(-1), Escape: () => select(null),
};
canvas.addEventListener("keydown", (event) => {
  const act = MAP_KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});
find("zoom-in").addEventListener("click", () => zoomBy(1.5));
find("zoom-out").addEventListener("click", () => zoomBy(1 / 1.5));
find("zoom-all").addEventListener("click", showAll);
