# SPDX-License-Identifier: Apache-2.0
"""Relief read from a picture: dark is deep, light stands out, in the level's own pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

RELIEF_RMS_PX = 6.5
"""Of a level's relief: enough to be seen at 5 degrees, little against the 1000 px a level is away from its eye."""
RELIEF_MOST_PX = 15.0
_BANDS_PX = ((10.0, 26.0, 0.45), (26.0, 64.0, 1.0))
"""Radii of the blurs that bound each band, and the band's height. Broad forms only: a level tilts its surface by
about 0.2 in the root mean square, and the tilts of all levels add up to what the finest one is approached on. Finer
forms come with the next level, whose broad ones they are."""
_FLATTEST = 0.004
"""Contrast of log-luminance below which a picture is held to be flat, and its relief shrinks with it."""


def relief_px(
    picture: NDArray[np.float32], mask: NDArray[np.bool_] | None = None, *, rms: float = RELIEF_RMS_PX
) -> NDArray[np.float32]:
    """Heights (H,W) towards the eye, level pixels, mean about 0, never beyond RELIEF_MOST_PX either way.

    picture (H,W,3) 0..1. mask (H,W): where relief is wanted and read from (0 elsewhere); everywhere when left out.
    Each band of the log-luminance is brought to its height by its own contrast, so that a dim meadow gets as much
    relief as a bright rock.
    """
    import cv2

    grey = cv2.cvtColor(np.clip(picture, 0, 1).astype(np.float32), cv2.COLOR_RGB2GRAY)
    light = np.log(grey + np.float32(0.06))
    weight = np.ones(grey.shape, np.float32) if mask is None else mask.astype(np.float32)
    if not weight.any():
        return np.zeros(grey.shape, dtype=np.float32)
    blurs = {radius: masked_blur(light, weight, radius) for pair in _BANDS_PX for radius in pair[:2]}
    total = np.zeros(grey.shape, dtype=np.float32)
    for fine, broad, height in _BANDS_PX:
        band = (blurs[fine] - blurs[broad]) * weight
        contrast = float(np.sqrt((band * band).sum() / weight.sum()))
        total += (
            np.float32(height / max(contrast, _FLATTEST))
            * np.tanh(band / np.float32(3 * contrast + 1e-9))
            * np.float32(3 * contrast)
        )
    total -= weight * np.float32((total * weight).sum() / weight.sum())
    strength = float(np.sqrt((total * total).sum() / weight.sum()))
    norm = float(np.sqrt(sum(height * height for _, _, height in _BANDS_PX)))
    total *= np.float32(rms / max(strength, 0.3 * norm))
    result: NDArray[np.float32] = np.clip(total, -RELIEF_MOST_PX, RELIEF_MOST_PX)
    return result


def masked_blur(
    values: NDArray[np.float32], weight: NDArray[np.float32], radius: float
) -> NDArray[np.float32]:
    """Weighted mean of `values` (H,W) over a smooth window of standard deviation `radius` px (three box passes)."""
    import cv2

    side = 2 * max(1, round(radius)) + 1
    top: Array = values * weight
    bottom: Array = weight
    whole = bool((weight == 1).all())
    for _ in range(3):
        top = cv2.boxFilter(top, -1, (side, side), borderType=cv2.BORDER_REFLECT)
        if not whole:
            bottom = cv2.boxFilter(bottom, -1, (side, side), borderType=cv2.BORDER_REFLECT)
    result: Array = top / np.maximum(bottom, np.float32(1e-4))
    return result
