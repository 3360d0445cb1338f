# SPDX-License-Identifier: Apache-2.0
"""Products with matrices that are zero but for a band, such as those that resample an axis."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

BLOCK_ROWS = 32
"""Rows that one product takes: more hold more zeros beside the band, fewer are many small calls."""


def banded_product(band: Matrix, right: Matrix) -> Matrix:
    """`band` @ `right`, where each row of `band` is zero outside a run of columns that moves on from row to row."""
    result = np.empty((len(band), right.shape[1]))
    for rows, columns in _blocks(band):
        np.matmul(band[rows, columns], right[columns], out=result[rows])
    return result


def product_with_transposed(left: Matrix, band: Matrix) -> Matrix:
    """`left` @ `band.T`, where `band` is as for `banded_product`."""
    result = np.empty((len(left), len(band)))
    for rows, columns in _blocks(band):
        result[:, rows] = left[:, columns] @ band[rows, columns].T
    return result


def _blocks(band: Matrix) -> Iterator[tuple[slice, slice]]:
    """Runs of rows, and the columns that any of them uses."""
    for first in range(0, len(band), BLOCK_ROWS):
        rows = slice(first, first + BLOCK_ROWS)
        used = np.flatnonzero(band[rows].any(axis=0))
        yield rows, slice(int(used[0]), int(used[-1]) + 1) if used.size else slice(0, 0)
