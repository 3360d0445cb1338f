# SPDX-License-Identifier: Apache-2.0
"""Exact area averages of images: each new pixel is the mean of the rectangle it covers, fractions counted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 32


def area_reduce(
    image: NDArray[Any], size: tuple[int, int], *, window: tuple[float, float, float, float] | None = None
) -> NDArray[np.float32]:
    """The part `window` (x, y, width, height in px; all when left out) of an image (h,w) or (h,w,C) at `size`.

    size: (width, height). Each must be at most that of the window. Works in blocks of rows: memory beyond the
    result stays near one row of blocks, whatever the image's size. Returns float32 in the image's own units.
    """
    rows, columns = image.shape[:2]
    x, y, width, height = window or (0.0, 0.0, float(columns), float(rows))
    flat = image.reshape(rows, -1)
    shorter = _reduce_rows(flat, size[1], y, height)
    channels = flat.shape[1] // columns
    sideways = shorter.reshape(size[1], columns, channels).transpose(1, 0, 2).reshape(columns, -1)
    done = _reduce_rows(sideways, size[0], x, width).reshape(size[0], size[1], channels).transpose(1, 0, 2)
    return np.ascontiguousarray(done).reshape(size[1], size[0], *image.shape[2:])


def _reduce_rows(image: NDArray[Any], count: int, start: float, length: float) -> NDArray[np.float32]:
    out = np.empty((count, image.shape[1]), dtype=np.float32)
    step = length / count
    for first in range(0, count, _BLOCK):
        last = min(first + _BLOCK, count)
        edges = start + step * np.arange(first, last + 1)
        low = max(0, int(np.floor(edges[0] + 1e-9)))
        high = min(len(image), int(np.ceil(edges[-1] - 1e-9)))
        source = np.arange(low, high)
        overlap = (np.minimum(edges[1:, None], source + 1) - np.maximum(edges[:-1, None], source)).clip(
            0, None
        )
        weights = (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)
        out[first:last] = weights @ image[low:high].astype(np.float32)
    return out
