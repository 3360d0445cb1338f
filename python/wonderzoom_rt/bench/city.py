# SPDX-License-Identifier: Apache-2.0
"""`city-20m`: a city of many pages, of which a view needs a part."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import EXTENT_PER_FOOTPRINT, SurfelLayer
from ..rotation import quaternions_facing
from .field import FOCAL_PER_WIDTH
from .scene import Scene, scene_of_layer

Array = NDArray[np.float64]

BLOCK_WU = 30.0
SURFELS_PER_BLOCK = 50_000
_TEMPLATES = 6
_HOUSES = 9
_OPACITY = 0.95
_UP = -1.0  # along y, which points down


def city_scene(name: str, seed: int, count: int, size: tuple[int, int]) -> Scene:
    """About `count` surfels: a square of blocks of houses, seen from above its middle.

    Blocks are copies of six drawn ones, in colours of their own: twenty million surfels take seconds.
    """
    side = max(1, round(math.sqrt(count / SURFELS_PER_BLOCK)))
    layer = city_layer(seed, side)
    middle = 0.5 * side * BLOCK_WU - BLOCK_WU
    camera = Camera.look_at(
        (0.0, -32.0, middle),
        (0.0, -2.0, middle + 5.0 * BLOCK_WU),
        focal=FOCAL_PER_WIDTH * size[0],
        width=size[0],
        height=size[1],
    )
    target = (0.0, -2.0, middle + 5.0 * BLOCK_WU)
    return scene_of_layer(
        name, layer, camera, target, {"seed": seed, "surfels": len(layer), "blocks": side * side}
    )


def city_layer(seed: int, side: int) -> SurfelLayer:
    """side x side blocks; x from -side/2 to side/2 blocks, z from 0 to side blocks, the ground at y = 0."""
    random = np.random.default_rng((seed, 0xC17E))
    blocks = [_block(random) for _ in range(_TEMPLATES)]
    count, each = side * side, SURFELS_PER_BLOCK
    chosen = random.integers(_TEMPLATES, size=count)
    tints = random.uniform(0.75, 1.15, (count, 3)).astype(np.float32)
    positions = np.empty((count * each, 3))
    orientations = np.empty((count * each, 4), dtype=np.float32)
    colors = np.empty((count * each, 3), dtype=np.float32)
    extents = np.empty((count * each, 2), dtype=np.float32)
    for number in range(count):
        row, column = divmod(number, side)
        part = slice(number * each, (number + 1) * each)
        block = blocks[chosen[number]]
        offset = np.array([(column - side / 2.0) * BLOCK_WU, 0.0, row * BLOCK_WU])
        np.add(block.positions, offset, out=positions[part])
        orientations[part] = block.orientations
        np.clip(block.colors * tints[number], 0.0, 1.0, out=colors[part])
        extents[part] = block.extents
    now = extents[:, 0].astype(np.float64) / EXTENT_PER_FOOTPRINT
    total = count * each
    return SurfelLayer(
        positions=positions,
        orientations=orientations,
        extents=extents,
        colors=colors,
        opacities=np.full(total, _OPACITY, dtype=np.float32),
        now=now,
        prior=np.full(total, np.inf),
        mask=np.ones(total, dtype=np.float32),
        is_sky=np.zeros(total, dtype=np.bool_),
        flags=np.zeros(total, dtype=np.uint16),
    )


def _block(random: np.random.Generator) -> SurfelLayer:
    """One block at the origin: its ground and nine houses, sampled evenly by area."""
    corners, sides, outwards, kinds = _faces(random)
    areas = np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1)
    face = random.choice(len(areas), size=SURFELS_PER_BLOCK, p=areas / areas.sum())
    place = random.uniform(size=(SURFELS_PER_BLOCK, 2))
    positions = corners[face] + np.einsum("ni,nij->nj", place, sides[face])
    spacing = math.sqrt(areas.sum() / SURFELS_PER_BLOCK)
    paint = random.uniform(0.35, 0.75, (len(areas), 1)) + random.uniform(-0.08, 0.08, (len(areas), 3))
    shade = paint[face]
    along = np.einsum("nj,nj->n", positions, np.abs(sides[face, 0]) > 0)
    window = (kinds[face] == 1) & (np.sin(3.0 * positions[:, 1]) > 0.2) & (np.sin(2.5 * along) > 0.1)
    colors = np.where(window[:, None], (0.15, 0.2, 0.3), shade) + random.normal(0.0, 0.03, shade.shape)
    colors[kinds[face] == 0] *= 0.6
    return SurfelLayer.from_arrays(
        positions,
        colors=np.clip(colors, 0.0, 1.0).astype(np.float32),
        orientations=quaternions_facing(outwards[face]),
        extents=EXTENT_PER_FOOTPRINT * spacing,
        opacities=_OPACITY,
        now=spacing,
    )


def _faces(random: np.random.Generator) -> tuple[Array, Array, Array, NDArray[np.int64]]:
    """Rectangles: corners (F,3), sides (F,2,3), normals (F,3), kinds (F,) 0 ground, 1 wall, 2 roof."""
    corners, sides, outwards, kinds = [], [], [], []

    def add(corner: Array, first: Array, second: Array, out: tuple[float, float, float], kind: int) -> None:
        corners.append(corner)
        sides.append((first, second))
        outwards.append(out)
        kinds.append(kind)

    x, y, z = np.eye(3)
    add(np.zeros(3), BLOCK_WU * x, BLOCK_WU * z, (0.0, _UP, 0.0), 0)
    lot = BLOCK_WU / 3.0
    for house in range(_HOUSES):
        row, column = divmod(house, 3)
        wide, deep = random.uniform(0.55, 0.8, 2) * lot
        tall = 3.0 * random.integers(2, 7)
        base = np.array([(column + 0.5) * lot - wide / 2, 0.0, (row + 0.5) * lot - deep / 2])
        up = _UP * tall * y
        add(base, wide * x, up, (0.0, 0.0, -1.0), 1)
        add(base + deep * z, wide * x, up, (0.0, 0.0, 1.0), 1)
        add(base, deep * z, up, (-1.0, 0.0, 0.0), 1)
        add(base + wide * x, deep * z, up, (1.0, 0.0, 0.0), 1)
        add(base + up, wide * x, deep * z, (0.0, _UP, 0.0), 2)
    return np.array(corners), np.array(sides), np.array(outwards), np.array(kinds)
