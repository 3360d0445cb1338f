# SPDX-License-Identifier: Apache-2.0
"""`stack-12`: nested levels as zooms make them, with bands and covers, so that a flight runs through all of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer
from ..rotation import quaternions_facing
from ..synth.types import LevelResult
from ..world import World
from .field import FOCAL_PER_WIDTH, OPACITY, REACH_WU, SIGMA_PX
from .relief import Relief, normals, pattern
from .scene import Scene, metadata_of

Array = NDArray[np.float64]

LEVELS = 12
OCTAVES_PER_LEVEL = 1.5
"""As a zoom of x8 makes two levels."""
_SOFT_BORDER = 0.1
"""Of a level's width and height, on each side: where its mask rises from 0 to 1."""
_FIRST_OCTAVES = 6
_SLOPE = 0.1


def stack_scene(name: str, seed: int, levels: int, size: tuple[int, int]) -> Scene:
    """`levels` levels, each of one surfel a pixel of `size`, each 1.5 octaves closer than the one before."""
    width, height = size
    home = Camera.home(width, height, focal=FOCAL_PER_WIDTH * width)
    octaves = _FIRST_OCTAVES + int(np.ceil(OCTAVES_PER_LEVEL * levels))
    relief = Relief.seeded(
        seed, reach=REACH_WU, wavelength=width / home.focal / 2.0, octaves=octaves, slope=_SLOPE
    )
    world = World()
    middle = relief(np.zeros(1), np.zeros(1))[0][0]
    target = (0.0, 0.0, float(middle))
    facts = {"seed": seed, "levels": levels}
    for number in range(levels):
        result = _level(relief, seed, number, home)
        if number == 0:
            result.metadata.update(metadata_of(name, target, facts))
        world.commit(result, parent=number - 1 if number else None)
    return Scene(name, world, home, target, facts)


def _level(relief: Relief, seed: int, number: int, home: Camera) -> LevelResult:
    lens = home.zoomed(2.0 ** (OCTAVES_PER_LEVEL * number))
    x = (np.arange(lens.width, dtype=np.float64) + 0.5 - lens.principal[0]) / lens.focal
    y = (np.arange(lens.height, dtype=np.float64) + 0.5 - lens.principal[1]) / lens.focal
    across, down = (grid.ravel() for grid in np.meshgrid(x, y))
    known = relief.coarser(_FIRST_OCTAVES + int(np.floor(OCTAVES_PER_LEVEL * number)))
    depth, slope_across, slope_down = (values.ravel() for values in known.grid(x, y))
    distance = depth * np.sqrt(across * across + down * down + 1.0)
    shape = (lens.height, lens.width)
    mask = _soft_mask(shape) if number else np.ones(shape, dtype=np.float32)
    picture = pattern(seed + number, across, down, lens.width / lens.focal / 3.0)
    footprint = distance / lens.focal
    layer = SurfelLayer.from_arrays(
        np.stack([across * depth, down * depth, depth], axis=1),
        colors=picture,
        orientations=quaternions_facing(normals(across, down, depth, slope_across, slope_down)),
        extents=np.repeat(SIGMA_PX * footprint[:, None], 2, axis=1),
        opacities=OPACITY,
        now=footprint,
        prior=footprint * 2.0**OCTAVES_PER_LEVEL if number else np.inf,
        mask=mask.ravel(),
    )
    middle = float(distance.reshape(shape)[shape[0] // 2, shape[1] // 2])
    return LevelResult(
        lens=lens,
        approach=lens.approached(middle, focal=home.focal),
        layer=layer.select(mask.ravel() > 0.0) if number else layer,
        picture=picture.reshape(*shape, 3),
        distance=distance.reshape(shape),
        cover=mask,
        metadata={"generator": "scene", "seed": seed},
    )


def _soft_mask(shape: tuple[int, int]) -> NDArray[np.float32]:
    """1 inside, falling to 0 at the border without a kink."""
    sides = []
    for length in shape:
        place = (np.arange(length) + 0.5) / length
        rise = np.clip(np.minimum(place, 1.0 - place) / _SOFT_BORDER, 0.0, 1.0)
        sides.append(rise * rise * (3.0 - 2.0 * rise))
    return np.outer(sides[0], sides[1]).astype(np.float32)
