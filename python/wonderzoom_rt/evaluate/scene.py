# SPDX-License-Identifier: Apache-2.0
"""What a measurement needs of a world, and the cameras that it looks through."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.frame import Frame
from wonderzoom_rt.layer import SurfelLayer
from wonderzoom_rt.level import Level

FloatArray = NDArray[np.float64]

#: Octaves of detail bias after which the finest level in view is shown whole, whatever the relief.
FULL_DETAIL_BIAS = 2.0


class LayerEngine(Protocol):
    """Draws one layer on its own."""

    def render_layer(self, layer: SurfelLayer, camera: Camera, *, outputs: Iterable[str] = ...) -> Frame:
        """The layer as `camera` sees it, every surfel at full weight."""
        ...


class Scene(Protocol):
    """The part of `World` that is measured. A class of one's own may stand in for it, to plant a defect."""

    @property
    def levels(self) -> tuple[Level, ...]:
        """All levels, by id."""
        ...

    @property
    def engine(self) -> LayerEngine:
        """What draws single layers."""
        ...

    def picture(self, level: int) -> NDArray[np.float32]:
        """Source picture (H, W, 3), display sRGB 0..1."""
        ...

    def distance(self, level: int) -> NDArray[np.float64]:
        """Radial distances (H, W) of the source picture, wu; +inf is sky."""
        ...

    def cover(self, level: int) -> NDArray[np.float32]:
        """Soft weight (H, W) with which the level replaces its parent."""
        ...

    def edit_mask(self, level: int) -> NDArray[np.float32] | None:
        """Where (H, W) the level holds what was not in the picture before."""
        ...

    def surfels(self, level: int) -> SurfelLayer:
        """All surfels of the level, decoded, in stored order."""
        ...

    def snapshot(self) -> Any:
        """The world now; `.pages` lists its pages in the order that surfel ids count them."""
        ...

    def render(
        self,
        camera: Camera,
        *,
        outputs: Iterable[str] = ...,
        until_level: int | None = None,
        readiness: Mapping[int, float] | None = None,
        detail_bias: float = 0.0,
        depth_reference: float = 0.0,
        level_share: int | None = None,
    ) -> Frame:
        """The view of `camera`; `until_level` leaves out all levels above it. With `level_share` the output `level`
        holds that level's share of what covers a pixel."""
        ...


class RememberingScene:
    """A scene that decodes the surfels of a level once; keeps those of the last few levels (about 100 MB each)."""

    KEPT = 3

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._surfels: dict[int, SurfelLayer] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scene, name)

    @property
    def levels(self) -> tuple[Level, ...]:
        """All levels, by id."""
        return self._scene.levels

    @property
    def engine(self) -> LayerEngine:
        """What draws single layers."""
        return self._scene.engine

    def surfels(self, level: int) -> SurfelLayer:
        """All surfels of the level, decoded, in stored order."""
        layer = self._surfels.pop(level, None) or self._scene.surfels(level)
        self._surfels[level] = layer
        while len(self._surfels) > self.KEPT:
            del self._surfels[next(iter(self._surfels))]
        return layer


def part_of(value: NDArray[Any] | None) -> FloatArray:
    """One output of a frame as float64. It was asked for, so it is there."""
    assert value is not None
    return np.asarray(value, np.float64)


def zoom_of(level: Level, other: Level) -> float:
    """How many times finer `level` is made than `other`: ratio of focal lengths of their lens cameras, per
    eye distance.

    For lens zooms of one eye that is the ratio of the focal lengths; else that of the footprints of their
    approaches.
    """
    if np.array_equal(level.lens.position, other.lens.position):
        return level.lens.focal / other.lens.focal
    return footprint_at_centre(other) / footprint_at_centre(level)


def footprint_at_centre(level: Level) -> float:
    """Footprint (wu/px) in the middle of a level, from its bounds of footprints; 1 / focal (an angle) where
    all is sky.
    """
    if level.footprint_max <= 0.0:
        return 1.0 / level.lens.focal
    return math.sqrt(level.footprint_min * level.footprint_max)


