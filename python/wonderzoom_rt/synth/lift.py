# SPDX-License-Identifier: Apache-2.0
"""From a picture and its distances to surfels: one disc a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..camera import Camera
from ..engine import native_camera
from ..errors import InputError
from ..layer import EXTENT_PER_FOOTPRINT, FLAG_BRIDGES_EDGE, FLAG_HIDDEN_FILL, SurfelLayer
from .slopes import measure_slopes

Array = NDArray[Any]

OPACITY = 0.93
"""Of a disc that will not be fitted: near 1, and below it so that the rims of neighbours still blend."""
SURFACE_LEAK = 0.04
"""What comes through a wall of such discs, 0.025 to 0.05: most of it counts as none."""
MIN_COSINE = 0.1
"""A disc is stretched along the slant by at most the inverse of this."""
EDGE_MIN_COSINE = 0.42
"""The same beside a jump, where a long disc would reach over the rim and be seen from the side as a rubber sheet: less
than 4 px long at half its height."""
HIDDEN_MIN_COSINE = 0.04
"""The same of hidden surfels, which close the steep ground behind what stands on it."""
_HIDDEN_TOLERANCE = 2.5
"""How many times larger than usual a step between hidden surfels must be to count as a jump."""


def lift(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    camera: Camera,
    *,
    prior_camera: Camera | None = None,
    mask: NDArray[np.float32] | None = None,
    keep: NDArray[np.bool_] | None = None,
    hidden: bool = False,
    opacity: float = OPACITY,
) -> SurfelLayer:
    """The surfels of a picture (H,W,3), display sRGB, at radial distances (H,W) wu, +inf for sky, in row order.

    A disc stands at its pixel's point, lies in the surface there and spans the pixel on it: standard deviation
    0.65 of the pixel's width there, divided along the slant by the cosine between normal and ray (at least 1/10).
    Next to a jump of the distance it takes the slope of its own side, so that no disc bridges two surfaces; a pixel
    that stands between the two gets a round disc and the flag FLAG_BRIDGES_EDGE. Sky becomes directions, extents in
    radians.

    prior_camera: the parent level's lens, for `prior`; None makes it infinite. mask (H,W), 0..1: the level's
    soft mask, 1 when left out. keep (H,W): which pixels to lift, all when left out. hidden: mark all as invented.
    Raises InputError where shapes differ or a distance is not above 0. Geometry is computed in units of each
    pixel's footprint and is as good at 36 octaves as at none.
    """
    _check(picture, distance, camera)
    tolerance = _HIDDEN_TOLERANCE if hidden else 1.0
    slopes = measure_slopes(distance, camera.focal, tolerance=tolerance)
    kept = np.arange(distance.size) if keep is None else np.flatnonzero(keep)

    def flat(values: Array) -> Array:
        rows = values.reshape(distance.size, *values.shape[2:])
        return rows if keep is None else rows[kept]

    discs = _core.lift_discs(
        np.ascontiguousarray(distance, dtype=np.float64),
        vars(slopes),
        native_camera(camera),
        kept,
        EXTENT_PER_FOOTPRINT,
        HIDDEN_MIN_COSINE if hidden else MIN_COSINE,
        HIDDEN_MIN_COSINE if hidden else EDGE_MIN_COSINE,
    )
    now = discs["now"]
    ones = np.ones(distance.shape, np.float32)
    bridging = np.where(flat(slopes.between), np.uint16(FLAG_BRIDGES_EDGE), np.uint16(0))
    return SurfelLayer(
        positions=discs["positions"],
        orientations=discs["orientations"],
        extents=discs["extents"],
        colors=np.clip(flat(picture), -1.0, 2.0).astype(np.float32, copy=False),
        opacities=np.full(len(now), opacity, dtype=np.float32),
        now=now,
        prior=prior_footprints(now, discs["positions"], discs["is_sky"], camera, prior_camera),
        mask=flat(ones if mask is None else np.clip(mask, 0, 1).astype(np.float32)),
        is_sky=discs["is_sky"],
        flags=bridging | np.uint16(FLAG_HIDDEN_FILL if hidden else 0),
        leak=SURFACE_LEAK,
    )


def _check(picture: NDArray[np.float32], distance: NDArray[np.float64], camera: Camera) -> None:
    size = (camera.height, camera.width)
    if distance.shape != size or picture.shape != (*size, 3):
        raise InputError(
            f"picture and distance must be {size} (height, width) like their camera, "
            f"got {picture.shape} and {distance.shape}"
        )
    if not (distance > 0).all():
        raise InputError("every distance must be above 0 (infinite for sky), got zero, less or NaN")


def prior_footprints(
    now: Array, positions: Array, is_sky: Array, camera: Camera, prior_camera: Camera | None
) -> NDArray[np.float64]:
    """Footprints (N,) of the parent level's lens camera at the surfels."""
    if prior_camera is None:
        return np.full(len(now), np.inf)
    if prior_camera.position == camera.position:
        prior = now * (camera.focal / prior_camera.focal)
    else:
        reach = np.linalg.norm(positions - prior_camera.eye, axis=1)
        prior = np.where(is_sky, 1.0, reach) / prior_camera.focal
        # Seen from elsewhere, places far behind what was zoomed to may be no finer: their cover is 0, or they are
        # hidden.
        if len(now) and np.median(prior / now) > 1.0:
            prior = np.maximum(prior, 1.01 * now)
    if not (prior > now).all():
        raise InputError(
            f"a level must be finer than its parent, got focal {camera.focal:g} px "
            f"under {prior_camera.focal:g} px"
        )
    return prior
