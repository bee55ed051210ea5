// The dates shown: two handles on the colour bar, steps and playing.
const handles = { from: find("from"), to: find("to") };
const THUMB_PX = 24; // as in page.css
const PLAY_MS = 700;
let playing = 0;

for (const [name, handle] of Object.entries(handles)) {
  handle.step = "any";
  handle.addEventListener("input", () => {
    stop();
    const value = Number(handle.value);
    change(name === "from" ? { from: Math.min(value, state.to) } : { to: Math.max(value, state.from) });
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    stop();
    const { times } = state.map;
    const value = times[Math.max(0, Math.min(times.length - 1, placeIn(times, state[name], step) + step))];
    change(name === "from" ? { from: Math.min(value, state.to) } : { to: Math.max(value, state.from) });
  });
}

/** Index of a time among the scenes'; between two, of the one from which a step leads past it. */
function placeIn(times, time, step) {
  const next = times.findIndex((other) => other >= time);
  const place = next < 0 ? times.length : next;
  return times[place] === time || step < 0 ? place : place - 1;
}

/** Move the dates shown by a number of scenes; if all are shown, begin with the first or last. */
function step(count) {
  const { times } = state.map;
  const last = times.length - 1;
  const inside = times.filter((time) => time >= state.from && time <= state.to);
  if (inside.length === times.length) {
    const end = times[count > 0 ? 0 : last];
    change({ from: end, to: end });
    return true;
  }
  const wide = Math.max(1, inside.length);
  const first = inside.length ? times.indexOf(inside[0]) : placeIn(times, state.from, count);
  const start = Math.max(0, Math.min(last + 1 - wide, first + count));
  if (times[start] === state.from && times[start + wide - 1] === state.to) return false;
  change({ from: times[start], to: times[start + wide - 1] });
  return true;
}

function stop() {
  clearInterval(playing);
  playing = 0;
  find("play").setAttribute("aria-pressed", "false");
  find("play").textContent = "Play";
}

find("back").addEventListener("click", () => { stop(); step(-1); });
find("forth").addEventListener("click", () => { stop(); step(1); });
find("whole").addEventListener("click", () => {
  stop();
  const { times } = state.map;
  change({ from: times[0], to: times[times.length - 1] });
});
find("play").addEventListener("click", () => {
  if (playing) return stop();
  find("play").setAttribute("aria-pressed", "true");
  find("play").textContent = "Stop";
  step(1);
  playing = setInterval(() => { if (!step(1)) stop(); }, PLAY_MS);
});

/** Dates for the labels of an axis: first days of years, months or days, at most `most`. */
function dateTicks(first, last, most) {
  const start = new Date(first * 86400000);
  const units = [[1, "day"], [2, "day"], [5, "day"], [10, "day"], [1, "month"], [3, "month"], [6, "month"],
    [1, "year"], [2, "year"], [5, "year"], [10, "year"], [20, "year"], [50, "year"], [100, "year"]];
  for (const [count, unit] of units) {
    const ticks = [];
    let year = start.getUTCFullYear(), month = 0, day = 1;
    if (unit === "year") year = Math.floor(year / count) * count;
    if (unit === "day") [month, day] = [start.getUTCMonth(), start.getUTCDate()];
    for (let number = 0; number < 5000 && ticks.length <= most; number++) {
      const moment = unit === "year" ? Date.UTC(year + number * count, 0, 1)
        : unit === "month" ? Date.UTC(year, number * count, 1) : Date.UTC(year, month, day + number * count);
      const at = moment / 86400000;
      if (at > last) break;
      if (at >= first) ticks.push({ at, label: dayOf(at).slice(0, { year: 4, month: 7, day: 10 }[unit]) });
    }
    if (ticks.length <= most) return ticks.length > 1 ? ticks : endsOf(first, last, most);
  }
  return endsOf(first, last, most);
}

function endsOf(first, last, most) {
  const ends = [{ at: first, label: dayOf(first) }];
  if (last - first >= 1 && most > 1) ends.push({ at: last, label: dayOf(last) });
  return ends;
}

function drawRamp() {
  const { context, width, height } = sized(find("ramp"));
  context.clearRect(0, 0, width, height);
  const { times } = state.map;
  const first = times[0], span = times[times.length - 1] - first;
  const inner = width - THUMB_PX;
  const place = (time) => THUMB_PX / 2 + (span ? (time - first) / span : 0.5) * inner;
  for (let x = 0; x < inner; x++) {
    context.fillStyle = RAMP[Math.round((x / inner) * (CLASSES - 1))];
    context.fillRect(THUMB_PX / 2 + x, 9, 1.5, 14);
  }
  context.fillStyle = themed("--paper");
  context.globalAlpha = 0.75;
  context.fillRect(0, 8, place(state.from), 16);
  context.fillRect(place(state.to), 8, width, 16);
  context.globalAlpha = 1;
  context.strokeStyle = context.fillStyle = themed("--ink");
  context.lineWidth = 1;
  context.beginPath();
  for (const time of times) {
    const x = Math.round(place(time)) + 0.5;
    context.moveTo(x, 30);
    context.lineTo(x, 37);
  }
  context.globalAlpha = Math.max(0.25, Math.min(1, 150 / times.length)); // many ticks are a grey band
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = themed("--soft");
  context.font = "12px sans-serif";
  let free = -Infinity;
  for (const { at, label } of dateTicks(first, first + span, Math.max(2, Math.floor(width / 80)))) {
    const size = context.measureText(label).width;
    const left = Math.max(0, Math.min(width - size, place(at) - size / 2));
    if (left < free) continue;
    context.fillText(label, left, 54);
    context.fillRect(place(at) - 0.5, 38, 1, 5);
    free = left + size + 8;
  }
}

views.push((changed) => {
  const { map, from, to } = state;
  const last = map.times[map.times.length - 1];
  if (changed.has("map")) {
    stop();
    for (const handle of Object.values(handles)) {
      handle.min = map.times[0];
      handle.max = last;
      handle.disabled = map.times.length < 2;
    }
  }
  handles.from.value = from;
  handles.to.value = to;
  handles.from.setAttribute("aria-valuetext", dayOf(from));
  handles.to.setAttribute("aria-valuetext", dayOf(to));
  // Where the handles meet, the one that can still move lies on top.
  handles.from.style.zIndex = from > (map.times[0] + last) / 2 ? 2 : 1;
  handles.to.style.zIndex = 1;
  const days = dayOf(from) === dayOf(to) ? dayOf(from) : `${dayOf(from)} to ${dayOf(to)}`;
  const text = `${days}, ${shown().length} of ${map.fronts.length} scenes`;
  if (find("window").textContent !== text) find("window").textContent = text;
  if (["map", "from", "to"].some((name) => changed.has(name))) drawRamp();
});
new ResizeObserver(drawRamp).observe(find("ramp"));
dark.addEventListener("change", drawRamp);
