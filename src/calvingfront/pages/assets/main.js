// Choices above the map, and the start.
content.maps.forEach((map, number) => find("glacier").append(make("option", map.title, { value: number })));
find("glacier-choice").hidden = content.maps.length < 2;
find("glacier").addEventListener("change", () => showMap(content.maps[find("glacier").value]));

find("flag").addEventListener("change", () => change({ flag: find("flag").value }));
find("image").addEventListener("change", () => change({ image: find("image").checked }));

views.push((changed) => {
  if (changed.has("map")) {
    const counts = new Map();
    for (const { flag } of state.map.fronts) counts.set(flag, (counts.get(flag) || 0) + 1);
    const flags = FLAGS.filter((flag) => counts.has(flag));
    if (state.flag !== "all" && !counts.has(state.flag)) flags.push(state.flag);
    find("flag").replaceChildren(
      make("option", `all (${state.map.fronts.length})`, { value: "all" }),
      ...flags.map((flag) => make("option", `${nameOfFlag(flag)} (${counts.get(flag) || 0})`, { value: flag })),
    );
  }
  find("flag").value = state.flag;
  find("image").checked = state.image;
});

/** What tests read; nothing can be changed through it. */
Object.defineProperty(window, "calvingfront", {
  value: Object.freeze({
    get glacier() { return state.map.glacier; },
    get shown() { return shown().map((front) => front.scene); },
    get drawn() { return [...drawnScenes]; },
    get selected() { return state.selected && state.selected.scene; },
    get dates() { return [state.from, state.to]; },
    get view() { return { ...view }; },
    get frames() { return frames; },
    get layerAt() { return layerView && { ...layerView }; },
    get layerCost() { return layerCost; },
    /** The right edge of a scene's lines in pixels of the map. */
    edgeOf(scene) {
      const front = state.map.fronts.find((other) => other.scene === scene);
      return (front.box[2] - view.x) * view.scale + canvas.clientWidth / 2;
    },
    /** A point of a scene's line in pixels of the map. */
    pointOf(scene) {
      const front = state.map.fronts.find((other) => other.scene === scene);
      const { x, y } = front.pieces[0];
      const at = Math.floor(x.length / 2);
      return [(x[at] - view.x) * view.scale + canvas.clientWidth / 2,
        (view.y - y[at]) * view.scale + canvas.clientHeight / 2];
    },
  }),
});

state.map = null; // so that the first map is a change
showMap(content.maps[0]);
