# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom scene`: a named benchmark scene as a world file."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from .arguments import add_json, add_output, check_out_file, print_json
from .progress import ProgressLine, spoken_time

HELP = "make a benchmark scene as a world file"
DESCRIPTION = """Makes a named scene: the same seed gives the same surfels. Without a name it lists them. The file is a
world like every other; `wonderzoom bench F.wz` measures it from the scene's own view."""
EXAMPLE = """  wonderzoom scene field-500k -o field.wz
  wonderzoom scene city-20m -o city.wz --part 0.1 --seed 3"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("name", metavar="NAME", nargs="?", help="the scene; without it they are listed")
    add_output(parser, "F.wz", "the world file to write", required=False)
    parser.add_argument("--seed", type=int, metavar="N", default=0, help="of everything random (0)")
    parser.add_argument(
        "--part", type=float, metavar="P", default=1.0, help="of its surfels, 0.001..1, in a smaller view (1)"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the world file that is there")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..bench.scenes import SCENES, make_scene
    from ..errors import InputError

    if arguments.name is None:
        if arguments.out is not None:
            raise InputError(f"which scene should go to {arguments.out}? There are {', '.join(SCENES)}")
        _list(arguments.json)
        return 0
    if arguments.out is None:
        raise InputError("a scene needs a file to go to: -o F.wz")
    check_out_file(arguments.out, ".wz")
    if not arguments.overwrite and Path(arguments.out).exists():
        raise InputError(f"{arguments.out} is there already (add --overwrite to replace it)")
    start = time.monotonic()
    with ProgressLine("scene") as progress:
        progress(0.0, f"making {arguments.name}")
        scene = make_scene(arguments.name, seed=arguments.seed, part=arguments.part)
        progress(0.7, "writing")
        scene.world.save(arguments.out, overwrite=arguments.overwrite)
    seconds = time.monotonic() - start
    info = scene.world.info()
    facts = {
        "world": arguments.out,
        "scene": scene.name,
        "about": SCENES[scene.name].about,
        "levels": len(info["levels"]),
        "surfels": info["surfels"],
        "pages": info["pages"],
        "camera": scene.camera.to_dict(),
        "target": list(scene.target),
        "seconds": round(seconds, 3),
    }
    if arguments.json:
        print_json(facts)
    else:
        count, view = len(info["levels"]), scene.camera
        print(
            f"{arguments.out}: {scene.name}, {info['surfels']:,} surfels in {info['pages']:,} pages, "
            f"{count} {'level' if count == 1 else 'levels'}, for {view.width}x{view.height}, {spoken_time(seconds)}"
        )
    return 0


def _list(as_json: bool) -> None:
    from ..bench.scenes import SCENES

    if as_json:
        print_json(
            {
                name: {"about": spec.about, "surfels": spec.surfels, "size": spec.size}
                for name, spec in SCENES.items()
            }
        )
        return
    for name, spec in SCENES.items():
        width, height = spec.size
        print(f"{name:11} {spec.surfels:>11,} surfels  {f'{width}x{height}':9}  {spec.about}")
