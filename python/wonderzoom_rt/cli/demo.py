# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom demo`: the whole job once."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_json, print_json
from .progress import ProgressLine, spoken_time

HELP = "the whole job once: photograph, three zooms, film, contact sheet, quality report"
DESCRIPTION = """Makes a world from a photograph, zooms into it three times by 8 at best quality, and leaves in DIR:
world.wz, film.mp4, contact_sheet.png and evaluate.json. Takes some minutes."""
EXAMPLE = """  wonderzoom demo -o demo
  wonderzoom demo --photo street.jpg -o street"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("--photo", metavar="F", help="your photograph (default: dandelions, packaged)")
    parser.add_argument("-o", "--out", metavar="DIR", default="demo", help="where to leave things (demo)")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of everything random (0)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..demo import run_demo
    from .zoom import wait_for

    result = run_demo(
        arguments.out, photograph=arguments.photo, step=ProgressLine, seed=arguments.seed, wait=wait_for
    )
    for notice in result.notices:
        print(f"wonderzoom: note: {notice}", file=sys.stderr)
    if arguments.json:
        print_json(result.to_dict())
        return 0
    from ..evaluate import report_table

    print(report_table(result.report))
    print()
    for label, file in (
        ("world", result.world),
        ("film", result.film),
        ("contact sheet", result.contact_sheet),
        ("report", result.evaluation),
    ):
        print(f"{label + ':':15}{file}")
    print(
        f"{'time:':15}{spoken_time(sum(result.seconds.values()))} ("
        + ", ".join(f"{name} {spoken_time(seconds)}" for name, seconds in result.seconds.items())
        + ")"
    )
    return 0
