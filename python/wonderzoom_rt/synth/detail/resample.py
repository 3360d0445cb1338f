# SPDX-License-Identifier: Apache-2.0
"""Area down-sampling and smooth up-sampling between pixel grids of any ratio and offset.

A *low* grid and a finer *high* grid lie over each other. Along one axis, the high grid's first edge is at
`start` in low pixel coordinates (low pixel i covers [i, i+1)), and one low pixel is `ratio` high pixels wide.
Everything is separable, so an image operator is two banded matrices:

* `down`  - the exact mean of the high pixels over each low pixel's area (shared pixels count by their share);
* `up`    - Catmull-Rom interpolation at the high pixels' centres, clamped at the border;
* `lift`  - `up (down up)^-1`: the smooth picture whose area means are exactly the given low picture, so that
  `down(lift(x)) == x`, and one step `high + lift(low - down(high))` is an exact projection.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.banded import banded_product

FloatArray = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_BLOCK_ROWS_DOWN, _BLOCK_ROWS_UP = 16, 32
_BAND_CUT = 2e-6
_making = threading.Lock()


@dataclass(frozen=True)
class Axis:
    """One axis of a pair of grids. `ratio` >= 1 high pixels per low pixel; the high grid must cover the low
    one.
    """

    low: int
    high: int
    ratio: float
    start: float = 0.0

    def __post_init__(self) -> None:
        if self.low < 2 or self.high < 2:
            raise InputError(
                f"expected at least 2 pixels on each axis, got {self.low} low and {self.high} high"
            )
        if not 1.0 <= self.ratio <= 64.0:
            raise InputError(f"expected a ratio in 1..64, got {self.ratio}")
        end = self.start + self.high / self.ratio
        if self.start > 1e-6 or end < self.low - 1e-6:
            raise InputError(
                f"expected a high grid that covers low pixels 0..{self.low}, "
                f"got one from {self.start:.4f} to {end:.4f}"
            )

    @staticmethod
    def covering(low: int, ratio: float, window_start: float, window_high: int) -> tuple[Axis, int]:
        """The axis whose high grid covers all `low` pixels and holds a window of `window_high` pixels.

        The window's first edge is at `window_start` low pixels. Returns the axis and the window's first
        index.
        """
        before = max(0, int(np.ceil(window_start * ratio - 1e-9)))
        after = max(0, int(np.ceil((low - window_start) * ratio - window_high - 1e-9)))
        return Axis(low, before + window_high + after, ratio, window_start - before / ratio), before


def _area_matrix(axis: Axis) -> Matrix:
    """(low, high): share of each high pixel in each low pixel's mean; rows sum to 1."""
    edges = (np.arange(axis.low + 1) - axis.start) * axis.ratio
    first = np.arange(axis.high)
    overlap = np.minimum(edges[1:, None], first + 1.0) - np.maximum(edges[:-1, None], first)
    weights = np.maximum(overlap, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _cubic_matrix(axis: Axis) -> Matrix:
    """(high, low): Catmull-Rom weights at the high pixels' centres; rows sum to 1."""
    centre = (np.arange(axis.high) + 0.5) / axis.ratio + axis.start - 0.5
    base = np.floor(centre).astype(np.int64)
    t = centre - base
    weights = (
        -0.5 * t + t**2 - 0.5 * t**3,
        1.0 - 2.5 * t**2 + 1.5 * t**3,
        0.5 * t + 2.0 * t**2 - 1.5 * t**3,
        -0.5 * t**2 + 0.5 * t**3,
    )
    matrix = np.zeros((axis.high, axis.low))
    for tap, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(axis.high), np.clip(base + tap - 1, 0, axis.low - 1)), weight)
    return matrix


