# SPDX-License-Identifier: Apache-2.0
"""What stands beside a photograph: its surfaces carried on beyond the frame, coarsely."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer
from .lift import lift

Array = NDArray[Any]

STRIDE_PX = 3
REACH = 0.4
"""How far surfaces go on beyond each side, in widths of the photograph."""
_SAMPLE_ROWS = 0.06


def surroundings(picture: NDArray[np.float32], distance: NDArray[np.float64], camera: Camera) -> SurfelLayer:
    """Hidden surfels beyond the frame of a photograph (H,W,3) with distances (H,W) wu; none for its sky.

    To the sides and above, picture and depth are mirrored together, so that what is cut by the frame goes on as
    itself. Below, the depth goes on as the ground does, in an even plane, under the mirrored picture.
    """
    import cv2

    size = (camera.width // STRIDE_PX, camera.height // STRIDE_PX)
    across, down = size[0] / camera.width, size[1] / camera.height
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    sky = np.isinf(distance)
    rows = np.minimum(((np.arange(size[1]) + 0.5) / down).astype(int), camera.height - 1)
    columns = np.minimum(((np.arange(size[0]) + 0.5) / across).astype(int), camera.width - 1)
    rays_z = camera.rays() @ camera.forward
    inverse = np.where(sky, 0.0, 1.0 / np.where(sky, 1.0, distance * rays_z))[np.ix_(rows, columns)]
    margin_x, margin_y = min(size[0] - 1, round(REACH * size[0])), min(size[1] - 1, round(REACH * size[0]))
    color = cv2.copyMakeBorder(small, margin_y, margin_y, margin_x, margin_x, cv2.BORDER_REFLECT_101)
    deep = cv2.copyMakeBorder(inverse, margin_y, margin_y, margin_x, margin_x, cv2.BORDER_REFLECT_101)
    deep[margin_y + size[1] :] = _ground_below(deep[margin_y : margin_y + size[1]], margin_y)
    outside = np.ones(deep.shape, dtype=bool)
    outside[margin_y + 1 : margin_y + size[1] - 1, margin_x + 1 : margin_x + size[0] - 1] = False
    grown = Camera(
        camera.position,
        camera.orientation,
        camera.focal * max(across, down),
        deep.shape[1],
        deep.shape[0],
        (camera.principal[0] * across + margin_x, camera.principal[1] * down + margin_y),
    )
    slant = grown.rays() @ grown.forward
    reach = np.where(deep > 0, 1.0 / (np.where(deep > 0, deep, 1.0) * slant), np.inf)
    return lift(color, reach, grown, keep=outside & (deep > 0), hidden=True)


def _ground_below(inverse: Array, count: int) -> Array:
    """`count` rows of inverse depth (count,w) below an image (h,w): the plane of its lowest rows carried on.

    Per column the farthest of the lowest rows, smoothed along the row, so that what merely stands there is passed
    over; a plane that would come nearer than a third of its depth at the frame stops there.
    """
    import cv2

    span = max(2, round(_SAMPLE_ROWS * len(inverse)))
    width = inverse.shape[1]
    window = max(3, width // 4)
    floor = cv2.erode(inverse[-span:], np.ones((1, window), np.uint8))
    floor = cv2.blur(floor, (window, 1))
    slope = np.median((floor[-1] - floor[0]) / (span - 1))
    below = floor[-1] + max(0.0, float(slope)) * np.arange(1, count + 1)[:, None]
    result: Array = np.minimum(below, 3.0 * floor[-1])
    return result
