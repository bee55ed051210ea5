"""The integrator beside SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from calvingfront.orbits.trajectory import Trajectory
from calvingfront.radar.model import Array

LOW_ORBIT = np.array([2.1e6, 1.4e6, 6.65e6, -3000.0, 6500.0, -500.0])


def fall(states: Array) -> Array:
    position = states[:, :3]
    distance = np.linalg.norm(position, axis=1, keepdims=True)
    return np.hstack([states[:, 3:], -3.986e14 * position / distance**3])


@pytest.mark.parametrize("duration", [3.0, 130.0, -850.0, 2000.0])
def test_it_is_the_path_that_scipy_finds(duration: float) -> None:
    times = np.linspace(0.0, duration, 101)
    truth = solve_ivp(
        lambda _, state: fall(state[np.newaxis])[0],
        (0.0, duration),
        LOW_ORBIT,
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-8,
        max_step=10.0,
    ).y.T
    found = Trajectory(fall, LOW_ORBIT, duration)(times)
    assert np.abs(found - truth)[:, :3].max() < 1e-6  # m
    assert np.abs(found - truth)[:, 3:].max() < 1e-9  # m/s


def test_a_path_of_no_duration_is_its_state() -> None:
    np.testing.assert_allclose(Trajectory(fall, LOW_ORBIT, 0.0)(np.zeros(1))[0], LOW_ORBIT)