class _Banded:
    """A banded matrix kept as dense blocks of rows, applied along either axis of a plane by matrix
    products.
    """

    def __init__(self, matrix: Matrix) -> None:
        self.rows, self.columns = matrix.shape
        self._blocks: list[tuple[slice, slice, FloatArray]] = []
        step = _BLOCK_ROWS_DOWN if self.rows < self.columns else _BLOCK_ROWS_UP
        for first in range(0, self.rows, step):
            rows = slice(first, min(first + step, self.rows))
            used = np.flatnonzero(np.abs(matrix[rows]).max(axis=0) > _BAND_CUT)
            columns = slice(int(used[0]), int(used[-1]) + 1)
            self._blocks.append(
                (rows, columns, np.ascontiguousarray(matrix[rows, columns], dtype=np.float32))
            )

    def down_columns(self, image: FloatArray) -> FloatArray:
        """(columns, n) -> (rows, n), or (columns, n, C) -> (rows, n, C)."""
        flat = np.ascontiguousarray(image, dtype=np.float32).reshape(self.columns, -1)
        result = np.empty((self.rows, flat.shape[1]), np.float32)
        for rows, columns, block in self._blocks:
            np.matmul(block, flat[columns], out=result[rows])
        return result.reshape(self.rows, *image.shape[1:])

    def along_rows(self, image: FloatArray) -> FloatArray:
        """(n, columns) -> (n, rows), or (n, columns, C) -> (n, rows, C)."""
        result = np.empty((len(image), self.rows, *image.shape[2:]), np.float32)
        planes = [(image, result)]
        if image.ndim == 3:
            planes = [(image[..., c], result[..., c]) for c in range(image.shape[2])]
        for plane, target in planes:
            contiguous = np.ascontiguousarray(plane, dtype=np.float32)
            for rows, columns, block in self._blocks:
                target[:, rows] = contiguous[:, columns] @ block.T
        return result


def _operators(axis: Axis) -> tuple[_Banded, _Banded, _Banded]:
    with _making:  # or threads that need the same ones would each make them
        return _made_operators(axis)


@lru_cache(maxsize=16)
def _made_operators(axis: Axis) -> tuple[_Banded, _Banded, _Banded]:
    area, cubic = _area_matrix(axis), _cubic_matrix(axis)
    inverse = np.asarray(np.linalg.inv(banded_product(area, cubic)), dtype=np.float64)
    lift = banded_product(cubic, inverse)
    return _Banded(area), _Banded(cubic), _Banded(lift)


class Resampler:
    """The operators between a low and a high grid, each (H, W) or (H, W, C) float32 in, the same rank out."""

    def __init__(self, *, x: Axis, y: Axis) -> None:
        self.x, self.y = x, y

    @property
    def low_shape(self) -> tuple[int, int]:
        """(rows, columns) of the low grid."""
        return self.y.low, self.x.low

    @property
    def high_shape(self) -> tuple[int, int]:
        """(rows, columns) of the high grid."""
        return self.y.high, self.x.high

    @property
    def ratio(self) -> float:
        """Geometric mean of the two axes' ratios, high pixels per low pixel."""
        return float(np.sqrt(self.x.ratio * self.y.ratio))

    def down(self, high: FloatArray) -> FloatArray:
        """Exact area means over the low pixels."""
        return self._apply(0, high, self.high_shape)

    def up(self, low: FloatArray) -> FloatArray:
        """Catmull-Rom interpolation (overshoots a little at edges)."""
        return self._apply(1, low, self.low_shape)

    def lift(self, low: FloatArray) -> FloatArray:
        """The smooth high picture whose area means are `low`."""
        return self._apply(2, low, self.low_shape)

    def project(self, high: FloatArray, low: FloatArray) -> FloatArray:
        """`high` changed smoothly so that its area means are exactly `low`."""
        change = self.lift(low - self.down(high))
        change += high
        return change

    def detail(self, high: FloatArray) -> FloatArray:
        """The part of `high` that no low pixel sees: its area means are zero."""
        seen = self.lift(self.down(high))
        return np.subtract(high, seen, out=seen)

    def _apply(self, which: int, image: FloatArray, expected: tuple[int, int]) -> FloatArray:
        if image.ndim not in (2, 3) or image.shape[:2] != expected:
            raise InputError(f"expected an image of {expected} pixels, got an array of shape {image.shape}")
        x, y = _operators(self.x)[which], _operators(self.y)[which]
        # Along the rows while there are few of them.
        return x.along_rows(y.down_columns(image)) if which == 0 else y.down_columns(x.along_rows(image))
