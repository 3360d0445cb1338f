# SPDX-License-Identifier: Apache-2.0
"""The lens cameras between a view and a zoom of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.synth.cameras import MAX_FACTOR, MIN_FACTOR, level_chain, level_count, window_in

HOME = wz.Camera.home(320, 208, focal=300.0)


@pytest.mark.parametrize("factor", np.geomspace(MIN_FACTOR, MAX_FACTOR, 60))
def test_levels_are_evenly_spaced_and_none_invents_more_than_two_octaves(factor: float) -> None:
    chain = level_chain(HOME, HOME.zoomed(float(factor), at=(0.4, 0.6)))
    focals = np.array([HOME.focal, *(camera.focal for camera in chain)])
    ratios = focals[1:] / focals[:-1]
    assert len(chain) == level_count(factor)
    assert focals[-1] == pytest.approx(HOME.focal * factor)
    assert ratios == pytest.approx(np.full(len(chain), ratios[0]))
    assert MIN_FACTOR - 1e-9 <= ratios[0] <= 4.0 + 1e-5


def test_eight_times_makes_two_levels() -> None:
    assert level_count(8.0) == 2
    assert level_count(2.83) == 1
    assert level_count(16.0) == 3


@pytest.mark.parametrize("at", [(0.0, 0.0), (1.0, 1.0), (0.37, 0.81), (0.5, 0.5)])
def test_each_view_lies_inside_the_one_before(at: tuple[float, float]) -> None:
    outer = HOME
    for _ in range(12):
        chain = level_chain(outer, outer.zoomed(8, at=at))
        for camera in chain:
            x, y, width, height = window_in(outer, camera)
            assert x >= -1e-6 and y >= -1e-6
            assert x + width <= outer.width + 1e-6 and y + height <= outer.height + 1e-6
            assert camera.principal == tuple(round(value) for value in camera.principal)
            outer = camera


@pytest.mark.parametrize("factor", [1.25, 4.2, 4.5, 4.75, 16.0])
def test_every_factor_that_is_allowed_can_be_made(data_dir: Path, factor: float) -> None:
    world = wz.World.from_image(data_dir / "valley.jpg", width=160)
    request = world.request(world.home.zoomed(factor, at=(0.4, 0.6)), quality="fast")
    results = wz.Pipeline().run(request)
    assert results[-1].lens.focal == pytest.approx(world.home.focal * factor)
