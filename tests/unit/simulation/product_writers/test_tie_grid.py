"""Places between the tie points of a full scene."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simulated_images as images
from calvingfront.simulation.product_writers.tie_grid import resample_tie_points


@pytest.mark.parametrize("build", [images.envisat_image, images.terrasar_image])
def test_places_between_the_tie_points_of_a_full_scene_are_right_to_5_mm(build) -> None:
    image = build()
    early = replace(image.geometry.azimuth, first_s=0.4)  # the state vectors cover all of it
    image = replace(image, geometry=replace(image.geometry, azimuth=early))
    shape = (25_000, 5_000)
    values = np.broadcast_to(image.values[:1, :1], shape)
    points = images.tie_points(image.orbit, image.geometry, shape, 250.0)
    lines, samples = np.linspace(0, shape[0] - 1, 8), np.linspace(0, shape[1] - 1, 9)
    grid = resample_tie_points(replace(image, values=values, tie_points=points), lines, samples)
    time_s, sample = grid.azimuth_time_s.ravel(), np.tile(samples, lines.size)
    distance = image.geometry.range.slant_range(sample, time_s)
    longitude, latitude, height = images.place_points(
        image.orbit, time_s, distance, 250.0, image.geometry.look_side
    )
    truth = np.stack(images.TO_FIXED.transform(longitude, latitude, height))
    found = np.stack(
        images.TO_FIXED.transform(
            grid.longitude.ravel(), grid.latitude.ravel(), grid.height.ravel()
        )
    )
    assert np.linalg.norm(found - truth, axis=0).max() < 5e-3
    # Incidence rises from near to far range, by the curve of the Earth more than the look angle.
    assert (np.diff(grid.incidence, axis=1) > 0).all()
    assert 15 < grid.incidence.min() < grid.incidence.max() < 60


def test_incidence_is_the_law_of_sines_on_a_sphere() -> None:
    image = images.envisat_image()
    grid = resample_tie_points(image, np.array([0.0, 39.0]), np.array([0.0, 59.0]))
    time_s = grid.azimuth_time_s[0, :1]
    position, _ = images.orbit_at(image.orbit, time_s)
    place = images.TO_FIXED.transform(grid.longitude[0, 0], grid.latitude[0, 0], grid.height[0, 0])
    radius, height = np.linalg.norm(place), np.linalg.norm(position)
    distance = image.geometry.range.slant_range(np.zeros(1), time_s)[0]
    cosine = (height**2 - radius**2 - distance**2) / (2 * radius * distance)
    assert grid.incidence[0, 0] == pytest.approx(np.degrees(np.arccos(cosine)), abs=0.3)
