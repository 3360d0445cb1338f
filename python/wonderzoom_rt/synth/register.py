# SPDX-License-Identifier: Apache-2.0
"""Depth of a new level, in agreement with what is known of the place already.

Every length here is in the new level's own pixels (footprints), or relative to `D_eff`, the distance at which the
level will be lived in: footprint times home focal. The far eye's distance plays no part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from .guide import CoarseView, coarse_means, coarse_view, guided_distance, sampled
from .relief import masked_blur, relief_px
from .types import Context

Array = NDArray[Any]

MEDIAN_SHARE = 0.0038
"""Largest median deviation from the coarse distance, over D_eff, that relief may cause."""


def zoom_distance(
    context: Context, camera: Camera, picture: NDArray[np.float32], *, home_focal: float
) -> NDArray[np.float64]:
    """Radial distances (H,W) float64, wu, +inf for sky, of a level's picture (H,W,3) inside its context.

    The context's surfaces, their jumps laid on the picture's edges, and relief of some pixels' height; means over
    coarse pixels keep to the context's distance within MEDIAN_SHARE of D_eff, in the median, off the edges.
    Raises InputError where `camera` looks from another eye than the context.
    """
    view = coarse_view(context.picture, context.distance, context.camera, camera)
    with ThreadPoolExecutor(max_workers=1) as aside:
        # Without sky in the context there is none in the picture: what the relief is read from need not be awaited.
        early = aside.submit(relief_px, picture) if np.isfinite(view.distance).all() else None
        distance = guided_distance(view, picture)
    solid = np.isfinite(distance)
    if not solid.any():
        return distance
    relief = early.result() if early else relief_px(picture, None if solid.all() else solid)
    means, whole = coarse_means(relief, view)
    whole &= np.isfinite(view.distance)
    if whole.any():
        usual = float(np.median(np.abs(means[whole])))
        relief *= min(1.0, MEDIAN_SHARE * home_focal / max(usual, 1e-9))
    distance *= 1.0 - relief.astype(np.float64) / camera.focal  # none in the sky
    return distance


def fit_scale_shift(
    estimate: Array, reference: Array, weight: Array | None = None, *, rounds: int = 12
) -> tuple[float, float]:
    """Scale and shift that bring `estimate` to `reference`, by least squares that disbelieve outliers.

    Arrays of one shape; pairs that are not finite, or of weight 0, are left out. From the median slope of
    random pairs on, weights of Cauchy's kind are iterated, their width from the median deviation. Raises InputError
    for fewer than 8 usable pairs.
    """
    usable = np.isfinite(estimate) & np.isfinite(reference)
    if weight is not None:
        usable &= weight > 0
    if usable.sum() < 8:
        raise InputError(
            f"a depth estimate must share at least 8 known pixels with its context, got {int(usable.sum())}"
        )
    x, y = np.asarray(estimate, dtype=np.float64)[usable], np.asarray(reference, dtype=np.float64)[usable]
    base = np.ones_like(x) if weight is None else np.asarray(weight, dtype=np.float64)[usable]
    scale = _median_slope(x, y)
    shift = float(np.median(y - scale * x))
    for _ in range(rounds):
        residual = y - scale * x - shift
        width = 2.0 * 1.4826 * float(np.median(np.abs(residual))) + 1e-12 * float(np.abs(y).max())
        trust = base / (1.0 + (residual / width) ** 2)
        total = trust.sum()
        mean_x, mean_y = float(trust @ x / total), float(trust @ y / total)
        spread = float(trust @ (x - mean_x) ** 2)
        if spread <= 1e-18 * float(total) * (mean_x * mean_x + 1e-300):
            return 1.0, mean_y - mean_x
        scale = float(trust @ ((x - mean_x) * (y - mean_y))) / spread
        shift = mean_y - scale * mean_x
    return scale, shift


def _median_slope(x: Array, y: Array, *, pairs: int = 4000) -> float:
    """Median slope over random pairs (Theil 1950, Sen 1968); 1 where x does not vary."""
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, len(x), (2, pairs))
    run = x[second] - x[first]
    usable = np.abs(run) > 0.1 * float(np.std(x))
    return float(np.median((y[second] - y[first])[usable] / run[usable])) if usable.any() else 1.0


def register_estimate(
    estimate: Array,
    context: Context,
    camera: Camera,
    *,
    home_focal: float,
    segments: NDArray[np.int32] | None = None,
) -> NDArray[np.float64]:
    """An estimated distance map (H,W), right up to scale and shift, brought onto the context.

    Robust scale and shift; then per segment (labels (H,W); the whole picture when left out) the median offset; then
    a smooth correction, so that means over coarse pixels agree. Pixels where the estimate is infinite stay sky.
    Raises InputError for shapes that differ or too little in common.
    """
    values = np.asarray(estimate, dtype=np.float64)
    if values.shape != (camera.height, camera.width):
        raise InputError(
            f"a depth estimate must have shape {(camera.height, camera.width)}, got {values.shape}"
        )
    view = coarse_view(context.picture, context.distance, context.camera, camera)
    means, whole = coarse_means(np.where(np.isfinite(values), values, 0.0), view)
    solid, _ = coarse_means(np.isfinite(values).astype(np.float64), view)
    known = whole & (solid > 0.999) & np.isfinite(view.distance)
    # a distance over its own footprint: large, so the fit works on offsets from the middle
    middle = float(np.median(view.distance[known])) if known.any() else 0.0
    scale, shift = fit_scale_shift(np.where(known, means, np.nan), view.distance - middle)
    placed = values * scale + shift
    target = np.where(known, view.distance - middle, np.nan)
    if segments is not None:
        placed = _shifted_by_segment(placed, target, segments, view)
    placed = _corrected(placed, target, view, limit=0.25 * home_focal * middle / camera.focal)
    return np.where(np.isfinite(values), np.maximum(placed + middle, 1e-3 * middle), np.inf)


def _shifted_by_segment(
    placed: Array, target: Array, segments: NDArray[np.int32], view: CoarseView
) -> NDArray[np.float64]:
    """Each segment moved by the median of what it is off, over the coarse pixels at its pixels."""
    finite = np.where(np.isfinite(placed), placed, 0.0)
    off = target - coarse_means(finite, view)[0]
    rows = np.clip(np.rint(view.rows), 0, len(off) - 1).astype(int)
    columns = np.clip(np.rint(view.columns), 0, off.shape[1] - 1).astype(int)
    at_pixels = off[np.ix_(rows, columns)]
    moved = placed.copy()
    for label in np.unique(segments):
        here = (segments == label) & np.isfinite(at_pixels)
        if here.sum() >= 16:
            moved[segments == label] += np.median(at_pixels[here])
    return moved


def _corrected(placed: Array, target: Array, view: CoarseView, *, limit: float) -> NDArray[np.float64]:
    """The smooth field added that makes coarse means agree; what is off by more than `limit` is not believed."""
    result = placed
    for radius in (6.0, 2.0, 1.0):
        finite = np.where(np.isfinite(result), result, 0.0)
        off = target - coarse_means(finite, view)[0]
        believed = np.isfinite(off) & (np.abs(off) < limit)
        if not believed.any():
            return result
        unit = float(np.abs(off[believed]).max()) or 1.0
        field = masked_blur(
            np.where(believed, off / unit, 0).astype(np.float32), believed.astype(np.float32), radius
        )
        result = result + sampled(field.astype(np.float64) * unit, view)
    return result
