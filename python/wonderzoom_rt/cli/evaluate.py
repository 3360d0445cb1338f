# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom evaluate`: the quality of a world, measured."""

from __future__ import annotations

import argparse
from pathlib import Path

from .arguments import add_json, add_output, add_world, check_out_folder, open_world
from .progress import ProgressLine
from .render import warn

HELP = "measure the quality of a world"
DESCRIPTION = """Measures what a viewer would see: dips and blinks while levels fade, seams, holes, depth, detail; per
level, and the worst of all. With the photograph at a higher resolution, also against true detail."""
EXAMPLE = """  wonderzoom evaluate street.wz
  wonderzoom evaluate street.wz --json -o street.json
  wonderzoom evaluate street.wz --truth street_full_size.jpg"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    parser.add_argument("--truth", metavar="PHOTO", help="the same photograph, larger: holds the true detail")
    add_output(parser, "FILE", "also write the JSON to FILE", required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..evaluate import evaluate

    if arguments.out is not None:
        check_out_folder(arguments.out)
    world = open_world(arguments.world)
    with ProgressLine("evaluate") as progress:
        report = evaluate(world, truth=arguments.truth, progress=progress)
    warn(world.warnings)
    if arguments.out is not None:
        Path(arguments.out).write_text(report.to_json() + "\n", encoding="utf-8")
    print(report.to_json() if arguments.json else report.to_table())
    return 0
