# SPDX-License-Identifier: Apache-2.0
"""Properties of the resampling operators between pixel grids."""

from __future__ import annotations

import numpy as np
import pytest

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.detail.resample import Axis, Resampler

RATIOS = [1.2, 1.5, 2.0, 2.8284, 3.19, 4.0, 8.0]


def grids(ratio: float, start: float) -> Resampler:
    x, _ = Axis.covering(41, ratio, start, int(20 * ratio))
    y, _ = Axis.covering(30, ratio, start / 2, int(17 * ratio))
    return Resampler(x=x, y=y)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("start", [0.0, 3.37])
def test_lifting_and_reducing_gives_the_low_picture_back(ratio: float, start: float) -> None:
    low = np.random.default_rng(1).random((30, 41, 3), dtype=np.float32)
    resampler = grids(ratio, start)
    assert np.abs(resampler.down(resampler.lift(low)) - low).max() < 2e-4


@pytest.mark.parametrize("ratio", RATIOS)
def test_one_projection_makes_any_picture_consistent(ratio: float) -> None:
    rng = np.random.default_rng(2)
    resampler = grids(ratio, 1.61)
    high = rng.random(resampler.high_shape, dtype=np.float32)
    low = rng.random(resampler.low_shape, dtype=np.float32)
    assert np.abs(resampler.down(resampler.project(high, low)) - low).max() < 4e-4
    assert np.abs(resampler.down(resampler.detail(high))).max() < 4e-4


def test_reducing_by_an_integer_ratio_is_the_mean_of_each_block() -> None:
    high = np.random.default_rng(3).random((12, 20), dtype=np.float32)
    resampler = Resampler(x=Axis(5, 20, 4.0), y=Axis(3, 12, 4.0))
    blocks = high.reshape(3, 4, 5, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(resampler.down(high), blocks, atol=1e-6)


def test_reducing_keeps_the_integral_at_a_fractional_ratio() -> None:
    high = np.random.default_rng(4).random((28, 17), dtype=np.float32)
    resampler = Resampler(x=Axis(6, 17, 17 / 6), y=Axis(10, 28, 2.8))
    assert resampler.down(high).mean() == pytest.approx(high.mean(), abs=1e-6)


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_plane_keeps_its_slope_and_place(ratio: float) -> None:
    resampler = grids(ratio, 2.25)
    x = np.arange(41, dtype=np.float32) + 0.5
    low = np.repeat(x[None], 30, axis=0)
    expected = (np.arange(resampler.x.high) + 0.5) / ratio + resampler.x.start
    inner = slice(int(8 * ratio), int(-8 * ratio))
    for picture in (resampler.up(low), resampler.lift(low)):
        np.testing.assert_allclose(picture[15, inner], expected[inner], atol=0.06)


def test_a_high_grid_that_leaves_low_pixels_bare_is_refused() -> None:
    with pytest.raises(InputError, match="covers low pixels"):
        Axis(10, 20, 2.83)
