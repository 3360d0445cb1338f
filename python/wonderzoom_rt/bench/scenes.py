# SPDX-License-Identifier: Apache-2.0
"""The named scenes, and whatever else a benchmark can be given: a world file, a file of splats."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..camera import Camera
from ..errors import InputError
from .scene import Scene, scene_of_world

Size = tuple[int, int]
SMALLEST_PART = 1e-3


@dataclass(frozen=True)
class SceneSpec:
    """A named scene: what it stresses, its surfels, the size of its reference view, and how it is made."""

    about: str
    surfels: int
    size: Size
    make: Callable[[str, int, int, Size], Scene]


def _field(name: str, seed: int, count: int, size: Size) -> Scene:
    from .field import field_scene

    return field_scene(name, seed, count, size)


def _crossing(name: str, seed: int, count: int, size: Size) -> Scene:
    from .field import crossing_scene

    return crossing_scene(name, seed, count, size)


def _needle(name: str, seed: int, count: int, size: Size) -> Scene:
    from .field import needle_scene

    return needle_scene(name, seed, count, size)


def _stack(name: str, seed: int, count: int, size: Size) -> Scene:
    from .stack import LEVELS, stack_scene

    return stack_scene(name, seed, LEVELS, size)


def _city(name: str, seed: int, count: int, size: Size) -> Scene:
    from .city import city_scene

    return city_scene(name, seed, count, size)


def _demo(name: str, seed: int, count: int, size: Size) -> Scene:
    from .demo_world import demo_scene

    return demo_scene(name, seed, size)


SCENES: dict[str, SceneSpec] = {
    "field-500k": SceneSpec("one-pixel surfels on relief, all visible", 500_000, (960, 540), _field),
    "field-2m": SceneSpec("the same at full HD", 2_000_000, (1920, 1080), _field),
    "stack-12": SceneSpec("twelve nested levels, 16.5 octaves deep", 12 * 518_400, (960, 540), _stack),
    "city-20m": SceneSpec("many pages, of which a view needs a part", 20_000_000, (1280, 720), _city),
    "crossing": SceneSpec(
        "2 % of the discs reach through the camera's plane", 500_000, (960, 540), _crossing
    ),
    "needle": SceneSpec("all surfels in one tile", 500_000, (960, 540), _needle),
    "demo": SceneSpec(
        "the packaged photograph and a zoom of x8 (needs the offline extra)", 1_200_000, (960, 540), _demo
    ),
}


def make_scene(name: str, *, seed: int = 0, part: float = 1.0) -> Scene:
    """A named scene. part: of its surfels, 0.001..1; the reference view shrinks so that each keeps its size in pixels.

    Raises InputError for an unknown name or a part outside its range.
    """
    if name not in SCENES:
        raise InputError(f"there is no scene {name!r}; there are {', '.join(SCENES)}")
    if not (math.isfinite(part) and SMALLEST_PART <= part <= 1.0):
        raise InputError(f"the part of a scene must lie in {SMALLEST_PART:g}..1, got {part!r}")
    if seed < 0:
        raise InputError(f"the seed of a scene must be 0 or more, got {seed}")
    spec = SCENES[name]
    side = math.sqrt(part)
    size = (max(16, round(spec.size[0] * side)), max(9, round(spec.size[1] * side)))
    return spec.make(name, seed, max(1, round(spec.surfels * part)), size)


def open_subject(subject: str, *, seed: int = 0, part: float = 1.0, camera: Camera | None = None) -> Scene:
    """The scene that a benchmark is given: a name, a world file (.wz) or a file of splats (.ply).

    camera: the reference view, in place of the scene's own. Raises InputError for what is none of these.
    """
    if subject in SCENES:
        scene = make_scene(subject, seed=seed, part=part)
        return scene if camera is None else scene_of_world(subject, scene.world, camera)
    path = Path(subject)
    if path.suffix.lower() not in (".wz", ".ply"):
        raise InputError(
            f"expected a scene ({', '.join(SCENES)}), a world file .wz or splats .ply, got {subject!r}"
        )
    if part != 1.0 or seed != 0:
        raise InputError(f"seed and part are of named scenes, got them with the file {subject}")
    if not path.is_file():
        raise InputError(f"there is no file {subject}")
    if path.suffix.lower() == ".ply":
        from .capture import capture_scene

        return capture_scene(path, camera)
    from ..world import World

    return scene_of_world(path.name, World.open(path), camera)
