# SPDX-License-Identifier: Apache-2.0
"""The sky around and behind a photograph, so that views from within the world never look past its edge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer
from .lift import lift
from .occlusion import push_pull

STRIDE_PX = 12
"""A surfel of the dome for so many pixels of the photograph each way: sky is smooth."""
REACH = 1.0
"""How far the dome goes on beyond each side of the photograph, in widths of it."""
_LEAST_SKY = 0.01


def sky_dome(picture: NDArray[np.float32], distance: NDArray[np.float64], camera: Camera) -> SurfelLayer:
    """Hidden sky surfels behind all of a photograph (H,W,3) and around it; none where it shows no sky.

    distance (H,W): +inf is sky. Colours are those of the sky that is seen, carried on smoothly; where it is seen
    itself the dome leaves it alone.
    """
    import cv2

    sky = np.isinf(distance)
    if sky.mean() < _LEAST_SKY:
        return SurfelLayer.empty()
    inside = cv2.erode(sky.astype(np.uint8), np.ones((9, 9), np.uint8), borderValue=1) > 0
    known = inside if inside.any() else sky
    wide, high = camera.width // STRIDE_PX, camera.height // STRIDE_PX
    weight = cv2.resize(known.astype(np.float32), (wide, high), interpolation=cv2.INTER_AREA)
    color = cv2.resize(picture * known[..., None].astype(np.float32), (wide, high), interpolation=cv2.INTER_AREA)
    color = np.where(weight[..., None] > 0.5, color / np.maximum(weight, 1e-6)[..., None], 0).astype(np.float32)
    margin = round(REACH * wide)
    padded = [cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
              for image in (color, (weight > 0.5).astype(np.float32))]
    filled = push_pull(padded[0], padded[1])
    filled = np.where(padded[1][..., None] > 0, filled, cv2.GaussianBlur(filled, (0, 0), 2.0))
    rows, columns = filled.shape[:2]
    grown = Camera(camera.position, camera.orientation, camera.focal * wide / camera.width, columns, rows,
                   (camera.principal[0] * wide / camera.width + margin, camera.principal[1] * high / camera.height + margin))
    whole = cv2.erode((weight > 0.999).astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)
    seen = cv2.copyMakeBorder(whole, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    return lift(filled, np.full((rows, columns), np.inf), grown, keep=seen == 0, hidden=True)
