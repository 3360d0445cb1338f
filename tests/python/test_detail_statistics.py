# SPDX-License-Identifier: Apache-2.0
"""What is expected of the detail that a picture cannot show."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from wonderzoom_rt.synth.detail.filters import gaussian
from wonderzoom_rt.synth.detail.resample import FloatArray
from wonderzoom_rt.synth.detail.spectrum import continued_rms
from wonderzoom_rt.synth.detail.statistics import hidden_rms, measure

RATIO = 2.0
GRAIN = 1.5 / 255


def power_law(size: int, slope: float, rms: float = 0.1, seed: int = 0) -> FloatArray:
    """(size, size) luma about 0.5 whose power density falls as frequency^slope."""
    spectrum = np.fft.rfft2(np.random.default_rng(seed).standard_normal((size, size)))
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    radius[0, 0] = np.inf
    plane = np.fft.irfft2(spectrum * radius ** (slope / 2), s=(size, size))
    return np.asarray(0.5 + plane * (rms / plane.std()), dtype=np.float32)


def energy_above(plane: FloatArray, frequency: float) -> float:
    spectrum = np.abs(np.fft.fft2(plane - plane.mean())) ** 2 / plane.size**2
    radius = np.hypot(np.fft.fftfreq(len(plane))[:, None], np.fft.fftfreq(len(plane))[None, :])
    return float(spectrum[(radius >= frequency) & (radius < 0.5)].sum())


@pytest.mark.parametrize("slope", [-1.5, -2.0, -3.0])
def test_the_power_law_of_a_picture_is_continued(slope: float) -> None:
    fine = power_law(512, slope)
    low = fine.reshape(256, 2, 256, 2).mean(axis=(1, 3))
    true = energy_above(fine, 0.25)
    assert continued_rms(low, RATIO) ** 2 == pytest.approx(true, rel=0.3)


def test_a_flat_or_tiny_picture_promises_nothing() -> None:
    assert continued_rms(np.full((64, 64), 0.4, np.float32), RATIO) < 1e-5
    assert continued_rms(power_law(8, -2.0), RATIO) == 0.0


def test_out_of_focus_places_get_a_grain_and_no_more() -> None:
    blurred = gaussian(power_law(256, -2.0), 1.2)
    expected = hidden_rms(blurred, RATIO, depth=0.0)
    sharp = hidden_rms(power_law(256, -2.0), RATIO, depth=0.0)
    assert 0.2 * GRAIN < float(np.median(expected)) < GRAIN
    assert float(np.median(sharp)) > 1.5 * float(np.median(expected))


def test_a_clear_sky_stays_clear() -> None:
    ramp = np.broadcast_to(np.linspace(0.5, 0.7, 128, dtype=np.float32)[:, None], (128, 128))
    assert float(hidden_rms(np.ascontiguousarray(ramp), RATIO, depth=0.0)[8:-8].max()) < 0.3 / 255


def test_where_a_lens_ends_early_the_law_of_the_whole_picture_counts() -> None:
    """A shallow spectrum, cut at 0.3 cycles/px: the two finest octaves alone promise almost nothing beyond."""
    size = 256
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    lens = 1 / (1 + (radius / 0.33) ** 8)
    plane = power_law(size, -1.6, rms=0.15)
    plane = np.asarray(np.fft.irfft2(np.fft.rfft2(plane) * lens, s=plane.shape), dtype=np.float32)
    alone = hidden_rms(plane, RATIO, depth=0.0)
    raised = measure(np.repeat(plane[..., None], 3, axis=2), RATIO, depth=0.0).hidden
    factor = float(np.median(raised / alone))
    assert 1.1 < factor <= 1.3 + 1e-5
    np.testing.assert_allclose(raised, alone * factor, rtol=1e-4)
