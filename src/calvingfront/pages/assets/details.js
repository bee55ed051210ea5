// What is known of the selected scene, and the announcement of a selection.
const NAMES = {
  Satellite: "Mission", ImageID: "Orbit or image", pixel_m: "Pixel", QualFlag: "TermPicks code",
  error_m: "Error", err90_m: "Mean 90 % band", err_geo_m: "Image position", err_method: "Kind of error",
  err_calib: "Calibrated on",
  model: "Model", threshold: "Threshold", members: "Members", length_m: "Length",
  numVertices: "Vertices", Author: "Author",
};
// `err_calib` in words; other values are shown as they are.
const CALIBRATED = {
  trained: "validation scenes of the glaciers of the training",
  elsewhere: "glaciers that trainings left out",
  untested: "other glaciers: expect larger errors",
};
const LENGTHS = new Set(["pixel_m", "error_m", "err90_m", "err_geo_m", "length_m"]);

function written(name, value) {
  if (name === "err90_m" || name === "error_m" || name === "err_geo_m") return `± ${metres(value)}`;
  if (name === "err_calib") return CALIBRATED[value] ?? String(value);
  return LENGTHS.has(name) ? metres(value) : String(value);
}

function entry(list, name, value, title = "") {
  const term = make("dt", name);
  if (title) term.title = title;
  list.append(term, make("dd", value, { dir: "auto" }));
}

/** The smallest and the largest known half-width of a level, in words. */
function rangeOf(front, level) {
  let least = Infinity, most = -Infinity;
  for (const { widths } of front.pieces) {
    for (const value of widths ? widths[level] : []) {
      if (Number.isNaN(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (least > most) return null;
  return metres(least) === metres(most) ? `± ${metres(least)}` : `± ${metres(least)} to ${metres(most)}`;
}

function showDetails() {
  const box = find("details");
  box.replaceChildren();
  const front = state.selected;
  find("none").disabled = !front;
  if (!front) {
    box.append(make("p", "Select a front on the map, a point of the curve or a row of the table.", { class: "note" }));
    return;
  }
  if (front.flag !== "good") {
    const reason = front.facts.reason ? `: ${front.facts.reason}` : "";
    box.append(make("p", `${nameOfFlag(front.flag)}${reason}`, { class: "verdict", dir: "auto" }));
  }
  const list = make("dl");
  entry(list, "Scene", front.scene);
  entry(list, "Date", front.precise ? front.acquired.replace("T", " ").replace("Z", " UTC") : front.acquired);
  entry(list, "Flag", nameOfFlag(front.flag));
  if (front.flag === "good" && front.facts.reason) entry(list, "Reason", front.facts.reason);
  for (const [name, label] of Object.entries(NAMES)) {
    if (name in front.facts) entry(list, label, written(name, front.facts[name]), content.names[name]);
  }
  content.levels.forEach((level, number) => {
    const range = rangeOf(front, number);
    if (!range) return;
    const value = make("dd");
    const swatch = make("span", "", { class: "swatch" });
    swatch.style.background = bandColour(number, true);
    value.append(swatch, range);
    list.append(make("dt", `${level} % band`), value);
  });
  for (const row of state.map.positions) {
    if (row.front !== front.number) continue;
    const value = row.value === null ? "none" : `${wholeMetres(row.value)} m`;
    const known = row.low !== null && row.high !== null;
    const bar = known ? ` (${wholeMetres(row.low)} to ${wholeMetres(row.high)})` : "";
    entry(list, "Position", `${value}${bar}, ${row.flag}`);
  }
  box.append(list);
}

find("previous").addEventListener("click", () => selectNeighbour(-1));
find("next").addEventListener("click", () => selectNeighbour(1));
find("none").addEventListener("click", () => select(null));

views.push((changed) => {
  if (!changed.has("selected") && !changed.has("map")) return;
  showDetails();
  const front = state.selected;
  if (front) {
    reveal(front);
    const error = "err90_m" in front.facts ? `, 90 % band ${written("err90_m", front.facts.err90_m)}` : "";
    find("live").textContent = `Selected ${isolated(front.scene)}, ${front.acquired.slice(0, 10)}, ${nameOfFlag(front.flag)}${error}`;
  } else if (changed.has("selected")) {
    find("live").textContent = "Nothing selected";
  }
});
