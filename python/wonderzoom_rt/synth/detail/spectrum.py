# SPDX-License-Identifier: Apache-2.0
"""The power law of a whole picture, continued above its Nyquist frequency."""

from __future__ import annotations

import math

import numpy as np

from wonderzoom_rt.synth.detail.resample import FloatArray

# Cycles per pixel that the law is fitted to: below, a window of a picture holds too few waves; above, whatever shrank
# the picture has blurred or aliased it.
_LOWEST, _HIGHEST = 0.04, 0.3
_RINGS = 10
_LEAST_WAVES = 8
_SLOPES = (-5.0, -1.0)


def continued_rms(plane: FloatArray, ratio: float) -> float:
    """Rms that a (H, W) luma would have between its Nyquist frequency and `ratio` (> 1) times it, if its power fell on
    as it does from 0.04 to 0.3 cycles/px. A power law in frequency, as natural pictures have (Field 1987), fitted by
    least squares to the mean log power of rings. 0 where the picture is too small to hold any.
    """
    frequency, density = _rings(plane)
    if len(frequency) < 3:
        return 0.0
    slope, offset = np.polyfit(np.log2(frequency), np.log2(density), 1)
    clamped = float(np.clip(slope, *_SLOPES))
    offset = float(np.mean(np.log2(density) - clamped * np.log2(frequency)))
    low, high, power = 0.5, 0.5 * ratio, clamped + 2.0
    integral = math.log(high / low) if abs(power) < 1e-6 else (high**power - low**power) / power
    return math.sqrt(2.0**offset * 2.0 * math.pi * integral)


def _rings(plane: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(frequency in cycles/px, power density per (cycle/px)^2) of a plane under a Hann window, before its pixels
    averaged it, in rings that hold enough waves."""
    rows, columns = plane.shape
    window = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(columns + 2)[1:-1])
    centred = (plane - float((plane * window).sum() / window.sum())) * window
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :]
    power = np.abs(np.fft.rfft2(centred)) ** 2 / ((window**2).sum() * (np.sinc(fx) * np.sinc(fy)) ** 2)
    edges = np.geomspace(_LOWEST, _HIGHEST, _RINGS + 1)
    ring = np.digitize(np.hypot(fx, fy), edges).ravel() - 1
    inside = (ring >= 0) & (ring < _RINGS)
    waves = np.bincount(ring[inside], minlength=_RINGS)
    total = np.bincount(ring[inside], weights=power.ravel()[inside], minlength=_RINGS)
    kept = (waves >= _LEAST_WAVES) & (total > 0)
    middle = np.sqrt(edges[:-1] * edges[1:])
    return middle[kept].astype(np.float32), (total[kept] / waves[kept]).astype(np.float32)
