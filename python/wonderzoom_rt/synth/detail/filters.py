# SPDX-License-Identifier: Apache-2.0
"""The few OpenCV filters that detail synthesis uses, typed, on float32 planes; OpenCV is imported on first
use.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from wonderzoom_rt.synth.detail.resample import FloatArray
from wonderzoom_rt.synth.opencv import opencv

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def luma(image: FloatArray) -> FloatArray:
    """(H, W, 3) display sRGB -> (H, W) Rec. 601 luma."""
    return np.asarray(image @ _LUMA, dtype=np.float32)


def gaussian(plane: FloatArray, sigma: float) -> FloatArray:
    """Gaussian blur of standard deviation `sigma` px, mirrored at the border; (H, W) or (H, W, C)."""
    return cast(FloatArray, opencv().GaussianBlur(plane, (0, 0), sigma, borderType=2))


def box_mean(plane: FloatArray, size: int) -> FloatArray:
    """Mean over size x size px, mirrored at the border."""
    return cast(FloatArray, opencv().blur(plane, (size, size), borderType=2))


def gradient(plane: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scharr derivative (d/dx, d/dy) per px."""
    cv2 = opencv()
    dx = cv2.Scharr(plane, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=2)
    dy = cv2.Scharr(plane, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=2)
    return cast(FloatArray, dx), cast(FloatArray, dy)


def sample(image: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Bilinear samples of `image` at pixel indices (x, y), mirrored at the border."""
    cv2 = opencv()
    return cast(FloatArray, cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def erode(image: FloatArray) -> FloatArray:
    """Smallest of each pixel's 3x3 neighbours, per channel."""
    cv2 = opencv()
    return cast(FloatArray, cv2.erode(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))))


def dilate(image: FloatArray) -> FloatArray:
    """Largest of each pixel's 3x3 neighbours, per channel."""
    cv2 = opencv()
    return cast(FloatArray, cv2.dilate(image, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))))


def structure(plane: FloatArray, *, inner: float, outer: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Local orientation of a plane by its structure tensor: gradients at scale `inner` px, averaged over
    `outer` px.

    Returns (cos, sin) of the direction across the structure (along the gradient) and the coherence in 0..1.
    """
    smooth = gaussian(plane, inner) if inner > 0 else plane
    dx, dy = gradient(smooth)
    xx, xy, yy = gaussian(dx * dx, outer), gaussian(dx * dy, outer), gaussian(dy * dy, outer)
    difference, twice = xx - yy, 2.0 * xy
    spread = np.sqrt(difference * difference + twice * twice)
    angle = 0.5 * np.arctan2(twice, difference)
    coherence = spread / (xx + yy + 1e-9)
    return np.cos(angle), np.sin(angle), np.asarray(coherence, dtype=np.float32)
