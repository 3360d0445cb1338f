# SPDX-License-Identifier: Apache-2.0
"""Small image operations that every measurement shares: luma, exact resampling, spectra, blocks.

Everything here is plain numpy, float64, and deterministic. Images are arrays of shape (H, W) or
(H, W, 3), display sRGB in 0..1; frequencies are in cycles per pixel (Nyquist is 0.5).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.errors import InputError

FloatArray = NDArray[np.float64]

#: RMS of rounding to 8 bits, in 0..1: what a picture of no content still holds.
QUANTISATION_RMS = 1.0 / 255.0 / np.sqrt(12.0)


def as_image(picture: NDArray[Any], *, name: str = "picture") -> FloatArray:
    """`picture` as float64 (H, W) or (H, W, 3); uint8 is divided by 255. InputError if it is neither or not
    finite.
    """
    array = np.asarray(picture)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        raise InputError(f"{name}: expected an image of shape (H, W) or (H, W, 3), got {array.shape}")
    out = array.astype(np.float64) / (255.0 if array.dtype == np.uint8 else 1.0)
    if not np.isfinite(out).all():
        raise InputError(f"{name}: expected finite values, got NaN or infinity")
    return out


def luma(picture: NDArray[Any], *, name: str = "picture") -> FloatArray:
    """Luma (H, W) of display-sRGB values with the weights of Rec. 709; a grey image is returned as it is."""
    image = as_image(picture, name=name)
    if image.ndim == 2:
        return image
    return np.asarray(image @ np.array([0.2126, 0.7152, 0.0722]), np.float64)


def psnr_db(picture: NDArray[Any], reference: NDArray[Any], *, weight: NDArray[Any] | None = None) -> float:
    """PSNR in dB for a peak of 1, over all channels; `weight` (H, W) in 0..1 says how much a pixel counts.

    Identical pictures give +inf; no weight at all gives NaN (there is nothing to say).
    """
    a, b = as_image(picture), as_image(reference, name="reference")
    if a.shape != b.shape:
        raise InputError(f"psnr: expected two images of one shape, got {a.shape} and {b.shape}")
    square = (a - b) ** 2
    if square.ndim == 3:
        square = square.mean(axis=2)
    if weight is None:
        mse = float(square.mean())
    else:
        total = float(np.sum(weight))
        if total <= 0.0:
            return float("nan")
        mse = float(np.sum(square * weight) / total)
    return float("inf") if mse == 0.0 else -10.0 * float(np.log10(mse))


@lru_cache(maxsize=64)
def _area_matrix(length: int, out: int, start: float = 0.0, stop: float | None = None) -> FloatArray:
    edges = np.linspace(start, length if stop is None else stop, out + 1)
    left = np.arange(length)
    overlap = np.minimum(edges[1:, None], left + 1.0) - np.maximum(edges[:-1, None], left)
    matrix = np.clip(overlap, 0.0, None)
    return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), np.float64)


@lru_cache(maxsize=64)
def _cubic_matrix(length: int, out: int) -> FloatArray:
    centre = (np.arange(out) + 0.5) * length / out - 0.5
    base = np.floor(centre).astype(int)
    matrix = np.zeros((out, length))
    for tap in range(-1, 3):
        t = np.abs(centre - (base + tap))
        weight = np.where(t <= 1.0, 1.5 * t**3 - 2.5 * t**2 + 1.0, -0.5 * t**3 + 2.5 * t**2 - 4.0 * t + 2.0)
        np.add.at(matrix, (np.arange(out), np.clip(base + tap, 0, length - 1)), weight)
    return matrix


def _separable(image: FloatArray, rows: FloatArray, columns: FloatArray) -> FloatArray:
    if image.ndim == 2:
        return np.asarray(rows @ image @ columns.T, np.float64)
    return np.stack([rows @ image[..., c] @ columns.T for c in range(image.shape[2])], axis=2)


def area_resize(picture: NDArray[Any], width: int, height: int) -> FloatArray:
    """Exact area average to `width` x `height` (any ratio >= 1): each output pixel is the mean of what it
    covers.
    """
    image = as_image(picture)
    rows, columns = image.shape[:2]
    if not (1 <= width <= columns and 1 <= height <= rows):
        raise InputError(f"area_resize: expected a size within {columns}x{rows}, got {width}x{height}")
    return _separable(image, _area_matrix(rows, height), _area_matrix(columns, width))


def area_window(
    picture: NDArray[Any], box: tuple[float, float, float, float], width: int, height: int
) -> FloatArray:
    """Exact area average of the part (x0, y0, x1, y1), px, which need not be whole, to `width` x `height`."""
    image = as_image(picture)
    rows, columns = image.shape[:2]
    x0, y0, x1, y1 = box
    slack = 1e-6 * max(rows, columns)
    if x0 < -slack or y0 < -slack or x1 > columns + slack or y1 > rows + slack:
        raise InputError(f"area_window: expected a box within {columns}x{rows}, got {tuple(box)}")
    if not (1 <= width <= x1 - x0 + slack and 1 <= height <= y1 - y0 + slack):
        raise InputError(f"area_window: expected a size within {x1 - x0:g}x{y1 - y0:g}, got {width}x{height}")
    return _separable(image, _area_matrix(rows, height, y0, y1), _area_matrix(columns, width, x0, x1))


def bicubic_resize(picture: NDArray[Any], width: int, height: int) -> FloatArray:
    """Catmull-Rom interpolation to `width` x `height`, borders repeated. For enlarging: it does not
    prefilter.
    """
    image = as_image(picture)
    if width < 1 or height < 1:
        raise InputError(f"bicubic_resize: expected a size of at least 1x1, got {width}x{height}")
    return _separable(image, _cubic_matrix(image.shape[0], height), _cubic_matrix(image.shape[1], width))


@lru_cache(maxsize=64)
def _blur_kernel(sigma: float) -> FloatArray:
    radius = max(1, int(np.ceil(3.0 * sigma)))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(kernel / kernel.sum(), np.float64)


def convolve_separable(image: FloatArray, kernel: FloatArray) -> FloatArray:
    """`image` (H, W) convolved with the odd 1-D `kernel` along both axes, borders repeated."""
    radius = len(kernel) // 2
    for axis in (0, 1):
        pad = [(radius, radius) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(image, pad, mode="edge")
        length = image.shape[axis]
        total = np.zeros_like(image)
        for i, k in enumerate(kernel):
            total += k * (padded[i : i + length] if axis == 0 else padded[:, i : i + length])
        image = total
    return image


def gaussian_blur(image: FloatArray, sigma: float) -> FloatArray:
    """`image` (H, W) under a Gaussian of `sigma` px, borders repeated."""
    return convolve_separable(image, _blur_kernel(sigma))


def mirrored(image: FloatArray, margin: int) -> FloatArray:
    """`image` (H, W) with `margin` pixels reflected on every side: a border for filters in the frequency
    domain.
    """
    margin = min(margin, image.shape[0] - 1, image.shape[1] - 1)
    return np.pad(image, margin, mode="reflect")


def frequency_grid(height: int, width: int) -> tuple[FloatArray, FloatArray]:
    """(fx, fy) of `numpy.fft.rfft2` for that size, in cycles per pixel, broadcastable to (height, width // 2
    + 1).
    """
    fx = np.fft.rfftfreq(width)[None, :]
    fy = np.fft.fftfreq(height)[:, None]
    return np.asarray(fx, np.float64), np.asarray(fy, np.float64)


def block_mean(image: FloatArray, block: int) -> FloatArray:
    """Means over blocks of about `block` px: (rows, columns) with rows = round(H / block), at least 1;
    nothing is cut off.
    """
    rows = max(1, round(image.shape[0] / block))
    columns = max(1, round(image.shape[1] / block))
    return _separable(image, _area_matrix(image.shape[0], rows), _area_matrix(image.shape[1], columns))
