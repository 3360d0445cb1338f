# SPDX-License-Identifier: Apache-2.0
"""The engine by instruction set, and the machine's own limits."""

from __future__ import annotations

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt import _core
from wonderzoom_rt.bench.limits import drawn_blend_rate, frame_bytes, utilisation
from wonderzoom_rt.bench.measure import Samples, Settings, measure
from wonderzoom_rt.bench.report import result_of
from wonderzoom_rt.bench.scenes import make_scene
from wonderzoom_rt.bench.table import table_of

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


def test_the_blend_rate_of_any_backend_is_measured_by_drawing() -> None:
    settings = Settings(threads=1, instructions="baseline")
    drawn = drawn_blend_rate(settings, side_px=64, seconds=0.05)
    ours = _core.blend_rate(1, "baseline", 0.05)
    assert 0.1 < drawn / ours < 10.0


def test_what_is_not_known_of_a_backend_stays_open() -> None:
    scene = make_scene("field-500k", part=0.005)
    samples = measure(scene, [scene.camera], Settings(), warmup=0)
    limits: dict[str, float | None] = {
        "blended_evaluations_per_s": 1e9,
        "read_bytes_per_s": None,
        "sorted_pairs_per_s": None,
    }
    used = utilisation(samples, limits, ("color",))
    blend_s = 1e-3 * samples.stages_ms["blend"].item()
    assert used["blend"] == pytest.approx(samples.funnel["evaluations"] / blend_s / 1e9)
    assert used["sort"] is None and used["memory"] is None
    where = {"cpu": "one", "cores": 1, "load": 0.0, "system": "none"}
    result = result_of(scene, samples, Settings(), limits, where=where, path="still", size=(68, 38), warmup=0)
    table = table_of(result)
    assert "G blended evaluations/s" in table and "GB/s" not in table


def test_limits_are_rates() -> None:
    assert _core.blend_rate(1, "baseline", 0.0) > 1e6
    assert _core.read_bandwidth(2, 1 << 22, 0.0) > 1e6
    assert _core.sort_rate(1, 4096, 0.0) > 1e4


def test_what_is_used_is_of_each_frame_on_its_own() -> None:
    """Half of the frames are dear: all run at one rate, and no mix of a mean and a median hides it."""
    cost = np.array([[1.0, 1.0, 1.0, 9.0, 9.0]])
    counts = dict.fromkeys(("tested", "projected", "tile_entries", "evaluations"), 1e6 * cost)
    samples = Samples(
        frame_ms=10.0 * cost,
        processor_ms=10.0 * cost,
        stages_ms={"blend": 4.0 * cost, "sort": 2.0 * cost},
        counts=counts,
        pixels=0,
    )
    limits: dict[str, float | None] = {
        "blended_evaluations_per_s": 5e8,
        "read_bytes_per_s": 1e12,
        "sorted_pairs_per_s": 1e9,
    }
    used = utilisation(samples, limits, ("color",))
    assert used["blend"] == pytest.approx(0.5) and used["sort"] == pytest.approx(0.5)
    moved = frame_bytes(samples, ("color",))
    assert moved.shape == (1, 5) and used["memory"] == pytest.approx(moved[0, 0] / 1e-2 / 1e12)
