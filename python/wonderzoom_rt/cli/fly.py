# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom fly`: a film of a flight through a world."""

from __future__ import annotations

import argparse

from .arguments import add_json, add_output, add_world, check_out_file, open_world, print_json, size
from .progress import ProgressLine, spoken_time
from .render import warn

HELP = "make a film of a flight through a world"
DESCRIPTION = """Flies from the photograph's view through all levels down to the newest one (or LEVEL), at constant
octaves a second, and around what is there; or along your own path. H.264 in an MP4 file.

A path file is JSON: {"target": [x, y, z], "keyframes": [{"time": 0, "camera": {"position": [x, y, z],
"orientation": [w, x, y, z], "focal": px, "width": px, "height": px}}, ...]}. The target is optional; with it
the eye closes in on it by constant octaves, which a deep path needs."""
EXAMPLE = """  wonderzoom fly street.wz -o street.mp4
  wonderzoom fly street.wz -o street.mp4 --seconds 12 --fps 30 --size 1280x720"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    add_output(parser, "film.mp4", "the film to write")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--path", metavar="FILE", help="fly through these cameras, a JSON file")
    way.add_argument("--level", type=int, metavar="N", help="fly down to level N, not the newest one")
    parser.add_argument("--fps", type=float, default=24.0, metavar="N", help="frames a second (24)")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="how long it is to be (as long as the path)"
    )
    parser.add_argument("--size", type=size, default=(960, 540), metavar="WxH", help="pixels, even (960x540)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..film import make_film
    from ..flight import read_path

    check_out_file(arguments.out, ".mp4")
    world = open_world(arguments.world)
    path = None if arguments.path is None else read_path(arguments.path)
    with ProgressLine("fly") as progress:
        film = make_film(
            world,
            arguments.out,
            camera_path=path,
            level=arguments.level,
            seconds=arguments.seconds,
            fps=arguments.fps,
            size=arguments.size,
            progress=progress,
        )
    warn(world.warnings)
    if arguments.json:
        print_json(
            {
                "world": arguments.world,
                "film": str(film.path),
                "frames": film.frames,
                "seconds": film.seconds,
                "width": film.width,
                "height": film.height,
                "bytes": film.bytes,
                "warnings": world.warnings,
            }
        )
    else:
        print(
            f"{film.path}: {film.frames} frames, {spoken_time(film.seconds)}, {film.width}x{film.height}, "
            f"{film.bytes / 1e6:.1f} MB"
        )
    return 0
