# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom zoom`: new levels where one looks closer."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from .arguments import add_json, add_world, chosen_level, open_world, print_json, read_camera
from .progress import ProgressLine, spoken_time
from .render import warn

if TYPE_CHECKING:
    from ..camera import Camera
    from ..jobs import Job
    from ..synth.types import Progress
    from ..world import World

HELP = "zoom into a world: invent what is seen closer"
DESCRIPTION = """Zooms into the newest level (or into LEVEL, or the view of a camera) and adds the levels that
are seen there. Ctrl-C leaves the world as it was."""
EXAMPLE = """  wonderzoom zoom street.wz --at 0.5 0.6 --factor 8
  wonderzoom zoom street.wz --at 0.2 0.7 --factor 8 --quality fast --under 2
  wonderzoom zoom street.wz --at 0.5 0.5 --factor 4 --picture my_view.jpg"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    parser.add_argument(
        "--at",
        nargs=2,
        type=float,
        metavar=("X", "Y"),
        default=(0.5, 0.5),
        help="where, in 0..1 of the view that is zoomed into; 0 0 is its upper left corner (0.5 0.5)",
    )
    parser.add_argument("--factor", type=float, metavar="F", default=8.0, help="how much closer (8)")
    parser.add_argument("--quality", choices=("fast", "best"), default="best", help="(best)")
    parser.add_argument("--seed", type=int, metavar="N", default=0, help="of everything random (0)")
    parser.add_argument("--under", type=int, metavar="LEVEL", help="zoom into this level, not the newest one")
    parser.add_argument("--camera", metavar="FILE", help="zoom into this camera's view, a JSON file")
    parser.add_argument("--picture", metavar="FILE", help="your own picture of the view that is reached")
    parser.add_argument(
        "--prompt", metavar="WORDS", help="what is to be there, for generators that paint words"
    )
    parser.add_argument("--generator", metavar="NAME", help="an installed generator (offline)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..jobs import Generator
    from .memory import keep_freed_memory

    start = time.monotonic()
    keep_freed_memory()
    world = open_world(arguments.world, writable=True)
    camera, parent = _aim(world, arguments)
    with Generator(arguments.generator, worker="in-process") as generator, ProgressLine("zoom") as progress:
        job = generator.zoom(
            world,
            camera,
            parent=parent,
            prompt=arguments.prompt,
            picture=arguments.picture,
            quality=arguments.quality,
            seed=arguments.seed,
        )
        wait_for(job, progress)
        job.result()
    seconds = time.monotonic() - start
    warn(world.warnings)
    if arguments.json:
        print_json(
            {
                "world": arguments.world,
                "levels": [level.id for level in job.levels],
                "parent": job.request.parent,
                "surfels": [level.surfel_count for level in job.levels],
                "zoom": job.levels[-1].lens.focal / world.home.focal,
                "seconds": round(seconds, 3),
            }
        )
    else:
        for level in job.levels:
            print(
                f"level {level.id}: x{level.lens.focal / world.home.focal:.4g}, {level.surfel_count:,} surfels"
            )
        print(f"{arguments.world}: {len(world.levels)} levels, {spoken_time(seconds)}")
    return 0


def wait_for(job: Job, progress: Progress) -> None:
    """Waits for a job and shows its progress; Ctrl-C cancels it and waits until the world is as it was."""
    try:
        while not job.wait(0.1):
            progress(*job.progress)
    except BaseException:  # Ctrl-C, SIGTERM
        job.cancel()
        job.wait()
        raise


def _aim(world: World, arguments: argparse.Namespace) -> tuple[Camera, int | None]:
    """The lens camera to reach and the level it refines (None: to be found)."""
    from ..synth.cameras import check_factor

    check_factor(arguments.factor)
    at = (arguments.at[0], arguments.at[1])
    if arguments.camera is not None:
        return read_camera(arguments.camera).zoomed(arguments.factor, at=at), arguments.under
    base = chosen_level(world, arguments.under)
    return base.lens.zoomed(arguments.factor, at=at), base.id
