# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom compact`: a world file without what is no longer used."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .arguments import add_json, add_output, add_world, check_out_folder, check_world_file, print_json
from .progress import watched

HELP = "rewrite a world file without what is no longer used"
DESCRIPTION = """Writes the world as it is now, coarse levels first, without what was taken back or replaced. Without
-o the file itself is replaced, in one step: it is whole at every moment."""
EXAMPLE = """  wonderzoom compact street.wz
  wonderzoom compact street.wz -o small.wz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    add_output(parser, "OUT.wz", "the file to write (default: in place)", required=False)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from .. import _core

    check_world_file(arguments.world)
    before = Path(arguments.world).stat().st_size
    # In place: what a link points to is replaced, not the link.
    out = str(Path(arguments.world).resolve()) if arguments.out is None else arguments.out
    check_out_folder(out)
    if arguments.out is not None and Path(out).exists():
        raise InputError(f"{out} is there already (leave out -o to compact {arguments.world} in place)")
    in_place = arguments.out is None
    watched("compact", "writing", lambda part: _core.World.compact(arguments.world, out, in_place, part))
    after, shown = Path(out).stat().st_size, arguments.world if in_place else out
    if arguments.json:
        print_json({"world": arguments.world, "out": shown, "bytes_before": before, "bytes_after": after})
    else:
        print(f"{shown}: {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB")
    return 0
