// Colours by date (viridis without its yellow end, as in the QGIS style), and those of the theme.
const CLASSES = 64;
const SELECTED = "#b3005e";
const RAMP = Array.from({ length: CLASSES }, (_, number) => {
  const place = (number / (CLASSES - 1)) * (content.colours.length - 1);
  const below = Math.min(content.colours.length - 2, Math.floor(place));
  const part = place - below;
  const channel = (colour, at) => parseInt(colour.slice(1 + 2 * at, 3 + 2 * at), 16);
  const mixed = [0, 1, 2].map((at) => Math.round(
    channel(content.colours[below], at) * (1 - part) + channel(content.colours[below + 1], at) * part,
  ));
  return `rgb(${mixed.join(",")})`;
});

/** Number of the colour of a time, days, among all scenes of the map. */
function classOf(time) {
  const { times } = state.map;
  const span = times[times.length - 1] - times[0];
  return span > 0 ? Math.round(((time - times[0]) / span) * (CLASSES - 1)) : 0;
}

const themed = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dark = matchMedia("(prefers-color-scheme: dark)");

/** Give a canvas as many pixels as the screen has for it; return its context in CSS pixels. */
function sized(canvas) {
  const ratio = Math.min(2, devicePixelRatio || 1);
  const width = Math.max(1, canvas.clientWidth), height = Math.max(1, canvas.clientHeight);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height, ratio };
}
