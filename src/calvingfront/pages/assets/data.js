// The content of the page, and lines unpacked from it (calvingfront.pages.packing).
const content = JSON.parse(document.getElementById("content").textContent);

function unpack(text) {
  const bytes = atob(text);
  const numbers = [];
  let rest = 0, factor = 1;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    rest += (byte & 127) * factor; // a product, not a shift: degrees need more than 32 bits
    factor *= 128;
    if (byte < 128) {
      numbers.push(rest % 2 ? -(rest + 1) / 2 : rest / 2);
      rest = 0;
      factor = 1;
    }
  }
  return numbers;
}

/** Pieces of `width` columns: for each piece, one array for each column. */
function unpackPieces(text, width) {
  const numbers = unpack(text);
  const count = numbers[0];
  const last = new Array(width).fill(0);
  const pieces = [];
  let at = 1 + count;
  for (let piece = 0; piece < count; piece++) {
    const length = numbers[1 + piece];
    const columns = last.map(() => new Float64Array(length));
    for (let row = 0; row < length; row++) {
      for (let column = 0; column < width; column++) {
        last[column] += numbers[at++];
        columns[column][row] = last[column];
      }
    }
    pieces.push(columns);
  }
  return pieces;
}

/** Lines of a front in metres of the map, with its box; and the half-widths of its bands. */
function unpackFront(front, map) {
  const [x0, y0] = map.origin;
  front.pieces = unpackPieces(front.line, 2).map(([x, y]) => ({
    x: x.map((value) => x0 + value * content.quantum),
    y: y.map((value) => y0 + value * content.quantum),
    widths: null,
  }));
  if (front.widths) {
    const known = (value) => (value === 0 ? NaN : (value - 1) * content.quantum);
    unpackPieces(front.widths, content.levels.length).forEach((columns, number) => {
      front.pieces[number].widths = columns.map((column) => column.map(known));
    });
  }
  front.box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of front.pieces) {
    for (let i = 0; i < x.length; i++) {
      front.box[0] = Math.min(front.box[0], x[i]);
      front.box[1] = Math.min(front.box[1], y[i]);
      front.box[2] = Math.max(front.box[2], x[i]);
      front.box[3] = Math.max(front.box[3], y[i]);
    }
  }
}

for (const map of content.maps) {
  map.fronts.forEach((front, number) => {
    front.number = number;
    front.flag = front.facts.quality || "not assessed";
    front.pieces = [];
    if (front.line) unpackFront(front, map);
  });
  // The distinct times of scenes, in order: what the handles of the date step through.
  map.times = [...new Set(map.fronts.map((front) => front.time))].sort((a, b) => a - b);
}

const find = (id) => document.getElementById(id);

/** An element with text: never markup, since names come from anywhere. */
function make(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** A name among other words: marks of direction in it do not reach them. */
const isolated = (name) => `\u2068${name}\u2069`;

const dayOf = (days) => new Date(days * 86400000).toISOString().slice(0, 10);

/** A whole number of metres, with a true minus sign. */
const wholeMetres = (value) => Math.round(value).toLocaleString("en").replace("-", "−");

function metres(value) {
  if (value >= 1000) return `${(value / 1000).toLocaleString("en", { maximumFractionDigits: 2 })} km`;
  return `${value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 })} m`;
}