def window(camera: Camera, x: int, y: int, width: int, height: int) -> Camera:
    """The part of a view whose top left pixel is (x, y), at the same pixel size; it may reach outside the
    frame.
    """
    principal = (camera.principal[0] - x, camera.principal[1] - y)
    return replace(camera, width=width, height=height, principal=principal)


def magnified(camera: Camera, factor: float, *, margin: int = 0) -> Camera:
    """The same view with `factor` times the pixels per axis and `margin` more pixels on every side."""
    width, height = round(camera.width * factor), round(camera.height * factor)
    principal = (camera.principal[0] * factor + margin, camera.principal[1] * factor + margin)
    return replace(
        camera,
        focal=camera.focal * factor,
        width=width + 2 * margin,
        height=height + 2 * margin,
        principal=principal,
    )


def reduced(camera: Camera, ratio: float) -> tuple[Camera, tuple[float, float, float, float]]:
    """The same view with `ratio` times fewer pixels per axis, and the box of `camera`'s pixels that it shows
    exactly.

    Fractions of a reduced pixel are left off at the far borders.
    """
    width, height = max(1, math.floor(camera.width / ratio)), max(1, math.floor(camera.height / ratio))
    principal = (camera.principal[0] / ratio, camera.principal[1] / ratio)
    small = replace(camera, focal=camera.focal / ratio, width=width, height=height, principal=principal)
    return small, (
        0.0,
        0.0,
        min(width * ratio, float(camera.width)),
        min(height * ratio, float(camera.height)),
    )


def pixels_under(outer: Camera, inner: Camera) -> tuple[Camera, tuple[float, float, float, float]]:
    """The whole pixels of `outer` that lie in the view of `inner`, a crop of it, as a camera; and their box in
    pixels of `inner`.
    """
    ratio = inner.focal / outer.focal
    spans = []
    for principal, outer_principal, size in zip(
        inner.principal, outer.principal, (inner.width, inner.height), strict=True
    ):
        start = outer_principal - principal / ratio
        first = math.ceil(start - 1e-3)
        count = max(1, math.floor(start + size / ratio + 1e-3) - first)
        low = min(max((first - start) * ratio, 0.0), float(size))
        spans.append((first, count, low, min((first + count - start) * ratio, float(size))))
    (left, width, x0, x1), (top, height, y0, y1) = spans
    return window(outer, left, top, width, height), (x0, y0, x1, y1)


def sample(image: NDArray[Any], points: FloatArray, *, outside: float) -> FloatArray:
    """Bilinear samples of `image` (H, W) at image points (..., 2) in px (pixel centres at +0.5); NaN points
    are outside.
    """
    height, width = image.shape
    x, y = points[..., 0] - 0.5, points[..., 1] - 0.5
    with np.errstate(invalid="ignore"):
        inside = (x > -0.5) & (y > -0.5) & (x < width - 0.5) & (y < height - 0.5)
    x, y = np.where(inside, x, 0.0).clip(0, width - 1), np.where(inside, y, 0.0).clip(0, height - 1)
    i, j = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
    u, v = x - i, y - j
    right, below = np.minimum(i + 1, width - 1), np.minimum(j + 1, height - 1)
    value = (image[j, i] * (1 - u) + image[j, right] * u) * (1 - v) + (
        image[below, i] * (1 - u) + image[below, right] * u
    ) * v
    return np.asarray(np.where(inside, value, outside), np.float64)


def points_of(frame: Frame, output: str = "depth_median") -> FloatArray:
    """World points (H, W, 3) of what a frame shows, from one of its depths; NaN where that is infinite (sky
    or nothing).
    """
    depth = part_of(getattr(frame, output)) + frame.depth_reference
    return np.asarray(frame.camera.unproject(depth), np.float64)


def octaves(camera: Camera, points: FloatArray) -> FloatArray:
    """Octave -log2(footprint) of world `points` (..., 3) in `camera`; NaN points are the sky, whose footprint
    is an angle.
    """
    distance = np.linalg.norm(points - camera.eye, axis=-1)
    distance = np.where(np.isfinite(distance), distance, 1.0)
    return np.asarray(math.log2(camera.focal) - np.log2(distance), np.float64)
