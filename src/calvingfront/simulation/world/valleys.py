"""Centre lines of fjord, trunk and tributaries, and distances to them.

Lengths are fractions of the frame's long side; the fjord's own axes are s (seaward) and t (across),
with the origin in the frame's centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Valley:
    """A centre line with half widths; its first point is the seaward end."""

    s: Array
    t: Array
    half_width: Array


@dataclass(frozen=True)
class ValleyFields:
    """Per valley and grid point: where the nearest point of the centre line lies.

    edge:    (valleys, rows, columns) distance beyond the valley's edge, negative inside.
    along:   arc length from the seaward end.
    lateral: signed distance over half width, ±1 at the edges.
    """

    edge: Array
    along: Array
    lateral: Array


def draw_valleys(kind: int, rng: np.random.Generator) -> list[Valley]:
    """Draw the fjord with its trunk glacier, and the tributaries.

    kind: 0 a wide bay that several glaciers enter (as Sjögren Inlet), 1 a trunk that forms
          where two glaciers meet (as Dinsmoor-Bombardier-Edgeworth).
    """
    s = np.linspace(0.95, -0.95, 64)
    bend, phase = rng.uniform(0.03, 0.06), rng.uniform(0, 2 * np.pi)
    t = bend * np.sin(2 * np.pi * s / rng.uniform(0.9, 1.4) + phase)
    width = (0.165, 0.135)[kind % 2] * rng.uniform(0.95, 1.05)
    narrowing = 1.0 / (1.0 + np.exp(-(s + 0.28) / 0.07))
    half = width * (0.5 + 0.5 * narrowing) * (1 + 0.04 * np.sin(9 * s + phase))
    half = half * (1 + 0.25 / (1.0 + np.exp(-(s - 0.38) / 0.06)))
    trunk = Valley(s, t, half)
    valleys = [trunk]
    joins = ((0.02, 1), (-0.08, -1), (-0.26, 1)) if kind % 2 == 0 else ((-0.12, 1), (-0.3, -1))
    flip = 1 if rng.random() < 0.5 else -1
    for place, side in joins:
        place = place + rng.uniform(-0.03, 0.03)
        valleys.append(_tributary(trunk, place, side * flip, kind, rng))
    return valleys


def _tributary(
    trunk: Valley, place: float, side: int, kind: int, rng: np.random.Generator
) -> Valley:
    """A curved valley that leaves the trunk at s = place, upstream and to one side."""
    index = int(np.argmin(np.abs(trunk.s - place)))
    angle = np.deg2rad(rng.uniform(35, 60)) * side
    turn = np.deg2rad(rng.uniform(-25, 40)) * side
    length = np.linspace(0.0, 0.75, 28)
    heading = np.pi - (angle + turn * length / length[-1])
    step = np.diff(length, prepend=0.0)
    s = trunk.s[index] + np.cumsum(step * np.cos(heading))
    t = trunk.t[index] + np.cumsum(step * np.sin(heading))
    half = rng.uniform(0.05, 0.075) * (1.15 if kind % 2 else 1.0) * (1.1 - 0.6 * length / 0.75)
    return Valley(s, t, half)


def measure_valleys(valleys: list[Valley], s: Array, t: Array) -> ValleyFields:
    """Project grid points (s, t), each (rows, columns), onto the centre lines."""
    edges, alongs, laterals = [], [], []
    for valley in valleys:
        best = np.full(s.shape, np.inf)
        along, lateral = np.zeros(s.shape), np.zeros(s.shape)
        travelled = 0.0
        for i in range(valley.s.size - 1):
            ds, dt = valley.s[i + 1] - valley.s[i], valley.t[i + 1] - valley.t[i]
            length = float(np.hypot(ds, dt))
            fraction = ((s - valley.s[i]) * ds + (t - valley.t[i]) * dt) / length**2
            clipped = np.clip(fraction, 0.0, 1.0)
            off_s = s - (valley.s[i] + clipped * ds)
            off_t = t - (valley.t[i] + clipped * dt)
            half = valley.half_width[i] * (1 - clipped) + valley.half_width[i + 1] * clipped
            distance = np.hypot(off_s, off_t)
            nearer = distance - half < best
            best = np.where(nearer, distance - half, best)
            side = np.sign(off_s * dt - off_t * ds)
            along = np.where(nearer, travelled + clipped * length, along)
            lateral = np.where(nearer, side * distance / half, lateral)
            travelled += length
        edges.append(best)
        alongs.append(along)
        laterals.append(lateral)
    return ValleyFields(np.stack(edges), np.stack(alongs), np.stack(laterals))
