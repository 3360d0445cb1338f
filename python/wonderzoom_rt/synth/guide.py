# SPDX-License-Identifier: Apache-2.0
"""A coarse distance map carried to a finer picture: smooth on surfaces, its jumps laid on the picture's edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from .banded import banded_product, product_with_transposed
from .cameras import same_eye, window_in
from .slopes import measure_slopes

Array = NDArray[Any]

_COLOR_SIGMA = 0.05
"""A difference of colour that counts as much as one coarse pixel of distance when a fine pixel picks its side."""
_BETWEEN_COST = 8.0
_RIM_PX = 12.0
"""Distances that differ by more footprints than this, within 7 pixels, are two surfaces."""
_FARTHEST_PX = 1e5
_SAME_PX = 8.0
"""Distances that differ by fewer footprints than this, within 3 pixels, are one surface."""


@dataclass(frozen=True, eq=False)
class CoarseView:
    """The part of a context under a finer camera, with a margin, and where the finer pixels lie in it.

    picture (h,w,3), distance (h,w); columns (W,) and rows (H,): positions of the fine pixel centres, counted so
    that whole numbers are coarse pixel centres.
    """

    picture: NDArray[np.float32]
    distance: NDArray[np.float64]
    columns: Array
    rows: Array
    focal: float


def coarse_view(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    outer: Camera,
    inner: Camera,
    *,
    margin: int = 8,
) -> CoarseView:
    """The part of a context's images (h,w,3), (h,w) that `inner` looks at. Raises InputError for another eye."""
    if not same_eye(outer, inner):
        raise InputError("a zoom's camera must look from the eye of its context")
    x, y, width, height = window_in(outer, inner)
    columns = x + (np.arange(inner.width) + 0.5) * (width / inner.width) - 0.5
    rows = y + (np.arange(inner.height) + 0.5) * (height / inner.height) - 0.5
    left = int(np.clip(np.floor(columns[0]) - margin, 0, outer.width - 2))
    top = int(np.clip(np.floor(rows[0]) - margin, 0, outer.height - 2))
    right = int(np.clip(np.ceil(columns[-1]) + margin + 1, left + 2, outer.width))
    bottom = int(np.clip(np.ceil(rows[-1]) + margin + 1, top + 2, outer.height))
    part = (slice(top, bottom), slice(left, right))
    return CoarseView(
        np.ascontiguousarray(picture[part]),
        np.ascontiguousarray(distance[part]),
        columns - left,
        rows - top,
        outer.focal,
    )


