# SPDX-License-Identifier: Apache-2.0
"""What an orbit would uncover behind the edges of a level: invented background, to be lifted as hidden surfels.

Distances are counted from the approach eye (`reach`, in units of D_eff), which is where the orbit happens; the far
eye of a deep lens view sees all of it at one distance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from .relief import masked_blur
from .slopes import steps_along_rows

Array = NDArray[Any]

ORBIT_DEGREES = 15.0
LEAST_GAP_PX = 1.0
"""A jump that uncovers less is closed by the discs on its two sides."""
WIDEST_GAP = 0.33
"""Largest width invented behind an edge, as a fraction of the picture's width."""
_RINGS_PX = (6.0, 20.0, 60.0, 150.0)
_NEAREST_REACH = 0.05
_LEAST_DEPTH_PX = 2.0
"""How far behind the visible surface a hidden one must lie to be worth having."""
_SMOOTHED_PX = 5.0
_SKIPPED_PX = 2.0
"""Colours are taken this far from an edge: nearer, a picture blends both sides."""


@dataclass(frozen=True, eq=False)
class Rims:
    """Both sides of the jumps (H,W): near and far side pixels, and the gap in px that an orbit opens at near ones."""

    near: NDArray[np.bool_]
    far: NDArray[np.bool_]
    gap: NDArray[np.float32]


def hidden_background(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    camera: Camera,
    *,
    home_focal: float | None = None,
    orbit_degrees: float = ORBIT_DEGREES,
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_]]:
    """Picture (H,W,3), distances (H,W) and mask (H,W) of the background behind a level's depth edges.

    picture (H,W,3), distance (H,W) wu, +inf sky: the level, seen through its lens `camera`. home_focal: px, of the
    camera it is lived in; the lens's own when left out. The mask covers, behind every jump, as much as an orbit of
    `orbit_degrees` about the level's centre uncovers, up to WIDEST_GAP. Behind a foreground the far side goes on:
    its distance smoothly, its colours mirrored at the edge. Sky needs no such thing: a dome stands behind all.
    Outside the mask the images are those given.
    """
    reach = approach_reach(distance, camera, home_focal or camera.focal)
    rims = _find_rims(
        distance, reach, camera, 2.0 * math.sin(math.radians(orbit_degrees) / 2.0), home_focal or camera.focal
    )
    wanted = _grown(rims, camera.width)
    if not wanted.any():
        return picture, distance, wanted
    behind, source = _extended(reach, rims.far, wanted)
    scale = _effective_distance(distance, camera, home_focal or camera.focal)
    with np.errstate(invalid="ignore"):
        wanted &= ((behind - reach) * (home_focal or camera.focal) > _LEAST_DEPTH_PX) & np.isfinite(behind)
    away = _nearest_behind(reach, behind)
    filled_distance = distance.copy()
    middle = central_distance(distance)
    filled_distance[wanted] = middle + (away[wanted] - 1.0) * scale
    filled_picture = _mirrored(picture, reach, wanted, source)
    return filled_picture, filled_distance, wanted


def central_distance(distance: NDArray[np.float64]) -> float:
    """Median distance (wu) over the middle tenth of the view; where that is sky, of all that is not; 1 for all sky."""
    height, width = distance.shape
    middle = distance[int(0.45 * height) : int(0.55 * height) + 1, int(0.45 * width) : int(0.55 * width) + 1]
    value = float(np.median(middle))
    if math.isinf(value):
        solid = distance[np.isfinite(distance)]
        value = float(np.median(solid)) if solid.size else 1.0
    return value


def approach_reach(distance: NDArray[np.float64], camera: Camera, home_focal: float) -> NDArray[np.float64]:
    """Distances (H,W) from the approach eye, in units of D_eff: 1 at the centre, +inf sky, at least 0.05."""
    middle = central_distance(distance)
    effective = _effective_distance(distance, camera, home_focal)
    return np.maximum((distance - middle) / effective + 1.0, _NEAREST_REACH)


def _effective_distance(distance: NDArray[np.float64], camera: Camera, home_focal: float) -> float:
    return central_distance(distance) * home_focal / camera.focal


def _find_rims(distance: Array, reach: Array, camera: Camera, chord: float, home_focal: float) -> Rims:
    """Jumps, and the gap each opens when the eye moves by `chord` (in units of D_eff).

    With reaches n and f of the near and the far side, the ray past the near one meets the far surface
    chord (f - n) / n further on; a lens pixel there covers (1 + (f - 1) home_focal / focal) / home_focal.
    """
    shrink = home_focal / camera.focal
    near = np.zeros(distance.size, dtype=bool)
    far = np.zeros(distance.size, dtype=bool)
    gap = np.zeros(distance.size, dtype=np.float32)
    flat = reach.ravel()
    for axis in (1, 0):
        turned = distance if axis == 1 else distance.T
        steps, edges = steps_along_rows(np.ascontiguousarray(turned), camera.focal)
        rows, columns = np.nonzero(edges)
        step = steps[rows, columns]
        width = distance.shape[1]
        first = rows * width + columns if axis == 1 else columns * width + rows
        second = first + (1 if axis == 1 else width)
        low, high = np.minimum(flat[first], flat[second]), np.maximum(flat[first], flat[second])
        with np.errstate(invalid="ignore"):
            opened = (
                np.where(np.isinf(high), 1.0 / shrink, (high - low) / (1.0 + (high - 1.0) * shrink)) / low
            )
        opened = (opened * chord * home_focal).astype(np.float32)
        real = opened > LEAST_GAP_PX
        for nearer, farther, chosen in ((first, second, step > 0), (second, first, step < 0)):
            chosen &= real
            here = nearer[chosen]  # along one axis each pixel is the first, or the second, of one pair alone
            near[here] = True
            far[farther[chosen]] = True
            gap[here] = np.maximum(gap[here], opened[chosen])
    shape = distance.shape
    return Rims(near.reshape(shape), far.reshape(shape), gap.reshape(shape))


