# SPDX-License-Identifier: Apache-2.0
"""The soft mask with which a level lies over its parent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from .cameras import same_eye, window_in
from .types import Context

BORDER_FRACTION = 0.06
"""Width of the fall-off at the view's border, as a fraction of its width."""


def soft_cover(context: Context, camera: Camera) -> NDArray[np.float32]:
    """Weights (H,W), 0..1: 1 inside, falling smoothly to 0 towards the view's border.

    Where the parent itself is not whole the weight is 0, softly as well: never do three levels mix at a point.
    """
    band = BORDER_FRACTION * camera.width
    across = _distance_to_ends(camera.width)[None, :]
    down = _distance_to_ends(camera.height)[:, None]
    weight = smooth_step(np.broadcast_to(across, (camera.height, camera.width)) / band) * smooth_step(
        down / band
    )
    whole = _parent_whole(context, camera)
    if not whole.all():
        weight = weight * smooth_step(_distance_inside(whole) / band)
    return weight.astype(np.float32)


def smooth_step(t: NDArray[np.floating]) -> NDArray[np.floating]:
    """0 below 0, 1 above 1, with level ends (the quintic of Perlin 2002)."""
    c = np.clip(t, 0.0, 1.0)
    smooth: NDArray[np.floating] = c * c * c * (c * (c * 6.0 - 15.0) + 10.0)
    smooth = np.minimum(smooth, 1.0)  # rounding may pass it
    return smooth


def _distance_to_ends(count: int) -> NDArray[np.float64]:
    centres = np.arange(count) + 0.5
    nearer: NDArray[np.float64] = np.minimum(centres, count - centres)
    return nearer


def _parent_whole(context: Context, camera: Camera) -> NDArray[np.bool_]:
    """Where (H,W) the parent's mask is 1, sampled at the pixels of `camera`."""
    if not same_eye(context.camera, camera) or (context.mask >= 0.999).all():
        return np.ones((camera.height, camera.width), dtype=bool)
    x, y, width, height = window_in(context.camera, camera)
    columns = np.clip(
        (x + (np.arange(camera.width) + 0.5) * width / camera.width).astype(int), 0, context.mask.shape[1] - 1
    )
    rows = np.clip(
        (y + (np.arange(camera.height) + 0.5) * height / camera.height).astype(int),
        0,
        context.mask.shape[0] - 1,
    )
    whole: NDArray[np.bool_] = context.mask[np.ix_(rows, columns)] >= 0.999
    return whole


def _distance_inside(whole: NDArray[np.bool_]) -> NDArray[np.float32]:
    import cv2

    padded = np.pad(whole.astype(np.uint8), 1, constant_values=1)
    distance: NDArray[np.float32] = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return distance