def guided_distance(view: CoarseView, picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distances (H,W) float64 for a fine picture (H,W,3): the coarse surfaces, without relief.

    Away from jumps: smooth interpolation, corrected so that means over coarse pixels agree. Near a jump each
    fine pixel joins the surface of the coarse neighbour whose colour it has, continued along its own slope; so no
    pixel is left hanging between two surfaces. Sky counts as a surface.
    """
    import cv2

    finite = np.isfinite(view.distance)
    if not finite.any():
        return np.full(picture.shape[:2], np.inf)
    slopes = measure_slopes(view.distance, view.focal)
    surface = np.where(finite, view.distance, 0.0)
    filled = surface if finite.all() else _nearest_filled(surface, finite)
    torn = slopes.edge | ~finite
    calm = cv2.dilate(torn.astype(np.uint8), np.ones((9, 9), np.uint8)) == 0
    fine = _interpolated(filled, view, calm)
    if not torn.any():
        return fine
    near_tear = cv2.dilate(torn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    row = np.clip(np.rint(view.rows), 0, torn.shape[0] - 1).astype(int)
    column = np.clip(np.rint(view.columns), 0, torn.shape[1] - 1).astype(int)
    chosen = near_tear[np.ix_(row, column)]
    if chosen.any():
        fine[chosen] = _joined(view, picture, slopes.across, slopes.down, slopes.between, chosen)
        fine_focal = view.focal * (len(view.rows) - 1) / (view.rows[-1] - view.rows[0])
        fine = _evened(_smooth_rims(fine, chosen, fine_focal), chosen, fine_focal)
    return fine


def coarse_means(fine: Array, view: CoarseView) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Means (h,w) of a fine image (H,W) over the coarse pixels, and which of those it covers completely."""
    row_weights, whole_rows = _overlaps(view.rows, len(view.distance))
    column_weights, whole_columns = _overlaps(view.columns, view.distance.shape[1])
    shorter = banded_product(row_weights, fine.astype(np.float64, copy=False))
    means = product_with_transposed(shorter, column_weights)
    return means, whole_rows[:, None] & whole_columns[None, :]


def _overlaps(positions: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Weights (count, fine) of fine pixels in coarse ones, rows summing to 1, and which coarse ones are whole."""
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    low, high = positions - step / 2, positions + step / 2
    cells = np.arange(count)[:, None]
    overlap = np.clip(np.minimum(high, cells + 0.5) - np.maximum(low, cells - 0.5), 0.0, None)
    total = overlap.sum(axis=1)
    return overlap / np.maximum(total, 1e-12)[:, None], total > 0.999


def sampled(coarse: NDArray[np.float64], view: CoarseView) -> NDArray[np.float64]:
    """A coarse image (h,w) float64 at the fine pixels, smooth to the second derivative (cubic B-spline).

    It follows straight slopes exactly, bends a little less than the coarse values do. Beyond the image slopes go on.
    """
    tall = banded_product(_spline_matrix(view.rows, len(coarse)), _extended(coarse))
    wide = _extended(np.ascontiguousarray(tall.T)).T
    return product_with_transposed(wide, _spline_matrix(view.columns, coarse.shape[1]))


def _extended(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two rows more at either end, by the slope there."""
    before, after = image[0] - image[1], image[-1] - image[-2]
    return np.concatenate(
        [[image[0] + 2 * before, image[0] + before], image, [image[-1] + after, image[-1] + 2 * after]]
    )


def _spline_matrix(positions: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Weights (len(positions), count + 4) of the extended rows at the positions among the rows themselves."""
    first = np.floor(positions).astype(int)
    t = positions - first
    weights = ((1 - t) ** 3, 4 - 6 * t**2 + 3 * t**3, 1 + 3 * t + 3 * t**2 - 3 * t**3, t**3)
    matrix = np.zeros((len(positions), count + 4))
    for step, weight in enumerate(weights):
        np.add.at(matrix, (np.arange(len(positions)), np.clip(first + step + 1, 0, count + 3)), weight / 6.0)
    return matrix


def _interpolated(
    filled: NDArray[np.float64], view: CoarseView, calm: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Smooth samples, with two corrections towards equal means where it is calm: at a jump they would ring.

    Offsets from the middle keep their last digits.
    """
    middle = float(np.median(filled))
    offset = filled - middle
    fine = sampled(offset, view)
    for _ in range(2 if calm.any() else 0):
        means, whole = coarse_means(fine, view)
        fine += sampled(np.where(whole & calm, offset - means, 0.0), view)
    return fine + middle


def _nearest_filled(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(labels.max()) + 1)
    lookup[labels[known]] = values[known]
    result: NDArray[np.float64] = lookup[labels]
    return result


def _joined(
    view: CoarseView,
    picture: NDArray[np.float32],
    across: Array,
    down: Array,
    between: Array,
    chosen: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Distances of the chosen fine pixels (N,), each on the surface of one of the 9 coarse pixels around it."""
    import cv2

    plain = (
        cv2.medianBlur((np.clip(picture, 0, 1) * 255).astype(np.uint8), 5)[chosen].astype(np.float32) / 255
    )
    rows, columns = np.nonzero(chosen)
    row, column = view.rows[rows].astype(np.float32), view.columns[columns].astype(np.float32)
    near_row, near_column = np.rint(row).astype(np.int32), np.rint(column).astype(np.int32)
    height, width = view.distance.shape
    best = np.full(len(rows), np.inf, dtype=np.float32)
    anchor = np.zeros(len(rows), dtype=np.int32)
    coarse = view.picture.reshape(-1, 3)
    penalty = (between.astype(np.float32) * np.float32(_BETWEEN_COST)).ravel()
    for step_down in (-1, 0, 1):
        there_row = np.clip(near_row + step_down, 0, height - 1)
        for step_across in (-1, 0, 1):
            there_column = np.clip(near_column + step_across, 0, width - 1)
            index = there_row * width + there_column
            difference = plain - coarse[index]
            cost = np.einsum("ij,ij->i", difference, difference) / np.float32(_COLOR_SIGMA**2)
            cost += (row - there_row) ** 2 + (column - there_column) ** 2 + penalty[index]
            better = cost < best
            best[better] = cost[better]
            anchor[better] = index[better]
    distance = view.distance.ravel()[anchor]
    slope = across.ravel()[anchor] * (column - anchor % width) + down.ravel()[anchor] * (
        row - anchor // width
    )
    with np.errstate(invalid="ignore"):
        joined: NDArray[np.float64] = distance + distance * (
            np.clip(slope, -20, 20).astype(np.float64) / view.focal
        )
    return np.where(np.isfinite(distance), joined, np.inf)


def _smooth_rims(
    distance: NDArray[np.float64], chosen: NDArray[np.bool_], focal: float
) -> NDArray[np.float64]:
    """Distances (H,W) with the ragged rims between two surfaces made smooth.

    In the chosen part (H,W), where near and far are told apart by the middle between the nearest and the farthest
    around, pixels outvoted by their neighbours change sides: they take the distance of the nearest pixel there.
    """
    import cv2

    solid = np.isfinite(distance)
    middle = float(np.median(distance[solid])) if solid.any() else 1.0
    with np.errstate(invalid="ignore"):
        steps = np.clip((distance - middle) * (focal / middle), -_FARTHEST_PX, _FARTHEST_PX).astype(
            np.float32
        )
    steps[~solid] = 2 * _FARTHEST_PX
    around = np.ones((7, 7), np.uint8)
    low, high = cv2.erode(steps, around), cv2.dilate(steps, around)
    torn = chosen & (high - low > _RIM_PX)
    far = steps > 0.5 * (low + high)
    vote = cv2.GaussianBlur(far.astype(np.float32), (0, 0), 1.5) > 0.5
    result = distance.copy()
    for side in (far, ~far):
        leaving = torn & side & (vote != far)
        staying = torn & ~side & (vote == far)
        if leaving.any() and staying.any():
            _, labels = cv2.distanceTransformWithLabels(
                (~staying).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
            )
            lookup = np.zeros(int(labels.max()) + 1)
            lookup[labels[staying]] = distance[staying]
            result[leaving] = lookup[labels[leaving]]
    return result


def _evened(distance: NDArray[np.float64], chosen: NDArray[np.bool_], focal: float) -> NDArray[np.float64]:
    """Distances (H,W), where chosen, averaged over those of the 25 around that lie on the same surface."""
    result = distance.copy()
    index = np.flatnonzero(chosen & np.isfinite(distance))
    rows, columns = np.divmod(index, distance.shape[1])
    for _ in range(2):
        flat = result.ravel()
        centre = flat[index]
        limit = centre * (_SAME_PX / focal)
        total, count = np.zeros(len(index)), np.ones(len(index))
        for down in range(-2, 3):
            row = np.clip(rows + down, 0, distance.shape[0] - 1) * distance.shape[1]
            for across in range(-2, 3):
                off = flat[row + np.clip(columns + across, 0, distance.shape[1] - 1)] - centre
                near = np.abs(off) < limit
                total += np.where(near, off, 0.0)
                count += near
        flat[index] = centre + total / count
    return result
