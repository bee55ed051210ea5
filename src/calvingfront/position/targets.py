"""The box or the flow lines in which fronts are measured: read from files, or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from calvingfront.errors import PositionError
from calvingfront.files import PathLike
from calvingfront.position.box import Box, fjord_box, rectilinear_box
from calvingfront.position.centreline import bundle
from calvingfront.position.curvilinear import curvilinear_box
from calvingfront.position.dated_fronts import Front
from calvingfront.position.ellipsoid import Frame
from calvingfront.position.flowline import Drawn, FlowLine
from calvingfront.position.layers import read_flow_line, read_polygon, read_walls
from calvingfront.position.series import Target
from calvingfront.position.sketch import Sketch, sketch
from calvingfront.position.upglacier import NO_SIGN, UpGlacier, is_point

Method = Literal["box", "fjord box", "curvilinear box", "centreline", "multi-centreline"]
LINES = 11


@dataclass(frozen=True)
class Given:
    """What the user gives to measure by; paths of vector files and their layers, or None.

    upglacier, drawn: see `upglacier` and `layers.read_flow_line`. width_m, lines: of the
    curvilinear box and the bundle of flow lines.
    """

    box_path: PathLike | None = None
    box_layer: str | None = None
    flowline_path: PathLike | None = None
    flowline_layer: str | None = None
    walls_path: PathLike | None = None
    walls_layer: str | None = None
    drawn: Drawn | None = None
    upglacier: UpGlacier | None = None
    width_m: float | None = None
    lines: int = LINES


@dataclass(frozen=True)
class Chosen:
    """A target, and what of it was drawn from the fronts: names of its parts, and the sketch."""

    target: Target
    drawn: tuple[str, ...] = ()
    sketch: Sketch | None = None


def choose_target(method: Method, frame: Frame, fronts: Sequence[Front], given: Given) -> Chosen:
    """Read the box or lines that a method needs; draw from the fronts what is not given.

    Raises PositionError where the way up-glacier, or a width, is missing or given twice.
    """
    if method not in get_args(Method):
        raise PositionError(
            "--method", f"{method!r} is unknown", f"Choose one of: {', '.join(get_args(Method))}."
        )
    flow_line = _flow_line(frame, given)
    if method == "box":
        return _box(frame, fronts, given, flow_line)
    if flow_line is None and given.upglacier is None:
        raise NO_SIGN
    wide = method in ("curvilinear box", "multi-centreline")
    if wide and flow_line is not None and given.width_m is None:
        raise PositionError("--method", f"{method!r} needs a width", "Give it (--width-m).")
    walls = None
    if method == "fjord box" and given.walls_path is not None:
        walls = read_walls(given.walls_path, frame, given.walls_layer)
    drawing, drawn = None, []
    if flow_line is None or (method == "fjord box" and walls is None):
        drawing = sketch(fronts, frame, flow_line or given.upglacier, walls or ())
    if flow_line is None:
        assert drawing is not None
        flow_line = drawing.flow_line
        drawn.append("flow line")
    if method == "fjord box":
        where: object = given.walls_path
        if walls is None:
            assert drawing is not None
            walls, where = drawing.box.walls, "the walls drawn from the fronts"
            drawn.append("walls")
        return Chosen(fjord_box(frame, walls, flow_line, where), tuple(drawn), drawing)
    if method == "centreline":
        return Chosen(flow_line, tuple(drawn), drawing)
    width = given.width_m
    if width is None:
        assert drawing is not None
        width = drawing.width_m
        drawn.append("width")
    target = (
        curvilinear_box(flow_line, width)
        if method == "curvilinear box"
        else bundle(flow_line, width, given.lines)
    )
    return Chosen(target, tuple(drawn), drawing)


def _flow_line(frame: Frame, given: Given) -> FlowLine | None:
    if given.flowline_path is None:
        return None
    point = given.upglacier if is_point(given.upglacier) else None
    return read_flow_line(
        given.flowline_path, frame, given.drawn, given.flowline_layer, point  # type: ignore[arg-type]
    )  # fmt: skip


def _box(frame: Frame, fronts: Sequence[Front], given: Given, flow_line: FlowLine | None) -> Chosen:
    """The rectilinear box, given or drawn."""
    if flow_line is not None and given.upglacier is not None and not is_point(given.upglacier):
        raise PositionError(
            "--upglacier",
            "states the up-glacier side, and so does the flow line",
            "Give only one of them.",
        )
    upglacier = flow_line or given.upglacier
    if upglacier is None:
        raise NO_SIGN
    if given.box_path is not None:
        polygon: Box = rectilinear_box(
            frame, read_polygon(given.box_path, frame, given.box_layer), given.box_path, upglacier
        )
        return Chosen(polygon)
    drawing = sketch(fronts, frame, upglacier)
    return Chosen(drawing.box, ("box",), drawing)
