# SPDX-License-Identifier: Apache-2.0
"""Coherence-enhancing shock filter: a blurred enlargement becomes regions with crisp, smooth outlines.

Each round moves every pixel towards the local minimum or maximum, by the sign of the second derivative
across the local structure (Osher and Rudin 1990; directed by the structure tensor as in Weickert 2003).
"""

from __future__ import annotations

import numpy as np

from wonderzoom_rt.synth.detail.filters import dilate, erode, gaussian, gradient, luma, structure
from wonderzoom_rt.synth.detail.resample import FloatArray


def shock(
    image: FloatArray, *, ratio: float, rounds: int, strength: float = 0.5, steepness: float = 60.0
) -> FloatArray:
    """(H, W, 3) -> (H, W, 3). `ratio`: how many times the picture was enlarged (its blur in px); `strength`:
    how far a round goes, 0..1; `steepness`: second derivative (1/px^2, times ratio^2) at which the step
    saturates is ~1/it."""
    result = image
    for _ in range(rounds):
        plane = luma(result)
        cos, sin, _coherence = structure(plane, inner=0.25 * ratio, outer=0.6 * ratio)
        smooth = gaussian(plane, 0.45 * ratio)
        dx, dy = gradient(smooth)
        xx, xy = gradient(dx)
        _, yy = gradient(dy)
        across = (cos * cos * xx + 2 * cos * sin * xy + sin * sin * yy) * np.float32(
            ratio * ratio * steepness / 4
        )
        step = (np.float32(strength) * np.tanh(across))[..., None]
        low, high = erode(result), dilate(result)
        result = result + np.where(step > 0, (low - result) * step, (result - high) * step)
    return np.asarray(result, dtype=np.float32)
