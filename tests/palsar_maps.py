"""PALSAR leaders whose pixels lie on a known grid of a projection, with polynomials or without."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyproj import Transformer

from calvingfront.products.ceos.palsar_polynomials import read_polynomials
from calvingfront.products.ceos.records import Leader
from calvingfront.simulation.product_writers.ceos_records import RecordBuilder


class Grid:
    """Truth: where the pixels of an image on a turned grid lie."""

    def __init__(self, centre, shape, spacing_m, crs, turn_deg=0.0):
        self.to_map = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        self.shape, self.turn = shape, np.deg2rad(turn_deg)
        self.spacing_m = spacing_m
        self.centre = np.array(self.to_map.transform(centre[1], centre[0]))

    def place(self, line, sample):
        """Latitude and longitude (degrees) of pixels."""
        down = (line - (self.shape[0] - 1) / 2) * self.spacing_m
        right = (sample - (self.shape[1] - 1) / 2) * self.spacing_m
        cosine, sine = np.cos(self.turn), np.sin(self.turn)
        x = self.centre[0] + right * cosine - down * sine
        y = self.centre[1] - right * sine - down * cosine
        longitude, latitude = self.to_map.transform(x, y, direction="INVERSE")
        return np.asarray(latitude), np.asarray(longitude)


def map_projection(grid: Grid, projection: str, zone: str = "", spacing=None) -> bytes:
    """The map projection record of an image on a grid."""
    record = RecordBuilder(3, (18, 20, 18, 20), 1620)
    lines, samples = grid.shape
    record.text(29, 32, "GEOREFERENCE")
    for at in (93, 109):
        record.real(at, 16, spacing or grid.spacing_m)
    record.text(413, 32, projection)
    record.text(477, 4, zone.rjust(4))
    line = np.array([0, 0, lines - 1, lines - 1.0])
    sample = np.array([0, samples - 1, samples - 1, 0.0])
    for k, (latitude, longitude) in enumerate(zip(*grid.place(line, sample), strict=True)):
        record.real(1073 + 32 * k, 16, latitude)
        record.real(1089 + 32 * k, 16, longitude)
    return record.done()


def on_grid(path: Path, projection: bytes, polynomials: bool = False) -> Path:
    """Give a leader this map projection record; without polynomials, the older facility record."""
    records = []
    for number, record in enumerate(Leader.open(path).records):
        content = record.content
        if number and record.code[1] == 20:
            content = projection
        if number and record.code[1] == 200 and not polynomials:
            content = RecordBuilder(6, (18, 200, 18, 70), 1024).done()
        records.append(content)
    path.write_bytes(b"".join(records))
    return path


def centre_of(path: Path, shape: tuple[int, int]) -> tuple[float, float]:
    """Latitude and longitude of an image's middle, by its polynomials."""
    _, to_ground = read_polynomials(Leader.open(path))
    latitude, longitude = to_ground(np.array([shape[0] / 2]), np.array([shape[1] / 2]))
    return float(latitude[0]), float(longitude[0])
