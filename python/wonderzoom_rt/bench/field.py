# SPDX-License-Identifier: Apache-2.0
"""One-level scenes of one-pixel surfels: the field, the field with discs through the camera plane, the needle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import EXTENT_PER_FOOTPRINT, SurfelLayer
from ..rotation import quaternions_facing
from .relief import Relief, normals, pattern
from .scene import Scene, scene_of_layer

Array = NDArray[np.float64]

SIGMA_PX = 0.7
OPACITY = 0.9
REACH_WU = 8.0
FOCAL_PER_WIDTH = 1.1
CROSSING_FRACTION = 0.02
_SLOPE, _OCTAVES = 0.12, 7
_WIDEST = 0.42
"""Extent of the largest disc beside the eye, over its distance: it then shows in the view's border."""
_SMALLEST_TILE_PX = 8
"""The needle fits a tile of this size, and so every larger one that is a multiple of it."""


def reference(size: tuple[int, int]) -> Camera:
    """The view that one-level scenes are made for: at the origin, along +z, 49 degrees wide."""
    return Camera.home(*size, focal=FOCAL_PER_WIDTH * size[0])


def field_scene(name: str, seed: int, count: int, size: tuple[int, int]) -> Scene:
    """About `count` surfels on relief, each about a pixel wide, all in the reference view of `size`."""
    camera = reference(size)
    layer = field_layer(seed, count, camera)
    return scene_of_layer(name, layer, camera, (0.0, 0.0, REACH_WU), {"seed": seed, "surfels": len(layer)})


def field_layer(seed: int, count: int, camera: Camera) -> SurfelLayer:
    """At least `count` surfels, one at a random place in each cell of a grid over the view."""
    columns = math.ceil(math.sqrt(count * camera.width / camera.height))
    rows = math.ceil(count / columns)
    random = np.random.default_rng((seed, 0xF1E1D))
    row, column = np.divmod(np.arange(rows * columns), columns)
    x = (column + random.uniform(size=row.size)) * (camera.width / columns)
    y = (row + random.uniform(size=row.size)) * (camera.height / rows)
    return _on_relief(seed, x, y, camera)


def crossing_scene(name: str, seed: int, count: int, size: tuple[int, int]) -> Scene:
    """The field, of whose surfels 2 % are discs around the eye that reach through the plane of the camera."""
    camera = reference(size)
    few = round(CROSSING_FRACTION * count)
    ground = field_layer(seed, count - few, camera)
    few = round(CROSSING_FRACTION / (1.0 - CROSSING_FRACTION) * len(ground))
    layer = SurfelLayer.concatenate([ground, crossing_layer(seed, few, camera)])
    return scene_of_layer(
        name, layer, camera, (0.0, 0.0, REACH_WU), {"seed": seed, "surfels": len(layer), "crossing": few}
    )


def crossing_layer(seed: int, count: int, camera: Camera) -> SurfelLayer:
    """Discs in the camera's plane, 0.3 to 8 wu to the side, from a pixel to nearly half of that in extent.

    They stand as grass does around somebody who lies in it: the large ones reach into the view, the small ones
    do not, and every one has a part in front of the eye and a part behind it.
    """
    random = np.random.default_rng((seed, 0xC2055))
    aside = 0.3 * (REACH_WU / 0.3) ** random.uniform(size=count)
    around = random.uniform(0.0, 2.0 * np.pi, count)
    smallest = SIGMA_PX / camera.focal
    extent = aside * smallest * (_WIDEST / smallest) ** random.uniform(size=count) ** 2
    # The normal lies near the camera's plane, so that the disc stands across it; the centre is within one extent.
    lean = random.uniform(-0.5, 0.5, count)
    turned = random.uniform(0.0, 2.0 * np.pi, count)
    facing = np.stack([np.cos(turned) * np.cos(lean), np.sin(turned) * np.cos(lean), np.sin(lean)], axis=1)
    ahead = random.uniform(-1.0, 1.0, count) * extent * np.cos(lean)
    positions = np.stack([aside * np.cos(around), aside * np.sin(around), ahead], axis=1)
    return SurfelLayer.from_arrays(
        positions,
        colors=random.uniform(0.1, 0.6, (count, 3)).astype(np.float32),
        normals=facing,
        extents=np.repeat(extent[:, None], 2, axis=1),
        opacities=OPACITY,
        now=extent / EXTENT_PER_FOOTPRINT,
    )


def needle_scene(name: str, seed: int, count: int, size: tuple[int, int]) -> Scene:
    """As many surfels as the field has, all in one tile of the reference view, one behind another."""
    camera = reference(size)
    random = np.random.default_rng((seed, 0x4EED1E))
    corner = [_SMALLEST_TILE_PX * 2 * (side // 2 // (2 * _SMALLEST_TILE_PX)) for side in size]
    margin = 3.33 * SIGMA_PX + 0.1
    x = corner[0] + random.uniform(margin, _SMALLEST_TILE_PX - margin, count)
    y = corner[1] + random.uniform(margin, _SMALLEST_TILE_PX - margin, count)
    across, down = _tangents(x, y, camera)
    depth = REACH_WU * random.uniform(0.5, 2.0, count)
    positions = np.stack([across, down, np.ones(count)], axis=1) * depth[:, None]
    footprint = np.linalg.norm(positions, axis=1) / camera.focal
    layer = SurfelLayer.from_arrays(
        positions,
        colors=random.uniform(0.0, 1.0, (count, 3)).astype(np.float32),
        normals=-positions,
        extents=np.repeat(SIGMA_PX * footprint[:, None], 2, axis=1),
        opacities=OPACITY,
        now=footprint,
    )
    middle = positions.mean(axis=0)
    target = (float(middle[0]), float(middle[1]), float(middle[2]))
    return scene_of_layer(name, layer, camera, target, {"seed": seed, "surfels": count})


def _on_relief(seed: int, x: Array, y: Array, camera: Camera) -> SurfelLayer:
    """One surfel a point of the view (px), on relief."""
    across, down = _tangents(x, y, camera)
    wide = camera.width / camera.focal
    relief = Relief.seeded(seed, reach=REACH_WU, wavelength=wide / 2.0, octaves=_OCTAVES, slope=_SLOPE)
    depth, slope_across, slope_down = relief(across, down)
    positions = np.stack([across * depth, down * depth, depth], axis=1)
    footprint = np.linalg.norm(positions, axis=1) / camera.focal
    return SurfelLayer.from_arrays(
        positions,
        colors=pattern(seed, across, down, wide / 3.0),
        orientations=quaternions_facing(normals(across, down, depth, slope_across, slope_down)),
        extents=np.repeat(SIGMA_PX * footprint[:, None], 2, axis=1),
        opacities=OPACITY,
        now=footprint,
    )


def _tangents(x: Array, y: Array, camera: Camera) -> tuple[Array, Array]:
    return (x - camera.principal[0]) / camera.focal, (y - camera.principal[1]) / camera.focal
