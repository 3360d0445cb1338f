# SPDX-License-Identifier: Apache-2.0
"""The sky around and behind a photograph, so that views from within the world never look past its edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer
from .lift import lift
from .occlusion import push_pull

Array = NDArray[Any]

STRIDE_PX = 12
"""A surfel of the dome for so many pixels of the photograph each way: sky is smooth."""
STRIP_STRIDE_PX = 2
STRIP_PX = 48
"""Behind the skyline, for so far, surfels are finer: large discs would lie over the sky that is seen, all of it
being equally far."""
REACH = 1.0
"""How far the dome goes on beyond each side of the photograph, in widths of it."""
_LEAST_SKY = 0.01
_BACKDROP_QUANTILE = 0.75


def sky_dome(picture: NDArray[np.float32], distance: NDArray[np.float64], camera: Camera) -> SurfelLayer:
    """Hidden sky surfels behind all of a photograph (H,W,3) and around it.

    distance (H,W): +inf is sky. Colours are those of the sky that is seen, carried on smoothly; where it is seen
    itself the dome leaves it alone. A photograph without sky gets a backdrop in the colours of its farthest parts,
    so that what nobody invented is at least no hole.
    """
    import cv2

    sky = np.isinf(distance)
    margin = round(REACH * camera.width / STRIDE_PX)
    if sky.mean() < _LEAST_SKY:
        farthest = (distance >= np.quantile(distance[~sky], _BACKDROP_QUANTILE)) | sky
        return _sheet(
            _softened(picture, farthest), farthest, camera, STRIDE_PX, margin, np.ones_like(sky), beyond=True
        )
    away = cv2.distanceTransform((~sky).astype(np.uint8), cv2.DIST_L2, 3)
    outer = _sheet(picture, sky, camera, STRIDE_PX, margin, away > STRIP_PX - 2 * STRIDE_PX, beyond=True)
    strip = _sheet(picture, sky, camera, STRIP_STRIDE_PX, 0, (away > 0) & (away <= STRIP_PX), beyond=False)
    return SurfelLayer.concatenate([strip, outer])


def _softened(picture: Array, known: NDArray[np.bool_]) -> Array:
    """The known part's colours without their texture: out of focus, as a backdrop is."""
    from .relief import masked_blur

    weight = known.astype(np.float32)
    radius = picture.shape[1] / 20
    return np.stack([masked_blur(picture[..., k], weight, radius) for k in range(3)], axis=-1)


def _sheet(
    picture: Array,
    sky: NDArray[np.bool_],
    camera: Camera,
    stride: int,
    margin: int,
    wanted: Array,
    *,
    beyond: bool,
) -> SurfelLayer:
    """Sky surfels, one for `stride` px each way: where `wanted` (H,W) inside the frame, everywhere `beyond` it."""
    import cv2

    inside = cv2.erode(sky.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0
    known = (inside if inside.any() else sky).astype(np.float32)
    wide, high = camera.width // stride, camera.height // stride
    weight = cv2.resize(known, (wide, high), interpolation=cv2.INTER_AREA)
    total = cv2.resize(picture * known[..., None], (wide, high), interpolation=cv2.INTER_AREA)
    sure = (weight > 0.5).astype(np.float32)
    color = (total / np.maximum(weight, 1e-6)[..., None] * sure[..., None]).astype(np.float32)
    color, sure = (_framed(image, margin, 0) for image in (color, sure))
    filled = push_pull(color, sure)
    filled = np.where(sure[..., None] > 0, filled, cv2.GaussianBlur(filled, (0, 0), 2.0))
    rows, columns = filled.shape[:2]
    across, down = wide / camera.width, high / camera.height
    grown = Camera(
        camera.position,
        camera.orientation,
        camera.focal * max(across, down),
        columns,
        rows,
        (camera.principal[0] * across + margin, camera.principal[1] * down + margin),
    )
    chosen = cv2.resize(wanted.astype(np.uint8), (wide, high), interpolation=cv2.INTER_NEAREST)
    if beyond:  # one ring overlaps the frame, or its border would show as a seam
        chosen[[0, -1]] = 1
        chosen[:, [0, -1]] = 1
    keep = _framed(chosen, margin, int(beyond)) > 0
    return lift(filled, np.full((rows, columns), np.inf), grown, keep=keep, hidden=True)


def _framed(image: Array, margin: int, value: int) -> Array:
    import cv2

    framed: Array = cv2.copyMakeBorder(
        image, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(value,) * 4
    )
    return framed
