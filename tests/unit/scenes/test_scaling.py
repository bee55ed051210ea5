"""Scaling of any image to 8 bit."""

from __future__ import annotations

import numpy as np
import pytest

from calvingfront.errors import SceneError
from calvingfront.scenes.scaling import to_8bit


def everywhere():
    return np.ones((100, 100), dtype=bool)


def test_eight_bit_passes_as_it_is_but_for_no_data():
    image = np.arange(10000, dtype=np.uint32).reshape(100, 100).astype(np.uint8)
    np.testing.assert_array_equal(to_8bit(image, everywhere()), image)
    valid = everywhere()
    valid[:20] = False
    np.testing.assert_array_equal(to_8bit(image, valid), np.where(valid, image, 0))


def test_positive_values_are_stretched_in_decibels():
    decibels = np.linspace(-30, 5, 10000).reshape(100, 100)
    scaled = to_8bit((10 ** (decibels / 10)).astype(np.float32), everywhere(), grey="dB")
    low, high = np.percentile(decibels, [1, 99])
    expected = 1 + 254 * np.clip((decibels - low) / (high - low), 0, 1)
    assert np.abs(scaled - expected).max() <= 0.51
    assert (scaled.min(), scaled.max()) == (1, 255)


@pytest.mark.parametrize("grey", ["linear", "dB"])
def test_decibels_and_linear_values_give_the_same_image(grey):
    decibels = np.random.default_rng(1).normal(-12, 4, (100, 100))
    linear = to_8bit(10 ** (decibels / 10), everywhere(), kind="linear", grey=grey)
    amplitude = to_8bit(10 ** (decibels / 20), everywhere(), kind="amplitude", grey=grey)
    stated = to_8bit(decibels, everywhere(), kind="dB", grey=grey)
    np.testing.assert_allclose(linear, stated, atol=1)
    np.testing.assert_allclose(amplitude, linear, atol=1)


def test_what_is_not_valid_is_zero_and_does_not_count():
    values = np.linspace(-30, 5, 10000).reshape(100, 100)
    valid = everywhere()
    valid[:, :50] = False
    spoilt = values.copy()
    spoilt[:, :50] = 1e9
    spoilt[3, 70] = np.nan
    scaled = to_8bit(spoilt, valid, kind="dB", grey="dB")
    assert not scaled[:, :50].any()
    assert scaled[3, 70] == 0
    assert np.delete(scaled[:, 50:].ravel(), 3 * 50 + 20).min() == 1
    assert 120 <= np.median(scaled[:, 50:]) <= 136


def test_zeros_of_an_unsigned_image_are_its_border():
    amplitude = np.random.default_rng(1).integers(50, 900, (100, 100)).astype(np.uint16)
    amplitude[:20] = 0
    scaled = to_8bit(amplitude, everywhere(), kind="amplitude")
    assert not scaled[:20].any()
    assert (scaled[20:] > 0).all()


def test_images_that_cannot_be_scaled_say_why():
    values = np.full((100, 100), 3.5)
    with pytest.raises(SceneError, match=r"scene.tif: is constant \(3.5\)"):
        to_8bit(values, everywhere(), "scene.tif")
    with pytest.raises(SceneError, match="has no valid pixel"):
        to_8bit(values, ~everywhere())
    with pytest.raises(SceneError, match="has complex128 values"):
        to_8bit(values + 1j, everywhere())
