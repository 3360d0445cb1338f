# SPDX-License-Identifier: Apache-2.0
"""Slopes of a distance map in its own pixels, and where it jumps.

A slope is the change of distance from one pixel to the next over the footprint there: 1 is a surface at 45
degrees. It does not depend on how deep the zoom is; only the differences need float64, what follows does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .. import _core

JUMP_PX = 3.0
JUMP_OF_BESIDE = 2.0
"""A step of the distance above JUMP_PX footprints and so many times the smaller of the two beside it is an edge."""
STEEPEST_SLOPE = 16.0
"""Any step above this many footprints is an edge: no disc could span it."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """Per pixel (H,W): slope along columns `across` and rows `down`, float32, taken on the pixel's own side of an edge.

    edge: a neighbour of the four stands on another surface. between: the pixel stands between a nearer and a
    farther surface, on neither.
    """

    across: NDArray[np.float32]
    down: NDArray[np.float32]
    edge: NDArray[np.bool_]
    between: NDArray[np.bool_]


def measure_slopes(distance: NDArray[np.float64], focal: float, *, tolerance: float = 1.0) -> Slopes:
    """The slopes of radial distances (H,W), wu or any unit, +inf for sky, seen with `focal` px.

    tolerance: how many times larger than usual a step must be to count as a jump.
    """
    maps = _core.measure_slopes(
        np.ascontiguousarray(distance, dtype=np.float64),
        focal,
        tolerance * STEEPEST_SLOPE,
        JUMP_PX,
        JUMP_OF_BESIDE,
        tolerance,
    )
    return Slopes(**maps)


def steps_along_rows(
    distance: NDArray[np.float64], focal: float, tolerance: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Steps (H,W-1) from each pixel to its right neighbour in footprints of the nearer, and which of them are edges.

    From or to the sky the step is infinite; within the sky it is 0.
    """
    left, right = distance[:, :-1], distance[:, 1:]
    with np.errstate(invalid="ignore"):
        steps = ((right - left) * (focal / np.minimum(left, right))).astype(np.float32)
    steps[np.isnan(steps)] = 0.0
    size = np.abs(steps)
    beside = np.zeros_like(size)
    if size.shape[1] > 1:
        beside[:, 1:-1] = np.minimum(size[:, 2:], size[:, :-2])
        beside[:, 0], beside[:, -1] = size[:, 1], size[:, -2]
    edges = (size > tolerance * STEEPEST_SLOPE) | (size > tolerance * (JUMP_PX + JUMP_OF_BESIDE * beside))
    return steps, edges
