"""The flow line of a glacier, and distances along it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely

from calvingfront.errors import PositionError
from calvingfront.position.ellipsoid import Frame, LocalMap

Drawn = Literal["downstream", "upstream"]
STEP_M = 50.0


class FlowLine:
    """A line from up-glacier to down-glacier, with distances on the ellipsoid from its start."""

    def __init__(self, frame: Frame, line: Any, drawn: Drawn, where: object) -> None:
        """Take a line in the frame's CRS.

        drawn: which way its vertices run. There is no default: the wrong direction would turn
        every retreat into an advance.
        Raises PositionError for a line that is in pieces, crosses itself or has no length.
        """
        if drawn not in ("downstream", "upstream"):
            raise PositionError(
                where,
                f"has an unknown direction ({drawn!r})",
                "State whether its vertices run 'downstream' or 'upstream'.",
            )
        merged = shapely.line_merge(shapely.force_2d(line), directed=True)
        if merged.geom_type != "LineString" or merged.length == 0:
            raise PositionError(where, "is not one line", "Draw the flow line in one piece.")
        if not merged.is_simple:
            raise PositionError(where, "crosses itself", "Draw a flow line without loops.")
        if drawn == "upstream":
            merged = merged.reverse()
        self.frame = frame
        self.where = where
        self.line = shapely.segmentize(merged, STEP_M)
        vertices = shapely.get_coordinates(self.line)
        self._map = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(vertices, axis=0).T))])
        self._true = frame.distances_m(vertices)

    @property
    def length_m(self) -> float:
        """Length on the ellipsoid, m."""
        return float(self._true[-1])

    def along_m(self, points: Sequence[Any]) -> npt.NDArray[np.float64]:
        """Distance from the start to each point, projected onto the line, (n,) m."""
        feet = shapely.line_locate_point(self.line, list(points))
        return np.asarray(np.interp(feet, self._map, self._true))

    def inside_m(self, polygon: Any) -> float:
        """Length of the line within a polygon, m."""
        within = self.line.intersection(polygon)
        return self.frame.length_m(within) if within.length else 0.0

    def offset(self, offsets_m: Sequence[float]) -> list[Any]:
        """Lines parallel to this one; offsets in m on the ground, positive to the left.

        Raises PositionError where the flow line bends more tightly than an offset allows.
        """
        local = LocalMap(self.frame, self.line)
        drawn = local.into(self.line)
        lines = []
        for offset in offsets_m:
            beside = drawn if offset == 0 else shapely.line_merge(drawn.offset_curve(offset))
            if beside.geom_type != "LineString" or beside.is_empty:
                raise PositionError(
                    self.where,
                    f"bends too tightly for a line {abs(offset):.0f} m beside it",
                    "Smooth the line, or give a smaller width.",
                )
            lines.append(local.back(beside))
        return lines


def meeting_points(line: Any, front: Any) -> tuple[list[Any], bool]:
    """The points where a front meets a line, and whether some stretch of it runs along it."""
    parts = shapely.get_parts(line.intersection(front))
    points = [part for part in parts if part.geom_type == "Point"]
    return points, any(part.length > 0 for part in parts)
