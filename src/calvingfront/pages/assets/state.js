// What is shown and selected. Views subscribe; nothing else changes the state.
const FLAGS = ["good", "partial", "doubtful", "none", "not assessed"];
const FLAG_NAMES = { none: "no line" };
const nameOfFlag = (flag) => FLAG_NAMES[flag] || flag;

const state = { map: content.maps[0], from: 0, to: 0, flag: "all", image: true, selected: null };
const views = [];

/** Change some fields, then redraw: each view gets the names of the changed fields. */
function change(fields) {
  const changed = new Set(Object.keys(fields).filter((name) => state[name] !== fields[name]));
  if (!changed.size) return;
  Object.assign(state, fields);
  for (const view of views) view(changed);
}

/** The scenes within the dates and with the flag chosen, lines or not. */
function shown() {
  const { map, from, to, flag } = state;
  return map.fronts.filter(
    (front) => front.time >= from && front.time <= to && (flag === "all" || front.flag === flag),
  );
}

function showMap(map) {
  const last = map.times[map.times.length - 1];
  change({ map, from: map.times[0], to: last, selected: null });
}

function select(front) {
  const fields = { selected: front };
  // A scene chosen by its position may lie outside what is shown; then show it.
  if (front) {
    fields.from = Math.min(state.from, front.time);
    fields.to = Math.max(state.to, front.time);
    if (state.flag !== "all" && front.flag !== state.flag) fields.flag = "all";
  }
  change(fields);
}

/** Select the next (1) or previous (-1) scene shown, in time. */
function selectNeighbour(step) {
  const scenes = shown();
  if (!scenes.length) return;
  const at = scenes.indexOf(state.selected);
  const start = step > 0 ? 0 : scenes.length - 1;
  select(scenes[at < 0 ? start : Math.max(0, Math.min(scenes.length - 1, at + step))]);
}
