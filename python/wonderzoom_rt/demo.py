# SPDX-License-Identifier: Apache-2.0
"""The whole job once: a photograph becomes a world, three zooms of x8, a film, a contact sheet and a report."""

from __future__ import annotations

import importlib.resources
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contact_sheet import save_contact_sheet
from .errors import InputError
from .evaluate import evaluate
from .film import make_film
from .jobs import Generator
from .jobs.job import Job
from .synth.types import Progress, Quality
from .world import World

ZOOMS = 3
FACTOR = 8.0
FILM_SIZE = (960, 540)
DANDELION = (0.3, 0.33)
"""The heart of the dandelion, where the demo of the packaged photograph goes."""
BLOCKS = 24
Step = Callable[[str], AbstractContextManager[Progress]]
"""Opens the display of one step's progress."""


@dataclass
class DemoResult:
    """Where things are, how long each step took (s), and what was measured."""

    folder: Path
    world: Path
    film: Path
    contact_sheet: Path
    evaluation: Path
    seconds: dict[str, float] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "folder": str(self.folder),
            "world": str(self.world),
            "film": str(self.film),
            "contact_sheet": str(self.contact_sheet),
            "evaluation": str(self.evaluation),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
            "worst": self.report.get("worst", {}),
            "notices": self.notices,
        }


def run_demo(
    folder: str | Path,
    *,
    photograph: str | Path | None = None,
    step: Step | None = None,
    seed: int = 0,
    quality: Quality = "best",
    wait: Callable[[Job, Progress], None] | None = None,
) -> DemoResult:
    """Makes everything in `folder` (made if it is not there; what an earlier demo left is replaced).

    photograph: the packaged one when left out. quality: of the zooms. wait: how to wait for a zoom. Raises what its
    steps raise; files of finished steps stay.
    """
    base = Path(folder)
    try:
        base.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"the folder {base} cannot be made: {problem.strerror}") from None
    result = DemoResult(
        folder=base,
        world=base / "world.wz",
        film=base / "film.mp4",
        contact_sheet=base / "contact_sheet.png",
        evaluation=base / "evaluate.json",
    )
    stage = _Stages(result, step or _silent)
    first_place = DANDELION if photograph is None else None
    with _photograph(photograph) as source:
        with stage("new") as progress:
            world = World.from_image(source, path=result.world, overwrite=True, seed=seed, progress=progress)
        result.notices = list(world.notices)
        _zoom_in(world, stage, wait or _just_wait, first_place, quality=quality, seed=seed)
        with stage("film") as progress:
            make_film(world, result.film, size=FILM_SIZE, progress=progress)
        with stage("contact sheet"):
            save_contact_sheet(
                world,
                result.contact_sheet,
                title=f"{_title(photograph)}, zoomed x{FACTOR**ZOOMS:.0f}",
                notes=_notes(world, result),
            )
        with stage("evaluate") as progress:
            report = evaluate(world, progress=progress)
    result.report = report.to_dict()
    result.evaluation.write_text(report.to_json() + "\n", encoding="utf-8")
    return result


def interesting_place(
    picture: NDArray[np.float32], distance: NDArray[np.float64], focal: float
) -> tuple[float, float]:
    """Where a view has most to show, in 0..1 of it: much structure on one surface that faces us, near the middle.

    picture (H,W,3), distance (H,W) radial, +inf sky, of a lens camera with `focal` px. Judged in blocks of 1/24 of
    the view, each with its neighbours: together they are what a zoom of x8 will show.
    """
    grey = picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    energy = np.abs(np.diff(grey, axis=0))[:, :-1] + np.abs(np.diff(grey, axis=1))[:-1]
    reach = np.minimum(distance, 2.0 * float(distance[np.isfinite(distance)].max(initial=1.0)))
    nearest, farthest = _around(_blocks(reach, np.min), np.min), _around(_blocks(reach, np.max), np.max)
    structure = _around(_blocks(energy, np.mean), np.mean)
    steepness = (farthest - nearest) * focal / nearest / (3 * picture.shape[1] / BLOCKS)
    facing = np.exp(-((steepness / 1.0) ** 2))
    place = (np.arange(BLOCKS) + 0.5) / BLOCKS
    central = np.exp(-((place[None, :] - 0.5) ** 2 + (place[:, None] - 0.5) ** 2) / (2 * 0.22**2))
    row, column = divmod(int(np.argmax(structure * (facing + 0.02) * central)), BLOCKS)
    return float(place[column]), float(place[row])


def _blocks(values: NDArray[Any], reduce: Any) -> NDArray[Any]:
    """One number for each of BLOCKS x BLOCKS parts of a map."""
    rows = np.array_split(values, BLOCKS, axis=0)
    return np.array([[reduce(part) for part in np.array_split(row, BLOCKS, axis=1)] for row in rows])


def _around(blocks: NDArray[Any], reduce: Any) -> NDArray[Any]:
    """The same of each block and its neighbours."""
    wide = np.pad(blocks, 1, mode="edge")
    shifted = [wide[y : y + BLOCKS, x : x + BLOCKS] for y in range(3) for x in range(3)]
    around: NDArray[Any] = reduce(np.stack(shifted), axis=0)
    return around


class _Stages:
    """Times each step and shows its progress."""

    def __init__(self, result: DemoResult, step: Step) -> None:
        self._result, self._step = result, step

    @contextmanager
    def __call__(self, name: str) -> Iterator[Progress]:
        start = time.monotonic()
        with self._step(name) as progress:
            yield progress
        self._result.seconds[name] = time.monotonic() - start


@contextmanager
def _silent(name: str) -> Iterator[Progress]:
    yield lambda fraction, words: None


@contextmanager
def _photograph(given: str | Path | None) -> Iterator[Path]:
    if given is not None:
        yield Path(given)
        return
    packaged = importlib.resources.files(__package__).joinpath("data", "dandelions.jpg")
    with importlib.resources.as_file(packaged) as path:
        yield path


def _zoom_in(
    world: World,
    stage: _Stages,
    wait: Callable[[Job, Progress], None],
    first_place: tuple[float, float] | None,
    *,
    quality: Quality,
    seed: int,
) -> None:
    with Generator(worker="in-process") as generator:
        for number in range(1, ZOOMS + 1):
            level = world.levels[-1]
            at = first_place if number == 1 else None
            if at is None:
                at = interesting_place(world.picture(level), world.distance(level), level.lens.focal)
            camera = level.lens.zoomed(FACTOR, at=at)
            with stage(f"zoom {number}") as progress:
                job = generator.zoom(world, camera, parent=level.id, quality=quality, seed=seed)
                wait(job, progress)
                job.result()


def _just_wait(job: Job, progress: Progress) -> None:
    job.wait()


def _title(photograph: str | Path | None) -> str:
    return "Dandelions" if photograph is None else Path(photograph).stem


def _notes(world: World, result: DemoResult) -> list[str]:
    surfels = sum(level.surfel_count for level in world.levels)
    zooms = sum(seconds for name, seconds in result.seconds.items() if name.startswith("zoom"))
    return [
        "Level 0 is the photograph.",
        "Everything finer was invented,",
        "offline, on the CPU.",
        "",
        f"{len(world.levels)} levels, {surfels / 1e6:.1f} million surfels",
        f"{ZOOMS} zooms of x{FACTOR:.0f} in {zooms:.0f} s",
    ]
