# SPDX-License-Identifier: Apache-2.0
"""Hidden surfels: full resolution where a small move uncovers them, half of it deeper behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer
from .lift import lift, prior_footprints
from .opencv import opencv

FULL_DETAIL_PX = 16.0
"""So far behind a rim one hidden surfel stands for a pixel; farther, one for two by two. Only a wide orbit gets there,
and every frame would pay for them."""

Array = NDArray[Any]


def lift_hidden(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    keep: NDArray[np.bool_],
    camera: Camera,
    *,
    prior_camera: Camera | None,
    mask: NDArray[np.float32],
) -> SurfelLayer:
    """The surfels of a hidden picture (H,W,3) at distances (H,W) wu, where `keep` (H,W); mask (H,W) as for `lift`.

    A surfel that stands for two by two pixels has their mean colour and distance and the fade bands of the level.
    """
    away = opencv().distanceTransform(keep.astype(np.uint8), opencv().DIST_L2, 3)
    wide: Array = np.all(_in_fours(keep & (away > FULL_DETAIL_PX) & np.isfinite(distance)), axis=2)
    close = keep.copy()
    close[: 2 * wide.shape[0], : 2 * wide.shape[1]] &= ~wide.repeat(2, axis=0).repeat(2, axis=1)
    layers = []
    if close.any():
        layers.append(
            lift(picture, distance, camera, prior_camera=prior_camera, mask=mask, keep=close, hidden=True)
        )
    if wide.any():
        finite = np.where(np.isfinite(distance), distance, 1.0)
        half = replace(
            camera,
            focal=camera.focal / 2,
            width=wide.shape[1],
            height=wide.shape[0],
            principal=(camera.principal[0] / 2, camera.principal[1] / 2),
        )
        pair = lift(
            np.stack([_in_fours(picture[..., c]).mean(axis=2) for c in range(3)], axis=-1).astype(np.float32),
            _in_fours(finite).mean(axis=2),
            half,
            mask=_in_fours(mask).mean(axis=2).astype(np.float32),
            keep=wide,
            hidden=True,
        )
        now = pair.now / 2
        prior = prior_footprints(now, pair.positions, pair.is_sky, camera, prior_camera)
        layers.append(replace(pair, now=now, prior=prior))
    return SurfelLayer.concatenate(layers)


def _in_fours(image: Array) -> Array:
    """(H, W) -> (H // 2, W // 2, 4): the four pixels of each square."""
    rows, columns = image.shape[0] // 2, image.shape[1] // 2
    squares = image[: 2 * rows, : 2 * columns].reshape(rows, 2, columns, 2)
    return squares.transpose(0, 2, 1, 3).reshape(rows, columns, 4)
