# SPDX-License-Identifier: Apache-2.0
"""Enlarge a picture 1.3 to 4 times with invented detail that averages out to the picture that was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from wonderzoom_rt.errors import CancelledError, InputError
from wonderzoom_rt.synth.detail.bandnoise import fractal, smear
from wonderzoom_rt.synth.detail.filters import dilate, erode, gaussian, luma
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.matter import matter
from wonderzoom_rt.synth.detail.resample import Axis, FloatArray, Resampler
from wonderzoom_rt.synth.detail.shock import shock
from wonderzoom_rt.synth.detail.statistics import measure, rise

Quality = Literal["fast", "best"]

_RATIOS = (1.2, 4.2)


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
    grids, left, top = _grids(low, size, margin, window)
    patch = Patch(origin[0] - left, origin[1] - top, grids.x.high, grids.y.high, seed)
    tell = _Progress(progress, cancelled)
    high = _synthesize(np.ascontiguousarray(low, dtype=np.float32), grids, patch, octave)
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


def _synthesize(low: FloatArray, grids: Resampler, patch: Patch, octave: float) -> FloatArray:
    """Crisp outlines first, then noise wherever they leave less energy than the low picture promises."""
    ratio = grids.ratio
    depth = float(np.clip((octave - 1.0) / 2.5, 0, 1))
    statistics = measure(low, ratio, depth)
    cos, sin = _direction(grids, statistics)
    plain = grids.lift(low)
    trust = np.clip(grids.up(np.maximum(statistics.outline, 0.6 * depth * rise(statistics.hidden, 0.003, 0.01))), 0, 1)
    base = shock(plain, cos, sin, trust, ratio=ratio, rounds=2)
    base = _within(base, low, grids)
    wanted = statistics.hidden
    if depth > 0:
        wanted = _steered(wanted, depth)
    present = _low_rms(luma(base - plain), grids, 1.5)
    missing = np.sqrt(np.maximum(wanted * wanted - present * present, 0.1 * wanted * wanted))
    plane = np.clip(luma(low), 0, 1)
    room = np.minimum(plane, 1 - plane) + 0.02
    missing = GAIN * missing * room / np.sqrt(room * room + 4 * missing * missing)
    field = _band(grids, statistics, patch, cos, sin) * np.float32(1 - depth)
    if depth > 0:
        field = field + np.float32(depth) * matter(low, grids, statistics, patch, octave)
    sharp = field - np.float32(0.5 + 0.5 * depth) * gaussian(field, HPS * ratio)
    finest = sharp - gaussian(sharp, 0.75)
    octaves = np.log2(ratio)
    share = min(1.0, 1.0 / octaves)
    detail = np.zeros_like(field)
    for band, part in ((grids.detail(finest), 0.75 * share), (grids.detail(sharp - finest), 1 - 0.75 * share)):
        unit = _low_rms(band, grids, 8.0) + np.float32(1e-6)
        detail += band * grids.up(np.float32(np.sqrt(part)) * missing / unit)
    if DEBUG: print('hidden %.4f wanted %.4f present %.4f missing %.4f got %.4f' % tuple(float(np.sqrt((v**2).mean())) for v in (statistics.hidden, wanted, present, missing, detail)))
    detail = grids.detail(detail)
    if depth > 0:
        body = grids.down(field - sharp)
        unit = np.sqrt(gaussian(body*body, 8.0)) + 1e-6
        detail = detail + depth * grids.lift(KEEP * np.tanh(body * missing / unit / KEEP))
    return base + detail[..., None] * grids.up(statistics.color)


def _low_rms(high, grids, sigma):
    return np.sqrt(gaussian(np.maximum(grids.down(high * high), 0), sigma))


def _direction(grids, statistics):
    cos, sin = statistics.cos, statistics.sin
    angle = 0.5 * np.arctan2(grids.up(2 * cos * sin), grids.up(cos * cos - sin * sin))
    return np.cos(angle), np.sin(angle)


def _within(base, low, grids):
    darkest, brightest = grids.up(erode(low)) - 0.01, grids.up(dilate(low)) + 0.01
    for _ in range(2):
        base = np.clip(grids.project(base, low), darkest, brightest)
    return base

HPS = 0.32
DEBUG=0
GAIN = 0.9
KEEP = 0.011
PRIOR = 0.09
JUST_SEEN = 1.5 / 255

def _steered(hidden: FloatArray, depth: float) -> FloatArray:
    wished = np.sqrt(PRIOR * np.maximum(hidden, 1e-5))
    upper = np.sqrt(2.2 * hidden**2 + 1.5 * JUST_SEEN**2)
    wished = np.clip(wished, 1.15 * hidden, np.maximum(upper, 1.15 * hidden))
    return np.asarray(hidden + depth * (wished - hidden), dtype=np.float32)

def _band(grids, statistics, patch, cos, sin):
    coherence = np.clip(grids.up(statistics.coherence), 0, 1)
    noise = fractal(patch, 0)
    fibres = smear(noise, cos, sin, length=3)
    return noise + coherence * (fibres - noise)
