# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom verify`: checks every byte of a world file."""

from __future__ import annotations

import argparse

from .arguments import add_json, add_world, check_world_file, print_json
from .progress import watched

HELP = "check every byte of a world file"
DESCRIPTION = """Reads the whole file and checks every checksum. Names each damaged part; exit code 1 when there is one.
A world with damaged pages can still be rendered: what lies above them stays."""
EXAMPLE = "  wonderzoom verify street.wz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from .. import _core

    check_world_file(arguments.world)
    problems = watched("verify", "reading", lambda part: _core.World.verify(arguments.world, part))
    if arguments.json:
        print_json({"world": arguments.world, "ok": not problems, "problems": problems})
    elif problems:
        print("\n".join(f"{arguments.world}: {problem}" for problem in problems))
    else:
        print(f"{arguments.world}: everything is as it was written")
    return 1 if problems else 0
