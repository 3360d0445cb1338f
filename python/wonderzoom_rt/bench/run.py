# SPDX-License-Identifier: Apache-2.0
"""One benchmark from its wishes to its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..camera import Camera
from ..errors import InputError
from ..frame import OUTPUTS
from .limits import limits_for
from .machine import machine
from .measure import Progress, Settings, make_engine, measure
from .paths import MOST_FRAMES, open_path
from .report import result_of
from .scenes import open_subject


@dataclass(frozen=True)
class Wishes:
    """What to measure. subject: a named scene, .wz or .ply. size, frames, warmup: None for the scene's and the path's.

    camera: the reference view, in place of the scene's own. part, seed: of a named scene.
    """

    subject: str
    path: str = "still"
    size: tuple[int, int] | None = None
    frames: int | None = None
    warmup: int | None = None
    runs: int = 1
    seed: int = 0
    part: float = 1.0
    camera: Camera | None = None
    settings: Settings = field(default_factory=Settings)


def run_bench(wishes: Wishes, progress: Progress | None = None) -> dict[str, Any]:
    """Measures what is wished for and returns the result, JSON-able. Raises InputError for what cannot be."""
    tell = progress or (lambda fraction, words: None)
    check(wishes)
    where = machine(wishes.settings.backend)
    make_engine(wishes.settings)
    path = open_path(wishes.path)
    tell(0.0, "making the scene")
    scene = open_subject(wishes.subject, seed=wishes.seed, part=wishes.part, camera=wishes.camera)
    size = wishes.size or (scene.camera.width, scene.camera.height)
    warmup = path.warmup if wishes.warmup is None else wishes.warmup
    cameras = [camera.resized(*size) for camera in path.cameras(scene, wishes.frames or path.frames)]
    samples = measure(
        scene,
        cameras,
        wishes.settings,
        warmup=warmup,
        runs=wishes.runs,
        progress=lambda fraction, words: tell(0.1 + 0.8 * fraction, words),
    )
    tell(0.9, "measuring the machine")
    limits = limits_for(wishes.settings, samples)
    return result_of(
        scene, samples, wishes.settings, limits, where=where, path=path.name, size=size, warmup=warmup
    )


def check(wishes: Wishes) -> None:
    """Raises InputError for counts and outputs that cannot be."""
    for name, value, least in (
        ("frames", wishes.frames, 1),
        ("warmup", wishes.warmup, 0),
        ("runs", wishes.runs, 1),
    ):
        if value is not None and not least <= value <= MOST_FRAMES:
            raise InputError(f"{name} must lie in {least}..{MOST_FRAMES}, got {value}")
    unknown = [name for name in wishes.settings.outputs if name not in OUTPUTS]
    if unknown or not wishes.settings.outputs:
        raise InputError(
            f"outputs must be among {', '.join(OUTPUTS)}, got {', '.join(map(repr, unknown)) or 'none'}"
        )
