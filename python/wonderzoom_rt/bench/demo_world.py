# SPDX-License-Identifier: Apache-2.0
"""`demo`: the packaged photograph and one zoom into it, as a user's first world is."""

from __future__ import annotations

import importlib.resources
import importlib.util

from ..errors import MissingExtraError
from .scene import Scene, scene_of_world

_AT = (0.3, 0.33)
"""The heart of the dandelion."""


def demo_scene(name: str, seed: int, size: tuple[int, int]) -> Scene:
    """A world of three levels: the photograph, `size` wide, and a zoom of x8, quality fast.

    Raises MissingExtraError without the packages of the generator.
    """
    missing = [module for module in ("cv2", "ncnn") if importlib.util.find_spec(module) is None]
    if missing:
        raise MissingExtraError(
            f"the scene demo needs the offline generator, and {', '.join(missing)} is missing: "
            "pip install 'wonderzoom-rt[offline]'"
        )
    from ..jobs import Generator
    from ..world import World

    packaged = importlib.resources.files("wonderzoom_rt").joinpath("data", "dandelions.jpg")
    with importlib.resources.as_file(packaged) as photograph:
        world = World.from_image(photograph, width=size[0], seed=seed)
    with Generator(worker="in-process") as generator:
        job = generator.zoom(world, world.home.zoomed(8.0, at=_AT), parent=0, quality="fast", seed=seed)
        job.result()
    made = scene_of_world(name, world)
    return Scene(name, world, made.camera, made.target, {"seed": seed})
