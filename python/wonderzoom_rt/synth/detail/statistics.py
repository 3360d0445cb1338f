# SPDX-License-Identifier: Apache-2.0
"""What the coarse picture says about the detail that it cannot show: strength, colour and direction, per
place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from wonderzoom_rt.synth.detail.filters import gaussian, gradient, luma, structure
from wonderzoom_rt.synth.detail.resample import FloatArray
from wonderzoom_rt.synth.detail.spectrum import continued_rms

# Local power law, fitted by least squares on natural photographs reduced 2.83 times (residual 0.4 octaves):
# log2 hidden = offset + top * log2 e1 + next * log2 e2, e1 and e2 the rms of the two finest octaves of the
# low picture.
_OFFSET, _TOP, _NEXT = -0.27, 1.49, -0.60
_FLOOR = 0.25 / 255
# 1.22 octave-rms in 1.5 octaves; the three bands of a 1/f picture of octave-rms 1 have rms 0.84, 0.575, 0.57.
_EVEN_GAIN = 1.22 / (0.837**0.4 * 0.575**0.35 * 0.568**0.25)
_WINDOW, _NEAR, _NEAR_GAIN = 2.5, 1.0, 1.25
_FITTED_OCTAVES = 1.5
# What is out of focus ends far below its pixels, and enlarged it would end farther still. Such a place is given the
# even continuation of what it shows, up to this rms: the grain that a camera would have left there.
_GRAIN = 1.5 / 255
# Least part of the energy that the whole picture's power law predicts, in what is expected; and what the expected rms
# may be raised by for it. (Of a lens that ends before the pixels do the local law sees the end alone.)
_LEAST_PART, _MOST_RAISE = 0.42, 1.3


@dataclass(frozen=True)
class LowStatistics:
    """Maps on the low grid. `hidden`: expected rms of luma above the coarse Nyquist, up to the high grid's
    own Nyquist; `color`: (H, W, 3) change of each channel per change of luma; `cos`, `sin`, `coherence`:
    direction across the local structure and how clearly there is one, 0..1."""

    hidden: FloatArray
    color: FloatArray
    cos: FloatArray
    sin: FloatArray
    coherence: FloatArray
    outline: FloatArray


def _local_rms(band: FloatArray) -> FloatArray:
    """Rms by the mean size in a wide window or a near one, whichever holds less: beside an outline only the
    wide one sees it, and a halo of texture would grow on the sky there.
    """
    size = np.abs(band)
    least = np.minimum(gaussian(size, _WINDOW), np.float32(_NEAR_GAIN) * gaussian(size, _NEAR))
    return np.asarray(least * np.float32(1.2533), dtype=np.float32)


def hidden_rms(plane: FloatArray, ratio: float, depth: float) -> FloatArray:
    """(H, W) luma -> expected rms of the detail between the plane's Nyquist and `ratio` times it. At `depth`
    0 the law of photographs, which falls where they are soft (but not below their grain); at 1 a 1/f
    continuation of the plane's three top octaves."""
    fine, coarse, body = (gaussian(plane, sigma) for sigma in (0.7, 1.4, 2.8))
    top, following, third = (_local_rms(band) for band in (plane - fine, fine - coarse, coarse - body))
    logs = [np.log2(band + _FLOOR) for band in (top, following)]
    law = np.exp2(_OFFSET + _TOP * logs[0] + _NEXT * logs[1])
    law = np.maximum(law - 2.0 ** (_OFFSET + (_TOP + _NEXT) * np.log2(_FLOOR)), 0.0)
    level = _EVEN_GAIN * top**0.4 * following**0.35 * third**0.25
    law = np.maximum(law, np.minimum(level, np.float32(_GRAIN)))
    expected = law + np.float32(depth) * (level - law)
    return np.asarray(expected * np.sqrt(np.log2(max(ratio, 1.05)) / _FITTED_OCTAVES), dtype=np.float32)


def _at_least(hidden: FloatArray, least: float) -> FloatArray:
    """`hidden`, raised by one factor if its rms over the picture is below `least`."""
    rms = math.sqrt(float(np.mean(hidden * hidden)))
    return hidden * np.float32(min(least / rms, _MOST_RAISE)) if 0 < rms < least else hidden


def color_direction(image: FloatArray, depth: float) -> FloatArray:
    """(H, W, 3): least-squares slope of each channel against luma in a window, drawn towards the slope of
    shading (the local colour, brighter or darker, and a part of white light), the more so where the window
    is flat and the greater `depth`, 0..1.
    """
    plane = luma(image)
    smooth = gaussian(image, 3.0)
    tint = (np.maximum(smooth, 0) + 0.03) / (np.maximum(luma(smooth), 0)[..., None] + 0.03)
    shading = np.float32(0.4) + np.float32(0.6) * np.clip(tint, 0.2, 2.0)
    centred, centred_luma = image - smooth, plane - luma(smooth)
    variance = gaussian(centred_luma * centred_luma, 4.0)[..., None]
    covariance = gaussian(centred * centred_luma[..., None], 4.0)
    prior = np.float32(((2.0 + 12.0 * depth) / 255) ** 2)
    slope = (covariance + prior * shading) / (variance + prior)
    return np.clip(slope, 0.2, 1.8).astype(np.float32)


def measure(image: FloatArray, ratio: float, depth: float) -> LowStatistics:
    """Statistics of a low picture, (H, W, 3) display sRGB, for an enlargement by `ratio`; `depth`: 0 =
    photograph, 1 = invented matter."""
    plane = luma(image)
    cos, sin, coherence = structure(plane, inner=0.7, outer=1.8)
    dx, dy = gradient(gaussian(plane, 0.7))
    slope = np.sqrt(gaussian(dx * dx + dy * dy, 1.0))
    hidden = _at_least(hidden_rms(plane, ratio, depth), math.sqrt(_LEAST_PART) * continued_rms(plane, ratio))
    outline = rise(coherence, 0.35, 0.75) * rise(slope, 0.006, 0.025)
    return LowStatistics(hidden, color_direction(image, depth), cos, sin, coherence, outline)


def rise(value: FloatArray, start: float, end: float) -> FloatArray:
    """0 up to `start`, 1 from `end`, smooth between."""
    t = np.clip((value - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)
