# SPDX-License-Identifier: Apache-2.0
"""A process that commits and undoes levels as fast as it can, until it is killed.

    python committer.py WORLD.wz SEED

The n-th change of a world depends on the seed and n alone, so that whoever finds the file afterwards knows which
levels each epoch must hold. Prints the epoch after each change that has returned.
"""

from __future__ import annotations

import sys

import numpy as np

from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt.synth.types import LevelResult
from wonderzoom_rt.world import World

SIDE = (32, 48)
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
    if not world.levels:
        picture = random.random((*SIDE, 3))
        result, parent = first_level(picture, random.uniform(3.0, 4.0, SIDE), focal=40.0), None
    else:
        base = world.levels[-1]
        request = world.request(
            base.lens.zoomed(2.5, at=tuple(random.random(2))), parent=base.id, seed=number
        )
        pipeline = EnlargingPipeline(steps=1)
        result = pipeline.run(request, progress=lambda *_: None, cancelled=lambda: False)[0]
        parent = base.id
    result.metadata["change"] = number
    return result, parent


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
