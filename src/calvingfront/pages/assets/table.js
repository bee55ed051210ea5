// The scenes as a table: sorted by a click on a heading, walked through with the arrow keys.
const COLUMNS = [
  { name: "Scene", value: (front) => front.scene, kind: "scene" },
  { name: "Date", value: (front) => front.time, text: (front) => front.acquired.slice(0, 10), kind: "day" },
  { name: "Mission", value: (front) => front.mission || "", kind: "wide" },
  { name: "Flag", value: (front) => FLAGS.indexOf(front.flag), text: (front) => nameOfFlag(front.flag), kind: "flag" },
  { name: "Error, m", value: (front) => front.facts.error_m ?? null, kind: "number wide" },
  { name: "90 %, m", value: (front) => front.facts.err90_m ?? null, kind: "number wide" },
  { name: "Reason", value: (front) => front.facts.reason || "", kind: "reason" },
];
const PAGE_ROWS = 10;
const sorting = { column: 1, down: false };
let rowOf = new Map();

COLUMNS.forEach((column, number) => {
  const heading = make("th", "", { scope: "col", role: "columnheader", class: column.kind });
  const button = make("button", column.name, { type: "button" });
  button.addEventListener("click", () => {
    sorting.down = sorting.column === number && !sorting.down;
    sorting.column = number;
    sortRows();
  });
  heading.append(button);
  find("columns").append(heading);
});

function textOf(column, front) {
  const value = column.text ? column.text(front) : column.value(front);
  if (value === null) return "–";
  return typeof value === "number" ? value.toFixed(1) : value;
}

function sorted(scenes) {
  const { value } = COLUMNS[sorting.column];
  const sign = sorting.down ? -1 : 1;
  return [...scenes].sort((one, other) => {
    const a = value(one), b = value(other);
    if (a === null || b === null) return (a === null) - (b === null); // unknown values last
    if (a === b) return one.number - other.number;
    return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  });
}

function makeRows() {
  rowOf = new Map(state.map.fronts.map((front) => {
    const row = make("tr", "", { role: "row", tabindex: "-1", "aria-selected": "false", "data-scene": front.number });
    for (const column of COLUMNS) {
      row.append(make("td", textOf(column, front), { role: "gridcell", class: column.kind, dir: "auto" }));
    }
    return [front, row];
  }));
}

function sortRows() {
  const focused = document.activeElement;
  find("rows").replaceChildren(...sorted(state.map.fronts).map((front) => rowOf.get(front)));
  if (find("rows").contains(focused)) focused.focus({ preventScroll: true });
  [...find("columns").children].forEach((heading, number) => {
    const here = number === sorting.column;
    heading.setAttribute("aria-sort", here ? (sorting.down ? "descending" : "ascending") : "none");
    heading.firstChild.textContent = COLUMNS[number].name + (here ? (sorting.down ? " ▾" : " ▴") : "");
  });
  markRow(false);
}

/** Hide the rows of scenes that are not shown; rows are made once, because dates change often. */
function filterRows() {
  const scenes = new Set(shown());
  for (const [front, row] of rowOf) row.hidden = !scenes.has(front);
  find("count").textContent = `${scenes.size} of ${state.map.fronts.length}`;
  markRow(false);
}

const rowsShown = () => [...find("rows").children].filter((row) => !row.hidden);

/** Mark the selected row, and make it, or the first one, the row that Tab reaches. */
function markRow(scroll) {
  const chosen = state.selected && rowOf.get(state.selected);
  for (const row of find("rows").querySelectorAll("[aria-selected=true], [tabindex='0']")) {
    row.setAttribute("aria-selected", "false");
    row.tabIndex = -1;
  }
  if (chosen) chosen.setAttribute("aria-selected", "true");
  const reached = chosen && !chosen.hidden ? chosen : rowsShown()[0];
  if (reached) reached.tabIndex = 0;
  if (chosen && scroll && !chosen.hidden) showRow(chosen);
}

/** Scroll the table, not the page, to a row. */
function showRow(row) {
  const box = row.closest(".scroll");
  const head = find("columns").offsetHeight;
  const top = row.offsetTop - head, bottom = row.offsetTop + row.offsetHeight;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

const frontOfRow = (row) => state.map.fronts[row.dataset.scene];

find("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (row) select(frontOfRow(row));
});

find("rows").addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = rowsShown();
  const at = rows.indexOf(row);
  const last = rows.length - 1;
  const to = {
    ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: last, PageUp: at - PAGE_ROWS, PageDown: at + PAGE_ROWS,
  }[event.key];
  if (to !== undefined) {
    const next = rows[Math.max(0, Math.min(last, to))];
    row.tabIndex = -1;
    next.tabIndex = 0;
    next.focus({ preventScroll: true });
    showRow(next);
  } else if (event.key === "Enter" || event.key === " ") {
    select(frontOfRow(row));
  } else if (event.key === "Escape") {
    select(null);
  } else {
    return;
  }
  event.preventDefault();
});

views.push((changed) => {
  if (changed.has("map")) {
    makeRows();
    sortRows();
  }
  if (["map", "from", "to", "flag"].some((name) => changed.has(name))) filterRows();
  if (changed.has("selected")) markRow(true);
});
