# SPDX-License-Identifier: Apache-2.0
"""The enlarged picture before invented texture: crisp outlines that keep the low picture's area means."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wonderzoom_rt.synth.detail.filters import dilate, erode, gaussian, luma
from wonderzoom_rt.synth.detail.network import factor, super_resolve
from wonderzoom_rt.synth.detail.resample import FloatArray, Resampler
from wonderzoom_rt.synth.detail.shock import shock
from wonderzoom_rt.synth.detail.statistics import LowStatistics, rise
from wonderzoom_rt.synth.opencv import opencv

_OVERSHOOT, _OVERSHOOT_SHARE = 0.01, 0.08
_TILE = 96

Directions = tuple[FloatArray, FloatArray]
"""Cosine and sine (H, W) of the direction across the structure."""


def shocked(
    low: FloatArray,
    grids: Resampler,
    statistics: LowStatistics,
    along: Callable[[], Directions],
    depth: float,
) -> FloatArray:
    """Outlines by the shock filter; the deeper (0..1), the more texture too is drawn with outlines. `along` answers
    `direction` of the high grid."""
    cos, sin = along()
    textured = np.float32(0.6 * depth) * rise(statistics.hidden, 0.003, 0.01)
    trust = np.clip(grids.up(np.maximum(statistics.outline, textured)), 0, 1)
    return _consistent(shock(grids.lift(low), cos, sin, trust, ratio=grids.ratio, rounds=2), low, grids)


def redrawn(
    low: FloatArray, grids: Resampler, statistics: LowStatistics, tell: Callable[[float], None]
) -> FloatArray:
    """Outlines by the best network. It sees the picture at a quarter of the high grid, so that its x4 answer
    lies on that grid exactly; where it drew more than the low picture promises, its detail is weakened."""
    times = factor("best4")
    plain = grids.lift(low)
    rows, columns = grids.high_shape
    padding = ((0, -rows % times), (0, -columns % times), (0, 0))
    padded = np.pad(plain, padding, mode="edge")
    cv2 = opencv()
    small = cv2.resize(
        padded, (padded.shape[1] // times, padded.shape[0] // times), interpolation=cv2.INTER_AREA
    )
    drawn = super_resolve(small, network="best4", tile=_TILE, tell=tell)[:rows, :columns]
    base = _consistent(drawn, low, grids)
    drawn_rms = local_rms(luma(base - plain), grids, 2.0)
    weakened = np.minimum(1.0, 1.3 * statistics.hidden / (drawn_rms + 1e-6))
    weight = np.clip(grids.up(np.asarray(weakened, dtype=np.float32)), 0, 1)[..., None]
    return np.asarray(plain + weight * (base - plain), dtype=np.float32)


def direction(grids: Resampler, statistics: LowStatistics) -> Directions:
    """(cos, sin) on the high grid of the direction across the structure; up-sampled as a double angle, which
    has no sign to jump."""
    cos, sin = statistics.cos, statistics.sin
    angle = 0.5 * np.arctan2(grids.up(2 * cos * sin), grids.up(cos * cos - sin * sin))
    return np.cos(angle), np.sin(angle)


def local_rms(high: FloatArray, grids: Resampler, sigma: float) -> FloatArray:
    """Rms of a high plane about each low pixel, in a Gaussian window of `sigma` low pixels; on the low
    grid.
    """
    power = np.maximum(grids.down(high * high), 0)
    return np.asarray(np.sqrt(gaussian(power, sigma)), dtype=np.float32)


def _consistent(base: FloatArray, low: FloatArray, grids: Resampler) -> FloatArray:
    """Alternating projections on two sets: area means equal to `low`, values within those of the low
    neighbours (so that no outline overshoots). The last step is the second, which leaves an error below
    1/255 rms."""
    least, most = erode(low), dilate(low)
    slack = np.float32(_OVERSHOOT) + np.float32(_OVERSHOOT_SHARE) * (most - least)
    darkest, brightest = grids.up(least - slack), grids.up(most + slack)
    for _ in range(2):
        base = np.clip(grids.project(base, low), darkest, brightest)
    return base
