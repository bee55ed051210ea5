// Files made from what is shown: GeoJSON in degrees, and tables as CSV.
function degreesOf(front) {
  if (!front.degrees) return null;
  const scale = Math.round(1 / content.quantumDegrees);
  const pieces = unpackPieces(front.degrees, 2).map(([x, y]) =>
    Array.from(x, (_, i) => [x[i] / scale, y[i] / scale]));
  return pieces.length === 1
    ? { type: "LineString", coordinates: pieces[0] }
    : { type: "MultiLineString", coordinates: pieces };
}

/** The fronts shown as a FeatureCollection of RFC 7946: longitude, latitude on WGS 84. */
function geojson() {
  return JSON.stringify({
    type: "FeatureCollection",
    features: shown().map((front) => ({
      type: "Feature",
      id: front.scene,
      geometry: degreesOf(front),
      properties: {
        scene: front.scene, glacier: state.map.glacier, acquired: front.acquired, mission: front.mission,
        quality: null, ...front.facts, simplified_m: content.tolerance,
      },
    })),
  });
}

const quoted = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};
const csv = (rows) => rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";

function tableCsv() {
  const facts = Object.keys(content.names).filter((name) => name !== "scene");
  const head = ["scene", "glacier", "acquired", ...facts];
  const rows = sorted(shown()).map((front) =>
    [front.scene, state.map.glacier, front.acquired, ...facts.map((name) => front.facts[name])]);
  return csv([head, ...rows]);
}

function positionsCsv() {
  const rows = state.map.positions.map((row) => [
    row.front === null ? "" : state.map.fronts[row.front].scene,
    state.map.glacier, row.date, row.value, row.low, row.high, row.flag,
  ]);
  return csv([["scene", "glacier", "date", "position_m", "low_m", "high_m", "flag"], ...rows]);
}

function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", "", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

const MADE = [
  { label: "Fronts shown, GeoJSON", needs: (map) => map.onMap, file: "fronts.geojson", type: "application/geo+json", text: geojson },
  { label: "Scenes shown, CSV", needs: () => true, file: "scenes.csv", type: "text/csv", text: tableCsv },
  { label: "Positions, CSV", needs: (map) => map.positions.length > 0, file: "positions.csv", type: "text/csv", text: positionsCsv },
];

views.push((changed) => {
  if (!changed.has("map")) return;
  const items = MADE.filter(({ needs }) => needs(state.map)).map(({ label, file, type, text }) => {
    const button = make("button", label, { type: "button", "data-file": file });
    button.addEventListener("click", () => save(file, type, text()));
    return button;
  });
  items.push(...content.downloads.map(({ label, href }) => make("a", label, { href, download: "" })));
  find("files").replaceChildren(...items.map((item) => {
    const entry = make("li");
    entry.append(item);
    return entry;
  }));
  find("files-note").textContent = `Lines of this page are simplified to ${metres(content.tolerance)}`
    + " and bands to the same; linked files have every vertex.";
});
