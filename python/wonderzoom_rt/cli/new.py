# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom new`: a world from a photograph."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..errors import InputError
from .arguments import add_json, add_output, check_out_folder, print_json
from .progress import ProgressLine, spoken_time

HELP = "make a world from a photograph"
DESCRIPTION = "Makes a world of one level from a photograph: finds depth, and lifts every pixel into space."
EXAMPLE = """  wonderzoom new street.jpg -o street.wz
  wonderzoom new street.jpg -o street.wz --depth street_depth.png --focal 3200"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("photo", metavar="PHOTO", help="a photograph (any format Pillow reads)")
    add_output(parser, "W.wz", "the world file to make")
    parser.add_argument("--depth", metavar="F", help="your own depth map of the photograph: PNG, NPY or EXR")
    parser.add_argument(
        "--focal",
        metavar="PX",
        type=float,
        help="focal length in pixels of the photograph (default: from EXIF, else guessed)",
    )
    parser.add_argument(
        "--width", metavar="PX", type=int, default=1088, help="width of the first level (1088)"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of everything random (0)")
    parser.add_argument("--overwrite", action="store_true", help="replace W.wz if it is there")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..world import World

    check_out_folder(arguments.out)
    if not arguments.overwrite and Path(arguments.out).exists():
        raise InputError(f"{arguments.out} is there already (add --overwrite to replace it)")
    start = time.monotonic()
    with ProgressLine("new") as progress:
        world = World.from_image(
            arguments.photo,
            width=arguments.width,
            depth=arguments.depth,
            focal=arguments.focal,
            seed=arguments.seed,
            path=arguments.out,
            overwrite=arguments.overwrite,
            progress=progress,
        )
    for notice in world.notices:
        print(f"wonderzoom: note: {notice}", file=sys.stderr)
    level, seconds = world.levels[0], time.monotonic() - start
    if arguments.json:
        print_json(
            {
                "world": arguments.out,
                "level": level.id,
                "surfels": level.surfel_count,
                "width": level.lens.width,
                "height": level.lens.height,
                "focal": level.lens.focal,
                "seconds": round(seconds, 3),
                "notices": world.notices,
            }
        )
    else:
        print(
            f"{arguments.out}: {level.lens.width}x{level.lens.height}, {level.surfel_count:,} surfels, "
            f"{spoken_time(seconds)}"
        )
    return 0
