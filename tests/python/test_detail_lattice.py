# SPDX-License-Identifier: Apache-2.0
"""Properties of the noise that is anchored in the world."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from wonderzoom_rt.synth.detail.bandnoise import fractal
from wonderzoom_rt.synth.detail.lattice import Patch, uniform, white

FAR = 10**14


@pytest.mark.parametrize("origin", [(0, 0), (-57, 1033), (FAR, -FAR)])
def test_overlapping_crops_hold_the_same_noise(origin: tuple[int, int]) -> None:
    x, y = origin
    whole = Patch(x, y, 90, 70, seed=5)
    part = Patch(x + 31, y + 22, 40, 30, seed=5)
    for field in (uniform, white, fractal):
        np.testing.assert_allclose(field(whole, 2)[22:52, 31:71], field(part, 2), atol=1e-5)


def test_seed_channel_and_place_all_change_the_noise() -> None:
    reference = white(Patch(7, 9, 128, 128, seed=1), 0)
    others = [
        white(Patch(7, 9, 128, 128, seed=2), 0),
        white(Patch(7, 9, 128, 128, seed=1), 1),
        white(Patch(9, 7, 128, 128, seed=1), 0),
        white(Patch(7 + 2**32, 9, 128, 128, seed=1), 0),
    ]
    for other in others:
        assert abs(np.corrcoef(reference.ravel(), other.ravel())[0, 1]) < 0.04


def test_white_noise_is_white() -> None:
    noise = white(Patch(FAR, FAR, 256, 256, seed=3), 0)
    assert abs(noise.mean()) < 0.02
    assert noise.var() == pytest.approx(1.0, abs=0.03)
    for shift in ((0, 1), (1, 0), (1, 1), (5, 3)):
        assert abs((noise * np.roll(noise, shift, (0, 1))).mean()) < 0.02


def test_fractal_noise_has_unit_variance_and_halves_its_amplitude_per_octave() -> None:
    noise = np.stack([fractal(Patch(0, 512 * k, 256, 256, seed=4), 0) for k in range(4)])
    assert noise.var() == pytest.approx(1.0, abs=0.15)
    power = (np.abs(np.fft.fft2(noise)) ** 2).mean(axis=0)
    radius = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None])
    amplitudes = [np.sqrt(power[(radius > f * 0.9) & (radius < f * 1.1)].mean()) for f in (0.09, 0.18, 0.36)]
    for low, high in pairwise(amplitudes):
        assert 0.7 < np.log2(low / high) < 1.3
