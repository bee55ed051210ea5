"""Which features of a layer are the front of a scene, and the proof of it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely

from calvingfront.errors import SceneError
from calvingfront.files import PathLike
from calvingfront.scenes.fronts.attributes import Attributes, tells_apart
from calvingfront.scenes.fronts.layers import LINE_TYPES, Features, read_line_layers, type_of
from calvingfront.tabular.cells import Unreadable, name_of

MOST_PIECES = 10  # of one front, in a layer that does not say that they are


class Own(NamedTuple):
    """The front of a scene.

    lines: (n,) of its (multi)lines, not empty, in the layer's CRS; layer: its name.
    proof: "scene" or "day", the attribute that says so; "alone": nothing says whose the layer's
    features are, so that it must be given for this scene only.
    notes: what was found and not stated, sentences for the log.
    """

    lines: Any
    layer: str
    proof: str
    notes: tuple[str, ...] = ()


class FrontLayer:
    """One layer; `own` finds the front of a scene in it."""

    def __init__(self, path: PathLike, name: str, features: Features) -> None:
        self.path, self.name, self.crs = Path(path), name, features.crs
        self._geometry = features.geometry
        self._failed: SceneError | None = None
        try:
            self._attributes = Attributes(features, path)
        except SceneError as error:  # told for each scene whose front is looked for here
            self._failed = error
            return
        scene = self._attributes.scene
        texts = self._attributes.texts
        self._by_scene = _places(texts[scene]) if scene is not None else {}
        self._by_day = _places(self._attributes.days)
        names = [texts[name] for name in self._attributes.glaciers]
        self._glaciers = [[text and _folded(text) for text in values] for values in names]

    def own(self, scene: str, glacier: str, acquired: str) -> Own:
        """The lines of a scene. Raises SceneError if there are none that provably are its own."""
        if self._failed is not None:
            raise self._failed
        if not len(self._geometry):
            raise SceneError(
                self.path, f"has no features in its layer {self.name}", "Draw the front."
            )
        chosen, proof, wanted = self._chosen(scene, glacier, acquired)
        if not chosen:
            raise SceneError(
                self.path,
                f"has no feature with {wanted} among its {len(self._geometry)}{self._instead()}",
                "Correct the attribute or the table, or give the scene a layer of its own.",
            )
        found = self._attributes.found
        notes = [f"{self.path.name}: {found}"] if found and proof == "day" else []
        if proof == "alone" and len(chosen) > 1:
            column = tells_apart(self._attributes.texts)
            if column is not None or len(chosen) > MOST_PIECES:
                differ = f" that differ in {column}" if column else ""
                raise SceneError(
                    self.path,
                    f"has {len(chosen)} features{differ}, but no attribute that states their days "
                    "plainly",
                    "Add an attribute acquired (YYYY-MM-DD) or scene, or join the pieces of one "
                    "front to one feature.",
                )
            notes.append(
                f"{self.path.name}: its {len(chosen)} features, without scene or day, are taken as "
                f"pieces of the front of {scene}"
            )
        return Own(self._lines(chosen, scene), self.name, proof, tuple(notes))

    def _chosen(self, scene: str, glacier: str, acquired: str) -> tuple[list[int], str, str]:
        """Places of the scene's features, by what they were found, and what was looked for."""
        its = self._attributes
        if its.scene is not None:
            chosen = self._by_scene.get(scene, [])
            other = sorted({str(its.days[place]) for place in chosen} - {"None", acquired})
            if other and not its.found:
                raise SceneError(
                    self.path,
                    f"has the front of {scene} with {its.day} = {', '.join(other)}, but the scene "
                    f"is of {acquired}",
                    "Correct the attribute or the table.",
                )
            return chosen, "scene", f"{its.scene} = {scene}"
        wanted = []
        places = range(len(self._geometry)) if its.day is None else self._by_day.get(acquired, [])
        if its.day is not None:
            wanted.append(f"{its.day} = {acquired}")
        chosen = list(places)
        if its.glaciers:
            wanted.append(f"{its.glaciers[0]} = {glacier}")
            name = _folded(glacier)
            chosen = [p for p in chosen if any(names[p] == name for names in self._glaciers)]
        proof = "alone" if its.day is None else "day"
        return chosen, proof, ", ".join(wanted) or "any attribute"

    def _instead(self) -> str:
        """What a layer of one feature states instead."""
        its = self._attributes
        if len(self._geometry) != 1:
            return ""
        names = [name for name in (its.scene, its.day, *its.glaciers) if name is not None]
        stated = [f"{name} = {its.texts[name][0]}" for name in names]
        return f" (its own: {', '.join(stated)})" if stated else ""

    def _lines(self, chosen: list[int], scene: str) -> Any:
        """The geometries of features. Raises SceneError if they are no lines."""
        some = self._geometry[chosen]
        some = some[~(shapely.is_missing(some) | shapely.is_empty(some))]
        if not some.size:
            raise SceneError(self.path, f"has no line for {scene}: it is empty", "Draw the front.")
        wrong = sorted({type_of(geometry) for geometry in some} - LINE_TYPES)
        if wrong:
            raise SceneError(
                self.path, f"contains {', '.join(wrong)} for {scene}", "Draw the front as a line."
            )
        if not np.isfinite(shapely.get_coordinates(some)).all():
            raise SceneError(
                self.path, f"has coordinates of {scene} that are no numbers", "Draw the line again."
            )
        some = some[shapely.length(some) > 0]
        if not some.size:
            raise SceneError(self.path, f"has a line of length 0 for {scene}", "Draw the front.")
        return some


class FrontFile:
    """All layers of a file that may hold fronts."""

    def __init__(self, path: PathLike, layer: str | None = None) -> None:
        """Read it. Raises SceneError if it cannot be read or has no layer with lines."""
        self.path = Path(path)
        self.layers = [FrontLayer(path, *read) for read in read_line_layers(path, layer)]

    def own(self, scene: str, glacier: str, acquired: str) -> tuple[Own, FrontLayer]:
        """The front of a scene and the layer that it is from.

        If several layers hold lines, the only one whose attributes say that they are the scene's.
        Raises SceneError if there is none, or more than one.
        """
        if len(self.layers) == 1:
            return self.layers[0].own(scene, glacier, acquired), self.layers[0]
        proven = []
        for layer in self.layers:
            try:
                own = layer.own(scene, glacier, acquired)
            except SceneError:
                continue
            if own.proof != "alone":
                proven.append((own, layer))
        if len(proven) == 1:
            return proven[0]
        names = ", ".join(layer.name for layer in self.layers)
        what = "several of which have" if proven else "none of which states that it has"
        raise SceneError(
            self.path,
            f"has several layers with lines ({names}), {what} the front of {scene} of {acquired}",
            f"Name the layer in the column front: {self.path.name}|layername=LAYER.",
        )


def _places(values: Any) -> dict[str, list[int]]:
    """Value → the places where it stands, None aside."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, value in enumerate(values):
        if value is not None:
            found[value].append(place)
    return dict(found)


def _folded(name: str) -> str:
    """A name as it is compared, without case."""
    try:
        return name_of(name).casefold()
    except Unreadable:  # for an invisible character, which makes it another name
        return name.casefold()
