# SPDX-License-Identifier: Apache-2.0
"""A process that commits and undoes levels as fast as it can, until it is killed.

    python committer.py WORLD.wz SEED

The n-th change of a world depends on the seed and n alone, so that whoever finds the file afterwards knows which
levels each epoch must hold. Prints the epoch after each change that has returned.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from small_pipelines import first_level, lifted, soft_cover
from wonderzoom_rt.synth.types import LevelResult
from wonderzoom_rt.world import World

SIDE = (24, 32)
MAX_LEVELS = 9


def expected_levels(seed: int, changes: int) -> list[int]:
    """For each level there must be after so many changes: the number of the change that made it."""
    made: list[int] = []
    for number in range(changes):
        if is_undo(seed, number, len(made)):
            made.pop()
        else:
            made.append(number)
    return made


def is_undo(seed: int, number: int, levels: int) -> bool:
    """Whether the change of that number takes a level back."""
    if levels < 2:
        return False
    return levels >= MAX_LEVELS or np.random.default_rng((seed, number)).random() < 0.3


def new_level(world: World, seed: int, number: int) -> tuple[LevelResult, int | None]:
    """The level that the change of that number adds, and its parent."""
    random = np.random.default_rng((seed, number, 1))
    picture, distance = random.random((*SIDE, 3)).astype(np.float32), random.uniform(3.0, 4.0, SIDE)
    metadata = {"change": number}
    if not world.levels:
        return replace(first_level(picture, distance, focal=40.0), metadata=metadata), None
    base = world.levels[-1]
    lens = base.lens.zoomed(2.5, at=tuple(random.random(2)))
    cover = soft_cover(lens.height, lens.width)
    layer = lifted(lens, picture, distance, parent_focal=base.lens.focal, cover=cover)
    approach = lens.approached(3.5, focal=40.0)
    return LevelResult(lens, approach, layer, picture, distance, cover, metadata=metadata), base.id


def change(world: World, seed: int, number: int) -> None:
    """Makes the change of that number."""
    if is_undo(seed, number, len(world.levels)):
        world.undo()
    else:
        result, parent = new_level(world, seed, number)
        world.commit(result, parent=parent)


def main(path: str, seed: int) -> None:
    world = World.open(path, writable=True)
    print(world.epoch, flush=True)
    while True:
        change(world, seed, world.epoch)
        print(world.epoch, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
