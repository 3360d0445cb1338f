# SPDX-License-Identifier: Apache-2.0
"""Coherence-enhancing shock filter: a blurred enlargement becomes regions with crisp, smooth outlines.

Each round moves every pixel towards the local minimum or maximum, by the sign of the second derivative
across the local structure (Osher and Rudin 1990; directed by the structure tensor as in Weickert 2003).
"""

from __future__ import annotations

import numpy as np

from wonderzoom_rt.synth.detail.filters import dilate, erode, gaussian, gradient, luma, sample
from wonderzoom_rt.synth.detail.resample import FloatArray


def shock(
    image: FloatArray, cos: FloatArray, sin: FloatArray, trust: FloatArray, *, ratio: float, rounds: int
) -> FloatArray:
    """(H, W, 3) -> (H, W, 3). `cos`, `sin`: (H, W) direction across the outlines; `trust`: (H, W) in 0..1,
    how far a place is one that holds an outline; `ratio`: how many times the picture was enlarged, its blur
    in px.
    """
    result = _smoothed_along(image, cos, sin, trust, reach=0.55 * ratio)
    for _ in range(rounds):
        smooth = gaussian(luma(result), 0.4 * ratio)
        dx, dy = gradient(smooth)
        xx, xy = gradient(dx)
        _, yy = gradient(dy)
        across = (cos * cos * xx + 2 * cos * sin * xy + sin * sin * yy) * np.float32(ratio * ratio)
        step = (np.float32(0.6) * np.tanh(15.0 * across) * trust)[..., None]
        down, up = erode(result), dilate(result)
        down -= result
        down *= np.maximum(step, 0)
        up -= result
        up *= np.maximum(-step, 0)
        result += down
        result += up
    return result


def _smoothed_along(
    image: FloatArray, cos: FloatArray, sin: FloatArray, trust: FloatArray, *, reach: float
) -> FloatArray:
    """Mean of five samples along the outlines, at up to two `reach` px: steps left by a coarser pixel grid
    go.
    """
    rows, columns = cos.shape
    x = np.arange(columns, dtype=np.float32)[None, :]
    y = np.arange(rows, dtype=np.float32)[:, None]
    total = 1.5 * image
    for step, weight in ((reach, 1.0), (-reach, 1.0), (2 * reach, 0.5), (-2 * reach, 0.5)):
        total += np.float32(weight) * sample(image, x - np.float32(step) * sin, y + np.float32(step) * cos)
    return np.asarray(image + trust[..., None] * (total / np.float32(4.5) - image), dtype=np.float32)