def _grown(rims: Rims, width: int) -> NDArray[np.bool_]:
    """All pixels nearer to a rim than the gap it opens, in rings so that few distance maps are needed."""
    import cv2

    wanted = np.zeros(rims.near.shape, dtype=bool)
    widest = WIDEST_GAP * width
    smaller = 0.0
    for ring in (*[ring for ring in _RINGS_PX if ring < widest], widest):
        seeds = rims.near & (rims.gap > smaller)
        if not seeds.any():
            break
        away = cv2.distanceTransform((~seeds).astype(np.uint8), cv2.DIST_L2, 3)
        wanted |= away <= ring + 2.0
        smaller = ring
    return wanted


def _extended(
    reach: Array, far: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The far sides continued everywhere (H,W), and for each pixel the flat index of the far rim pixel nearest to it.

    What is carried on is the inverse reach; sky stays sky where it is the nearest.
    """
    import cv2

    _, labels = cv2.distanceTransformWithLabels(
        (~far).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(labels.max()) + 1, dtype=np.int32)
    lookup[labels[far]] = np.flatnonzero(far).astype(np.int32)
    source = lookup[labels]
    solid = far & np.isfinite(reach)
    to_sky = np.isinf(reach.ravel()[source])
    if not solid.any():
        return np.full(reach.shape, np.inf), source
    inverse = push_pull(np.where(solid, 1.0 / reach, 0.0).astype(np.float32), solid.astype(np.float32))
    inverse = np.where(solid, inverse, masked_blur(inverse, np.ones_like(inverse), _SMOOTHED_PX))
    return np.where(to_sky, np.inf, 1.0 / np.maximum(inverse, 1e-6).astype(np.float64)), source


def push_pull(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values (H,W) or (H,W,C), known where `weight` (H,W) > 0, filled everywhere.

    Averages are pushed up a pyramid and pulled back down.
    """
    import cv2

    if min(weight.shape) <= 2 or float(weight.min()) > 0:
        mean = (values * _spread(weight, values)).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-12)
        return np.where(_spread(weight, values) > 0, values, mean).astype(np.float32)
    size = ((weight.shape[1] + 1) // 2, (weight.shape[0] + 1) // 2)
    half = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    total = cv2.resize(values * _spread(weight, values), size, interpolation=cv2.INTER_AREA)
    mean = total / np.maximum(_spread(half, total), np.float32(1e-12))
    coarse = push_pull(mean, np.minimum(half * 4, 1).astype(np.float32))
    pulled = cv2.resize(coarse, weight.shape[::-1], interpolation=cv2.INTER_LINEAR)
    share = _spread(np.minimum(weight, 1), values)
    result: NDArray[np.float32] = values * share + pulled * (1 - share)
    return result


def _spread(weight: Array, values: Array) -> Array:
    return weight if values.ndim == 2 else weight[..., None]


def _nearest_behind(reach: Array, behind: Array) -> NDArray[np.float64]:
    """The continued surface, kept clearly behind what is visible."""
    result: NDArray[np.float64] = np.maximum(behind, reach * 1.002)
    return result


def _mirrored(
    picture: NDArray[np.float32], reach: Array, wanted: NDArray[np.bool_], source: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Colours behind the edges: the far side's, mirrored at its rim, so that its texture goes on."""
    height, width = reach.shape
    rows, columns = np.nonzero(wanted)
    rim = source[wanted]
    rim_row, rim_column = rim // width, rim % width
    down, across = (rim_row - rows).astype(np.float32), (rim_column - columns).astype(np.float32)
    length = np.sqrt(down * down + across * across) + np.float32(1e-6)
    there = reach.ravel()[rim]
    nearest, farthest = 0.8 * np.minimum(there, 1e9), 1.5 * there
    chosen = rim.copy()
    left = np.arange(len(rim))  # of those without a place yet
    for share, beyond in ((1.0, _SKIPPED_PX), (0.5, _SKIPPED_PX), (0.0, 2 * _SKIPPED_PX), (0.0, _SKIPPED_PX)):
        travelled = np.float32(share) * length[left] + np.float32(beyond)
        row = np.rint(rim_row[left] + down[left] / length[left] * travelled).astype(np.int32)
        column = np.rint(rim_column[left] + across[left] / length[left] * travelled).astype(np.int32)
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        index = np.clip(row, 0, height - 1) * width + np.clip(column, 0, width - 1)
        found = reach.ravel()[index]
        fits = inside & (found >= nearest[left]) & (found <= farthest[left])
        chosen[left[fits]] = index[fits]
        left = left[~fits]
    filled = picture.copy()
    filled[wanted] = picture.reshape(-1, 3)[chosen]
    return filled
