# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom undo`: takes the newest levels back."""

from __future__ import annotations

import argparse

from ..errors import InputError
from .arguments import add_json, add_world, open_world, print_json
from .render import warn

HELP = "take back the newest level, or all down to one"
DESCRIPTION = "Takes back the newest level of a world, or, with --to LEVEL, all that came after that level."
EXAMPLE = """  wonderzoom undo street.wz
  wonderzoom undo street.wz --to 2"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    parser.add_argument("--to", type=int, metavar="LEVEL", help="keep this level and those before it")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    world = open_world(arguments.world, writable=True)
    levels = world.levels
    keep = len(levels) - 2 if arguments.to is None else arguments.to
    if not 0 <= keep < len(levels):
        asked = "without --to" if arguments.to is None else f"--to {arguments.to}"
        raise InputError(
            f"the world has levels 0..{len(levels) - 1}, of which the first cannot be taken back; "
            f"got undo {asked}"
        )
    taken = [level.id for level in levels[:keep:-1]]
    for number in taken:
        world.undo(number)
    warn(world.warnings)
    if arguments.json:
        print_json({"world": arguments.world, "taken_back": taken, "levels": len(world.levels)})
    else:
        words = ", ".join(map(str, taken)) or "nothing"
        left = "1 level is" if keep == 0 else f"{keep + 1} levels are"
        print(f"{arguments.world}: took back {words}; {left} left")
    return 0
