# SPDX-License-Identifier: Apache-2.0
"""The engine by instruction set, and the machine's own limits."""

from __future__ import annotations

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt import _core

CAMERA = wz.Camera.home(48, 32, focal=50.0)


def layer() -> wz.SurfelLayer:
    points = np.random.default_rng(3).uniform((-1, -1, 2), (1, 1, 4), (400, 3))
    return wz.SurfelLayer.from_arrays(points, extents=0.1, opacities=0.6)


def test_instruction_sets_draw_the_same_picture() -> None:
    outputs = ("color", "coverage")
    best = wz.Engine(threads=1).render_layer(layer(), CAMERA, outputs=outputs)
    for name in ("avx512", "avx2", "baseline"):
        try:
            engine = wz.Engine(threads=1, instructions=name)
        except wz.InputError:
            assert name != "baseline", "every machine has the baseline"
            continue
        frame = engine.render_layer(layer(), CAMERA, outputs=outputs)
        assert frame.color is not None and best.color is not None
        assert np.abs(frame.color - best.color).max() < 1e-4


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(wz.InputError, match='best, avx512, avx2 or baseline, got "neon"'):
        wz.Engine(instructions="neon")


def test_limits_are_rates() -> None:
    assert _core.blend_rate(1, "baseline", 0.0) > 1e6
    assert _core.read_bandwidth(2, 1 << 22, 0.0) > 1e6
    assert _core.sort_rate(1, 4096, 0.0) > 1e4
