# SPDX-License-Identifier: Apache-2.0
"""Natural cubic splines and ease-in-out, for camera motion without a jerk."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class NaturalSpline:
    """The twice continuously differentiable curve through `values` (K,D) at `knots` (K,), straight at its ends.

    knots must rise. Beyond them the curve holds its end value. One knot makes a constant.
    """

    def __init__(self, knots: Any, values: Any) -> None:
        self._knots: Array = np.asarray(knots, dtype=np.float64)
        self._values: Array = np.asarray(values, dtype=np.float64).reshape(len(self._knots), -1)
        self._bends = _second_derivatives(self._knots, self._values)

    def __call__(self, position: float) -> Array:
        """The value (D,) at `position`."""
        knots, values = self._knots, self._values
        if len(knots) == 1 or position <= knots[0]:
            return np.array(values[0])
        if position >= knots[-1]:
            return np.array(values[-1])
        right = int(np.searchsorted(knots, position, side="right"))
        left = right - 1
        step = knots[right] - knots[left]
        b = (position - knots[left]) / step
        a = 1.0 - b
        bend = (a**3 - a) * self._bends[left] + (b**3 - b) * self._bends[right]
        result: Array = a * values[left] + b * values[right] + bend * (step * step / 6.0)
        return result


def _second_derivatives(knots: Array, values: Array) -> Array:
    """Second derivatives (K,D) at the knots: the usual three-term system, zero at both ends."""
    count = len(knots)
    bends = np.zeros_like(values)
    if count < 3:
        return bends
    steps = np.diff(knots)
    right = 6.0 * np.diff(np.diff(values, axis=0) / steps[:, None], axis=0)
    diagonal = 2.0 * (steps[:-1] + steps[1:])
    # Elimination of the band below the diagonal, then back: a recorded flight has thousands of knots.
    for row in range(1, count - 2):
        factor = steps[row] / diagonal[row - 1]
        diagonal[row] -= factor * steps[row]
        right[row] -= factor * right[row - 1]
    for row in range(count - 3, -1, -1):
        bends[row + 1] = (right[row] - steps[row + 1] * bends[row + 2]) / diagonal[row]
    return bends


def eased(part: float, *, ramp: float = 0.2) -> float:
    """How far a journey has come (0..1) when `part` (0..1) of its time is over.

    It speeds up smoothly over the first `ramp` of the time, goes at one speed, and slows down over the last;
    speed and acceleration are continuous, and zero at both ends. ramp: 0..0.5.
    """
    part = min(max(part, 0.0), 1.0)
    if part > 0.5:
        return 1.0 - eased(1.0 - part, ramp=ramp)
    if part >= ramp:
        return (part - 0.5 * ramp) / (1.0 - ramp)
    x = part / ramp
    return ramp * (x**3 - 0.5 * x**4) / (1.0 - ramp)
