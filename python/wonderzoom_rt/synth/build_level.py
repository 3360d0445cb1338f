# SPDX-License-Identifier: Apache-2.0
"""From a finished picture with distances to the surfels of a level, which look like the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..engine import Engine
from ..layer import SurfelLayer
from .lift import lift

Image = NDArray[np.float32]
HiddenLayer = tuple[Image, NDArray[np.float64], NDArray[np.bool_]]

COLOR_ROUNDS = 2
"""Rounds of `colour += picture - render`: discs blur their picture, two rounds win back 4 to 5 dB."""


@dataclass(frozen=True, eq=False)
class Built:
    """layer: all surfels. approach: the camera the level is lived in. cover (H,W): its soft mask."""

    layer: SurfelLayer
    approach: Camera
    cover: Image


def build_level(picture: Image, distance: NDArray[np.float64], camera: Camera, *, home: Camera, cover: Image,
                prior_camera: Camera | None = None, hidden: Sequence[HiddenLayer] = ()) -> Built:
    """Lifts a picture (H,W,3) and its hidden layers, and fits the colours of what is seen to the picture.

    cover (H,W), 0..1: the level's soft mask. prior_camera: the parent's lens, None for the first level. hidden: pictures,
    distances and masks (H,W) of what only an orbit uncovers.
    """
    seen = lift(picture, distance, camera, prior_camera=prior_camera, mask=cover)
    seen = fit_colors(seen, picture, camera)
    layers = [seen]
    for behind, behind_distance, keep in hidden:
        if keep.any():
            layers.append(lift(behind, behind_distance, camera, prior_camera=prior_camera, mask=cover, keep=keep, hidden=True))
    return Built(layer=SurfelLayer.concatenate(layers) if len(layers) > 1 else seen,
                 approach=approach_camera(distance, camera, home), cover=cover)


def fit_colors(layer: SurfelLayer, picture: Image, camera: Camera) -> SurfelLayer:
    """The layer of one surfel a pixel, in row order, with colours that make its render look like `picture`."""
    colors = np.array(picture, dtype=np.float32).reshape(-1, 3)
    wanted = colors.copy()
    for _ in range(COLOR_ROUNDS):
        frame = _engine().render_layer(replace(layer, colors=np.clip(colors, -1, 2)), camera, outputs=("color", "coverage"))
        assert frame.color is not None and frame.coverage is not None
        known = frame.coverage.reshape(-1, 1) > 0.5
        colors += np.where(known, wanted - frame.color.reshape(-1, 3), np.float32(0))
    return replace(layer, colors=np.clip(colors, -1, 2))


def approach_camera(distance: NDArray[np.float64], camera: Camera, home: Camera) -> Camera:
    """The camera a level is lived in: before the surface at the middle of its view, with the home focal.

    Where the middle is sky there is nothing to approach: the lens camera itself.
    """
    height, width = distance.shape
    middle = distance[int(0.45 * height):int(0.55 * height) + 1, int(0.45 * width):int(0.55 * width) + 1]
    reach = float(np.median(middle))
    return camera.approached(reach, focal=home.focal)


@cache
def _engine() -> Engine:
    return Engine()
