# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom info`: what a world file holds."""

from __future__ import annotations

import argparse
from typing import Any

from .arguments import add_json, add_world, open_world, print_json
from .render import warn

HELP = "say what a world holds"
DESCRIPTION = (
    "Lists the levels of a world: what each refines, how far it zooms, its surfels and how it was made."
)
EXAMPLE = "  wonderzoom info street.wz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    world = open_world(arguments.world)
    facts = world.info()
    if arguments.json:
        print_json({**facts, "home": world.home.to_dict() if facts["levels"] else None})
        return 0
    size = f", {facts['bytes'] / 1e6:.1f} MB" if facts["bytes"] is not None else ""
    print(
        f"{arguments.world}: {len(facts['levels'])} levels, {facts['surfels']:,} surfels in {facts['pages']:,} "
        f"pages, epoch {facts['epoch']}{size}"
    )
    print("level  under     zoom    surfels  made by")
    for level in facts["levels"]:
        under = "-" if level["parent"] is None else level["parent"]
        print(
            f"{level['id']:5}  {under:>5}  {_zoom(level['zoom']):>7}  {level['surfels']:>9,}  "
            f"{_maker(level['metadata'])}"
        )
    warn(world.warnings)
    return 0


def _zoom(factor: float) -> str:
    return f"x{factor:.4g}" if factor < 1e6 else f"x{factor:.1e}"


def _maker(metadata: dict[str, Any]) -> str:
    words = [str(metadata.get("generator", "unknown"))]
    if "quality" in metadata:
        words.append(str(metadata["quality"]))
    if "seed" in metadata:
        words.append(f"seed {metadata['seed']}")
    if isinstance(metadata.get("seconds"), (int, float)):
        words.append(f"{metadata['seconds']:.1f} s")
    if metadata.get("prompt"):
        words.append(repr(metadata["prompt"]))
    return ", ".join(words)
