# SPDX-License-Identifier: Apache-2.0
"""Enlarge a picture 1.3 to 4 times with invented detail that averages out to the picture that was given."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np

from wonderzoom_rt.errors import CancelledError, InputError
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.outlines import Directions, direction, redrawn, shocked
from wonderzoom_rt.synth.detail.resample import Axis, FloatArray, Resampler
from wonderzoom_rt.synth.detail.statistics import measure
from wonderzoom_rt.synth.detail.texture import texture_field, textured

Quality = Literal["fast", "best"]

_RATIOS = (1.2, 4.2)
# Octaves below the photograph between which band noise gives way to procedural matter.
_MATTER_OCTAVES = (1.0, 3.5)
# Deeper below the photograph the network would redraw matter of our own making: half a minute for a picture that looks
# alike. (As with matter, a picture of the user's own that deep is not told apart.)
_NETWORK_OCTAVES = 6.01


def enlarge(
    low: FloatArray,
    *,
    size: tuple[int, int],
    quality: Quality,
    origin: tuple[int, int],
    octave: float,
    seed: int,
    margin: int = 0,
    window: tuple[float, float, float, float] | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> FloatArray:
    """Invent the detail between a low picture's pixels.

    `low`: (rows, columns, 3) float32 display sRGB, values within [-1, 2]; it holds the wanted view and,
    better, some pixels around it. `size`: (width, height) px of the result, 1.3 to 4 times the view's size
    in low pixels. The view is `window` = (x, y, width, height) in low pixels, fractions allowed, or `low`
    without `margin` px on each side. `origin`: the result's first pixel in the pixel lattice of its zoom
    depth (integers up to 2^60); detail is anchored there, so that overlapping views agree. `octave`: octaves
    zoomed in since the photograph. `progress` is told the fraction done, 0..1; `cancelled` is asked between
    steps, and if true, CancelledError is raised.

    Returns (height, width, 3) float32 whose area means over the low pixels equal `low` (not clipped to 0..1).
    Raises InputError for arguments out of range and MissingExtraError where an optional package is missing.
    """
    if quality not in ("fast", "best"):
        raise InputError(f"expected quality fast or best, got {quality!r}")
    grids, left, top = _grids(low, size, margin, window)
    patch = Patch(origin[0] - left, origin[1] - top, grids.x.high, grids.y.high, seed)
    tell = _Progress(progress, cancelled)
    tell(0.0)
    high = _synthesize(np.ascontiguousarray(low, dtype=np.float32), grids, patch, octave, quality, tell)
    tell(1.0)
    width, height = size
    return np.ascontiguousarray(high[top : top + height, left : left + width])


class _Progress:
    """Tells the fraction done and stops the work when it was cancelled."""

    def __init__(
        self, progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None
    ) -> None:
        self._progress, self._cancelled = progress, cancelled

    def __call__(self, fraction: float) -> None:
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("the enlargement was cancelled")
        if self._progress is not None:
            self._progress(fraction)


def _grids(
    low: FloatArray, size: tuple[int, int], margin: int, window: tuple[float, float, float, float] | None
) -> tuple[Resampler, int, int]:
    """The grids that cover all of `low`, and the view's first pixel (column, row) in the high one."""
    if low.ndim != 3 or low.shape[2] != 3 or min(low.shape[:2]) < 8:
        raise InputError(
            f"expected a picture of shape (rows, columns, 3), at least 8 px each, got {low.shape}"
        )
    if not np.isfinite(low).all():
        raise InputError("expected a picture of finite values, got NaN or infinity")
    rows, columns = low.shape[:2]
    width, height = size
    if window is None:
        window = (margin, margin, columns - 2 * margin, rows - 2 * margin)
    x, y, window_width, window_height = window
    if x < 0 or y < 0 or window_width <= 0 or window_height <= 0:
        raise InputError(f"expected a view inside the picture of {columns} x {rows} px, got {window}")
    if x + window_width > columns + 1e-6 or y + window_height > rows + 1e-6:
        raise InputError(f"expected a view inside the picture of {columns} x {rows} px, got {window}")
    ratios = width / window_width, height / window_height
    if not all(_RATIOS[0] <= ratio <= _RATIOS[1] for ratio in ratios):
        raise InputError(f"expected an enlargement of {_RATIOS[0]} to {_RATIOS[1]} times, got {ratios}")
    x_axis, left = Axis.covering(columns, ratios[0], x, width)
    y_axis, top = Axis.covering(rows, ratios[1], y, height)
    return Resampler(x=x_axis, y=y_axis), left, top


def _synthesize(
    low: FloatArray,
    grids: Resampler,
    patch: Patch,
    octave: float,
    quality: Quality,
    tell: Callable[[float], None],
) -> FloatArray:
    """Outlines and texture need little of each other until the end, so they are made side by side."""
    depth = float(np.clip((octave - _MATTER_OCTAVES[0]) / (_MATTER_OCTAVES[1] - _MATTER_OCTAVES[0]), 0, 1))
    statistics = measure(low, grids.ratio, depth)
    along = _once(lambda: direction(grids, statistics))
    with ThreadPoolExecutor(max_workers=1) as aside:
        field = aside.submit(texture_field, low, grids, statistics, patch, along, octave=octave, depth=depth)
        if quality == "best" and octave <= _NETWORK_OCTAVES:
            base = redrawn(low, grids, statistics, lambda fraction: tell(0.9 * fraction))
        else:
            base = shocked(low, grids, statistics, along, depth)
        tell(0.9)
        return textured(base, low, grids, statistics, field.result(), depth)


def _once(make: Callable[[], Directions]) -> Callable[[], Directions]:
    """Answers what `make` made when first asked, from whatever thread."""
    made: list[Directions] = []
    making = threading.Lock()

    def answer() -> Directions:
        with making:
            if not made:
                made.append(make())
        return made[0]

    return answer
