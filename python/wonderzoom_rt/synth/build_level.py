# SPDX-License-Identifier: Apache-2.0
"""From a finished picture with distances to the surfels of a level, which look like the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..engine import Engine
from ..layer import SurfelLayer
from ..zones import zone
from .lift import lift
from .lift_hidden import lift_hidden

Image = NDArray[np.float32]
HiddenLayer = tuple[Image, NDArray[np.float64], NDArray[np.bool_]]

FIRST_LEVEL_FIT = (36.8, 14)
"""Of a photograph: stop at so many dB, or after so many renders. More would overfit to one view."""
ZOOM_LEVEL_FIT = (50.0, 4)
"""Of a zoom: where the detail is faint, at 36 dB discs blur all of it. (The fourth render costs less than 5 %.)"""
TOUCH_UPS = 2
"""Rounds that take out of a first level's colours what shines through from behind."""


@dataclass(frozen=True, eq=False)
class Built:
    """layer: all surfels. approach: the camera the level is lived in. cover (H,W): its soft mask."""

    layer: SurfelLayer
    approach: Camera
    cover: Image


def build_level(
    picture: Image,
    distance: NDArray[np.float64],
    camera: Camera,
    *,
    home: Camera,
    cover: Image,
    prior_camera: Camera | None = None,
    hidden: Callable[[], Sequence[SurfelLayer]] = tuple,
    around: SurfelLayer | None = None,
) -> Built:
    """Lifts a picture (H,W,3), fits the colours of what is seen to the picture, and adds what is hidden.

    cover (H,W), 0..1: the level's soft mask. prior_camera: the parent's lens, None for the first level.
    hidden: answers the surfels of what only an orbit uncovers, see `lift_layers`; asked once the colours fit, so that
    they may be made meanwhile.
    around: surfels of what lies beyond the frame.
    """
    with zone("lift"):
        seen = lift(picture, distance, camera, prior_camera=prior_camera, mask=cover)
    target_db, most_renders = FIRST_LEVEL_FIT if prior_camera is None else ZOOM_LEVEL_FIT
    with zone("fit colors"):
        seen = fit_colors(seen, picture, camera, target_db=target_db, most_renders=most_renders)
    behind = [around] if around is not None and len(around) else []
    behind += hidden()
    layer = SurfelLayer.concatenate([seen, *behind]) if behind else seen
    if behind:
        with zone("touch up"):
            layer = touch_up(layer, picture, camera, rounds=TOUCH_UPS if prior_camera is None else 1)
    return Built(layer=layer, approach=approach_camera(distance, camera, home), cover=cover)


def lift_layers(
    hidden: Sequence[HiddenLayer], camera: Camera, *, cover: Image, prior_camera: Camera | None = None
) -> list[SurfelLayer]:
    """The surfels of hidden layers: of pictures, distances and masks (H,W) of the pixels that are wanted."""
    with zone("lift hidden"):
        return [
            lift_hidden(picture, distance, keep, camera, prior_camera=prior_camera, mask=cover)
            for picture, distance, keep in hidden
            if keep.any()
        ]


def touch_up(layer: SurfelLayer, picture: Image, camera: Camera, *, rounds: int) -> SurfelLayer:
    """The layer, whose first surfels are one a pixel in row order, with what shines through from behind taken out.

    Each round adds to a pixel's surfel what the render of everything lacks there.
    """
    colors = layer.colors.copy()
    for done in range(rounds):
        frame = _engine().render_layer(
            layer.with_colors(np.clip(colors, -1, 2)), camera, outputs=("color",), recolored=done > 0
        )
        assert frame.color is not None
        colors[: picture.shape[0] * picture.shape[1]] += (picture - frame.color).reshape(-1, 3)
    return layer.with_colors(np.clip(colors, -1, 2))


def fit_colors(
    layer: SurfelLayer, picture: Image, camera: Camera, *, target_db: float, most_renders: int
) -> SurfelLayer:
    """The layer of one surfel a pixel, in row order, with colours that make its render look like `picture`.

    Discs blur their picture: unfitted ones lose 4 to 8 dB. For a fixed view a render is linear in the
    colours, and GMRES (Saad and Schultz 1986) finds the best picture that `most_renders` renders can reach;
    it stops at `target_db` (PSNR). A sharpening filter, roughly what the discs blur, is its right preconditioner.
    """
    wanted = np.asarray(picture, dtype=np.float32)
    start = wanted.copy()
    residual = wanted - _drawn(layer, start, camera, recolored=False)
    norm = _norm(residual)
    goal = 10.0 ** (-target_db / 20.0) * wanted.size**0.5
    if norm <= goal or most_renders < 2:
        return layer.with_colors(np.clip(start, -1, 2).reshape(-1, 3))
    basis = [residual / np.float32(norm)]
    hessenberg = np.zeros((most_renders + 1, most_renders))
    weights: NDArray[Any] = np.zeros(0)
    for step in range(most_renders - 1):
        image = _drawn(layer, _sharpened(basis[step]), camera, recolored=True)
        for row, known in enumerate(basis):
            hessenberg[row, step] = float(np.vdot(known, image))
            image -= np.float32(hessenberg[row, step]) * known
        hessenberg[step + 1, step] = _norm(image)
        left = np.zeros(step + 2)
        left[0] = norm
        weights = np.linalg.lstsq(hessenberg[: step + 2, : step + 1], left, rcond=None)[0]
        missing = float(np.linalg.norm(left - hessenberg[: step + 2, : step + 1] @ weights))
        if missing <= goal or hessenberg[step + 1, step] <= 1e-6 * norm:
            break
        basis.append(image / np.float32(hessenberg[step + 1, step]))
    change = np.zeros_like(start)
    for weight, direction in zip(weights, basis, strict=False):
        change += np.float32(weight) * direction
    return layer.with_colors(np.clip(start + _sharpened(change), -1, 2).reshape(-1, 3))


def _sharpened(image: Image) -> Image:
    import cv2

    blurred = cv2.GaussianBlur(image, (0, 0), 0.7)
    sharper: Image = cv2.addWeighted(image, 3.0, blurred, -2.0, 0.0, dst=blurred)
    return sharper


def _drawn(layer: SurfelLayer, colors: Image, camera: Camera, *, recolored: bool) -> Image:
    """The render with other colours (H,W,3) of any size: drawn within the range that a layer may hold.

    recolored: the engine's last picture was of this layer too.
    """
    most = max(float(np.abs(colors).max()), 1e-9)
    scaled = layer.with_colors((colors / np.float32(most)).reshape(-1, 3))
    frame = _engine().render_layer(scaled, camera, outputs=("color",), recolored=recolored)
    assert frame.color is not None
    return frame.color * np.float32(most)


def _norm(image: Image) -> float:
    return float(np.sqrt(np.vdot(image, image)))


def approach_camera(distance: NDArray[np.float64], camera: Camera, home: Camera) -> Camera:
    """The camera a level is lived in: before the surface at the middle of its view, with the home focal.

    Where the middle is sky there is nothing to approach: the lens camera itself.
    """
    height, width = distance.shape
    middle = distance[int(0.45 * height) : int(0.55 * height) + 1, int(0.45 * width) : int(0.55 * width) + 1]
    reach = float(np.median(middle))
    return camera.approached(reach, focal=home.focal)


@cache
def _engine() -> Engine:
    return Engine()
