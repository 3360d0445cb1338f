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

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from wonderzoom_rt.errors import InputError

FloatArray = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]

_CHUNK_ROWS = 96
_BAND_CUT = 2e-5


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
        for first in range(0, self.rows, _CHUNK_ROWS):
            rows = slice(first, min(first + _CHUNK_ROWS, self.rows))
            used = np.flatnonzero(np.abs(matrix[rows]).max(axis=0) > _BAND_CUT)
            columns = slice(int(used[0]), int(used[-1]) + 1)
            self._blocks.append(
                (rows, columns, np.ascontiguousarray(matrix[rows, columns], dtype=np.float32))
            )

    def down_columns(self, plane: FloatArray) -> FloatArray:
        """(columns, n) -> (rows, n)."""
        result = np.empty((self.rows, plane.shape[1]), np.float32)
        for rows, columns, block in self._blocks:
            np.matmul(block, plane[columns], out=result[rows])
        return result

    def along_rows(self, plane: FloatArray) -> FloatArray:
        """(n, columns) -> (n, rows)."""
        result = np.empty((plane.shape[0], self.rows), np.float32)
        for rows, columns, block in self._blocks:
            result[:, rows] = plane[:, columns] @ block.T
        return result


@lru_cache(maxsize=16)
def _operators(axis: Axis) -> tuple[_Banded, _Banded, _Banded]:
    area, cubic = _area_matrix(axis), _cubic_matrix(axis)
    lift = cubic @ np.linalg.inv(area @ cubic)
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
        return np.asarray(high + self.lift(low - self.down(high)), dtype=np.float32)

    def detail(self, high: FloatArray) -> FloatArray:
        """The part of `high` that no low pixel sees: its area means are zero."""
        return np.asarray(high - self.lift(self.down(high)), dtype=np.float32)

    def _apply(self, which: int, image: FloatArray, expected: tuple[int, int]) -> FloatArray:
        if image.ndim not in (2, 3) or image.shape[:2] != expected:
            raise InputError(f"expected an image of {expected} pixels, got an array of shape {image.shape}")
        x, y = _operators(self.x)[which], _operators(self.y)[which]
        planes = [image] if image.ndim == 2 else [image[..., c] for c in range(image.shape[2])]
        results = []
        for plane in planes:
            contiguous = np.ascontiguousarray(plane, dtype=np.float32)
            if x.rows < x.columns:
                results.append(y.down_columns(x.along_rows(contiguous)))
            else:
                results.append(x.along_rows(y.down_columns(contiguous)))
        return results[0] if image.ndim == 2 else np.stack(results, axis=-1)
