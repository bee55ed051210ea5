// Positions through time, with error bars, linked with the map.
const SVG = "http://www.w3.org/2000/svg";
const EDGE = { left: 64, right: 12, top: 22, bottom: 26 };
const SPARE = 10; // beside the first and the last position

function svgOf(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** Round numbers between two limits, about `count`. */
function roundTicks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((size) => size >= rough);
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) ticks.push(at * step);
  return ticks;
}

function drawCurve() {
  const box = find("curve"), rows = state.map.positions;
  find("curve-part").hidden = !rows.length;
  box.replaceChildren();
  if (!rows.length) return;
  const width = Math.max(200, box.clientWidth), height = 260;
  const svg = svgOf("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const placed = rows.filter((row) => row.value !== null);
  const ends = placed.flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value]);
  let low = placed.length ? ends.reduce((a, b) => Math.min(a, b)) : 0;
  let high = placed.length ? ends.reduce((a, b) => Math.max(a, b)) : 1;
  const spare = Math.max((high - low) * 0.06, 1);
  low -= spare;
  high += spare;
  const times = rows.map((row) => row.time);
  const first = Math.min(times[0], state.map.times[0]);
  const last = Math.max(times[times.length - 1], state.map.times[state.map.times.length - 1]);
  const inner = width - EDGE.left - EDGE.right - 2 * SPARE;
  const px = (time) => EDGE.left + SPARE + (last > first ? (time - first) / (last - first) : 0.5) * inner;
  const py = (value) => EDGE.top + ((high - value) / (high - low)) * (height - EDGE.top - EDGE.bottom);
  for (const value of roundTicks(low, high, 5)) {
    const label = wholeMetres(value);
    svg.append(svgOf("line", { class: "grid", x1: EDGE.left, x2: width - EDGE.right, y1: py(value), y2: py(value) }));
    svg.append(svgOf("text", { x: EDGE.left - 6, y: py(value) + 4, "text-anchor": "end" }, label));
  }
  for (const { at, label } of dateTicks(first, last, Math.floor(inner / 80))) {
    const anchor = px(at) > width - 40 ? "end" : "middle";
    svg.append(svgOf("line", { class: "grid", x1: px(at), x2: px(at), y1: EDGE.top, y2: height - EDGE.bottom }));
    svg.append(svgOf("text", { x: px(at), y: height - 8, "text-anchor": anchor }, label));
  }
  svg.append(svgOf("text", { x: 4, y: 13 }, "m down-glacier (up: advance)"));
  rows.forEach((row, number) => drawPosition(svg, row, number, px, py, height));
  box.replaceChildren(svg);
  markCurve();
}

function drawPosition(svg, row, number, px, py, height) {
  const x = px(row.time), known = { "data-row": number };
  if (row.value === null) {
    svg.append(svgOf("line", { class: "lost", x1: x, x2: x, y1: height - EDGE.bottom - 9, y2: height - EDGE.bottom, ...known }));
    return;
  }
  if (row.low !== null && row.high !== null && row.high > row.low) {
    svg.append(svgOf("line", { class: "bar", x1: x, x2: x, y1: py(row.low), y2: py(row.high), ...known }));
  }
  if (row.flag === "outlier") {
    const y = py(row.value), size = 5;
    const cross = `M${x - size},${y - size}L${x + size},${y + size}M${x - size},${y + size}L${x + size},${y - size}`;
    svg.append(svgOf("path", { class: "point", d: cross, ...known }));
    return;
  }
  const doubtful = row.flag === "doubtful" ? "doubtful" : "ok";
  svg.append(svgOf("circle", { class: `point ${doubtful}`, cx: x, cy: py(row.value), r: state.map.positions.length > 300 ? 3 : 4.5, ...known }));
}

/** Mark the selected position, and fade those whose fronts are not shown. */
function markCurve() {
  const chosen = new Set(shown().map((front) => front.number));
  for (const mark of find("curve").querySelectorAll("[data-row]")) {
    const row = state.map.positions[mark.dataset.row];
    const within = row.front === null ? row.time >= state.from && row.time <= state.to : chosen.has(row.front);
    mark.classList.toggle("outside", !within);
    mark.classList.toggle("chosen", state.selected !== null && row.front === state.selected.number);
  }
}

find("curve").addEventListener("click", (event) => {
  const rows = state.map.positions;
  let best = null, least = 22;
  for (const mark of find("curve").querySelectorAll(".point, .lost")) {
    const { left, right, top, bottom } = mark.getBoundingClientRect();
    const away = Math.hypot((left + right) / 2 - event.clientX, (top + bottom) / 2 - event.clientY);
    if (away < least && rows[mark.dataset.row].front !== null) {
      least = away;
      best = rows[mark.dataset.row];
    }
  }
  if (best) select(state.map.fronts[best.front]);
});

find("curve").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (event.key === "Escape") select(null);
  if (!step) return;
  event.preventDefault();
  const linked = state.map.positions.filter((row) => row.front !== null);
  const at = linked.findIndex((row) => state.selected && row.front === state.selected.number);
  const start = step > 0 ? 0 : linked.length - 1;
  const next = linked[at < 0 ? start : Math.max(0, Math.min(linked.length - 1, at + step))];
  if (next) select(state.map.fronts[next.front]);
});

views.push((changed) => {
  if (changed.has("map")) {
    drawCurve();
    const lost = state.map.positions.filter((row) => row.value === null).length;
    const unlinked = state.map.positions.filter((row) => row.front === null).length;
    const outliers = state.map.positions.some((row) => row.flag === "outlier");
    find("curve-note").textContent = `Filled: ok. Hollow: doubtful.${outliers ? " Crosses: outliers." : ""}`
      + ` Bars: ${state.map.bars}.`
      + (lost ? ` Ticks at the bottom: ${lost} without a position.` : "")
      + (unlinked ? ` ${unlinked} positions belong to no scene of this page.` : "");
  } else {
    markCurve();
  }
});
new ResizeObserver(drawCurve).observe(find("curve-part"));
