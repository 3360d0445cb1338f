# SPDX-License-Identifier: Apache-2.0
"""The soft mask of a level stays in 0..1, whatever its parent's is."""

from __future__ import annotations

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.synth.cover import smooth_step, soft_cover
from wonderzoom_rt.synth.types import Context


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_smooth_step_never_passes_its_ends(kind: type[np.floating]) -> None:
    steps = smooth_step(np.linspace(-0.5, 1.5, 400_001).astype(kind))
    assert steps.min() == 0.0 and steps.max() == 1.0
    assert (np.diff(steps) >= -1e-5).all()


@pytest.mark.parametrize("width", [344, 400, 1088])
def test_the_cover_over_a_parent_with_holes_stays_in_its_range(width: int) -> None:
    pytest.importorskip("cv2")
    height = width // 2
    home = wz.Camera.home(width, height, focal=float(width))
    mask = np.ones((height, width), np.float32)
    mask[height // 2, width // 2 :: 40] = 0.0
    context = Context(home, np.zeros((height, width, 3), np.float32), np.ones((height, width)), mask)
    cover = soft_cover(context, home.zoomed(2.0, at=(0.5, 0.5)))
    assert cover.min() == 0.0 and cover.max() == 1.0
