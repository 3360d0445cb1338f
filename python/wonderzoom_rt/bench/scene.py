# SPDX-License-Identifier: Apache-2.0
"""`Scene`: what a benchmark draws, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..camera import Camera
from ..errors import InputError

if TYPE_CHECKING:
    from ..layer import SurfelLayer
    from ..world import World

SCENE_KEY = "bench_scene"
"""In a level's metadata: which named scene it is of, and what a benchmark needs to know of it."""


@dataclass(frozen=True)
class Scene:
    """A world and its reference view.

    name: as asked for. world. camera: the reference view; its size is the one the scene is meant for. target: the
    point (3,), wu, that paths turn about and close in on. facts: how it was made, plain values.
    """

    name: str
    world: World
    camera: Camera
    target: tuple[float, float, float]
    facts: dict[str, Any] = field(default_factory=dict)


def scene_of_layer(
    name: str, layer: SurfelLayer, camera: Camera, target: tuple[float, float, float], facts: dict[str, Any]
) -> Scene:
    """A scene of one level."""
    from ..world import World

    world = World.from_surfels(layer, camera, metadata=metadata_of(name, target, facts))
    return Scene(name, world, camera, target, facts)


def metadata_of(name: str, target: tuple[float, float, float], facts: dict[str, Any]) -> dict[str, Any]:
    """What the first level of a named scene remembers, so that its file benches as the scene itself does."""
    return {"generator": "scene", SCENE_KEY: {"name": name, "target": list(target), **facts}}


def scene_of_world(name: str, world: World, camera: Camera | None = None) -> Scene:
    """The scene that a world is: its first view, or the one of `camera`. Raises InputError for an empty world."""
    if not world.levels:
        raise InputError(f"{name} holds no level, so there is nothing to draw")
    first = world.level(0)
    noted = first.metadata.get(SCENE_KEY)
    facts = {key: value for key, value in noted.items() if key != "target"} if isinstance(noted, dict) else {}
    if camera is not None or not isinstance(noted, dict):
        view = first.lens if camera is None else camera
        return Scene(name, world, view, _seen_at(world, view), facts)
    x, y, z = (float(part) for part in noted["target"])
    return Scene(str(noted["name"]), world, first.lens, (x, y, z), facts)


def _seen_at(world: World, camera: Camera) -> tuple[float, float, float]:
    """The point in the middle of a view; where nothing is there, as far away as what the view is about."""
    import numpy as np

    pick = world.pick(camera, camera.width / 2.0, camera.height / 2.0)
    if pick is not None and np.isfinite(pick.distance):
        reach = pick.distance
    else:
        depth = world.render(camera, outputs=("depth_median",)).depth_median
        known = depth[np.isfinite(depth)] if depth is not None else np.zeros(0)
        reach = float(np.median(known)) if known.size else 1.0
    x, y, z = camera.eye + reach * camera.central_ray
    return float(x), float(y), float(z)
