# SPDX-License-Identifier: Apache-2.0
"""A picture that the user gives for a zoom: laid into the invented views where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from .cameras import window_in
from .place_picture import Placement, register_picture, warp_picture
from .protocols import Image
from .types import ZoomRequest

FEATHER_FRACTION = 0.05
"""Width of the blend at the picture's border, as a fraction of the view's width."""
LEAST_CHANGE = 1.0 / 255.0
"""A coarse pixel that changes by less than this stays what it was."""
EDIT_CHANGE = 8.0 / 255.0
"""A coarse pixel that changes by more holds something that was not there."""


@dataclass(frozen=True, eq=False)
class Laid:
    """picture (H,W,3). color_change (H,W,3): what coarser levels should take over. edit_mask (H,W): where much."""

    picture: Image
    color_change: Image
    edit_mask: Image


class OwnPicture:
    """Places a request's own picture once, then lays it into the view of each level."""

    def __init__(self, request: ZoomRequest) -> None:
        assert request.picture is not None
        self._request = request
        self._picture = request.picture
        self.placement: Placement = register_picture(
            request.picture, request.context.picture, expected=_expected(request)
        )

    def lay_into(self, invented: Image, camera: Camera, *, ratio: float) -> Laid:
        """The view (H,W,3) of `camera` with the picture in it; `ratio`: pixels of it across a pixel of the parent."""
        import cv2

        window = window_in(self._request.context.camera, camera)
        colors, covered = warp_picture(self._picture, self.placement, (camera.width, camera.height), window)
        weight = _feathered(covered, FEATHER_FRACTION * camera.width)[..., None]
        picture: Image = np.clip(invented * (1 - weight) + colors * weight, 0, 1).astype(np.float32)
        coarse = cv2.GaussianBlur(picture - invented, (0, 0), 0.5 * ratio)
        size = np.abs(coarse).max(axis=2)
        mask = cv2.GaussianBlur((size > EDIT_CHANGE).astype(np.float32), (0, 0), ratio)
        return Laid(
            picture=picture,
            color_change=np.where(size[..., None] > LEAST_CHANGE, coarse, np.float32(0)),
            edit_mask=np.clip(2 * mask, 0, 1).astype(np.float32),
        )


def _expected(request: ZoomRequest) -> NDArray[np.float64]:
    """Picture pixels to context pixels, were the picture exactly the wanted view."""
    assert request.picture is not None
    x, y, width, height = window_in(request.context.camera, request.camera)
    rows, columns = request.picture.shape[:2]
    return np.array([[width / columns, 0, x], [0, height / rows, y], [0, 0, 1.0]])


def _feathered(covered: NDArray[Any], band: float) -> NDArray[np.float32]:
    """Coverage (H,W) that falls smoothly to 0 towards its own border, not towards the view's."""
    import cv2

    inside = (covered > 0.999).astype(np.uint8)
    if inside.all():
        return np.ones(covered.shape, dtype=np.float32)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    t = np.clip(distance / max(band, 1.0), 0, 1)
    smooth: NDArray[np.float32] = (t * t * (3 - 2 * t)).astype(np.float32)
    return smooth
