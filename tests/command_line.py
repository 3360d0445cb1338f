# SPDX-License-Identifier: Apache-2.0
"""What tests of the command line share: running it, what a refusal looks like, a small world, a small generator."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt.jobs import Generator
from wonderzoom_rt.world import World

Run = Callable[..., tuple[int, str, str]]


def environment(*first: Path) -> dict[str, str]:
    """The environment of a Python that finds what this one finds, and these folders before it."""
    path = [*map(str, first), *sys.path, str(Path(__file__).resolve().parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}


def command(*argv: object) -> list[str]:
    """`wonderzoom` with these words, as a process of its own."""
    return [sys.executable, "-m", "wonderzoom_rt.cli", *map(str, argv)]


def refused(answer: tuple[int, str, str], *words: str, code: int = 2) -> None:
    """One line on stderr with these words, nothing on stdout, the exit code."""
    got, out, err = answer
    assert got == code, err
    assert out == "" and err.count("\n") == 1 and err.startswith("wonderzoom: error: "), err
    assert "Traceback" not in err and "internal error" not in err, err
    for word in words:
        assert word in err, err


def save_world(path: Path, *, zooms: int) -> Path:
    """Writes a world of 64x48: home and so many zooms of x8, of two levels each."""
    random = np.random.default_rng(2)
    picture = np.clip(0.5 + 0.2 * random.standard_normal((48, 64, 3)), 0, 1)
    world = World()
    world.commit(first_level(picture, np.full((48, 64), 4.0), focal=60.0), parent=None)
    with Generator(EnlargingPipeline(), worker="in-process") as generator:
        camera = world.home
        for _ in range(zooms):
            camera = camera.zoomed(8, at=(0.4, 0.55))
            generator.zoom(world, camera).result()
    world.save(path)
    return path


def install_generators(folder: Path) -> Path:
    """A folder of packages in which the small pipelines are installed as generators "enlarging" and "waiting"."""
    info = folder / "site" / "someones_generator-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-generator\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wonderzoom_rt.pipelines]\nenlarging = small_pipelines:EnlargingPipeline\n"
        "waiting = small_pipelines:WaitingPipeline\n"
    )
    return info.parent
