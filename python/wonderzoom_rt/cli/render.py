# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom render`: one view as PNG files."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import InputError
from .arguments import (
    add_json,
    add_output,
    add_world,
    check_out_file,
    open_world,
    print_json,
    read_camera,
    size,
)

HELP = "draw one view of a world as a PNG"
DESCRIPTION = """Draws the view of the photograph's camera, of a level's own camera, or of any camera.
With several outputs each gets a file of its own: out-color.png, out-depth.png, .."""
EXAMPLE = """  wonderzoom render street.wz -o street.png --level 2 --size 1280x720
  wonderzoom render street.wz -o street.png --output color,depth,level"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_world(parser)
    add_output(parser, "out.png", "the picture to write")
    view = parser.add_mutually_exclusive_group()
    view.add_argument("--level", type=int, metavar="N", help="from the camera that lives in level N")
    view.add_argument("--camera", metavar="FILE", help="from this camera, a JSON file")
    parser.add_argument("--size", type=size, metavar="WxH", help="pixels (the camera's own)")
    parser.add_argument(
        "--output",
        metavar="NAMES",
        default="color",
        help="color, depth, normal, coverage, level; several with commas between (color)",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..frame import OUTPUTS

    outputs = list(dict.fromkeys(name.strip() for name in arguments.output.split(",")))
    unknown = [name for name in outputs if name not in OUTPUTS]
    if unknown:
        raise InputError(
            f"--output takes names among {', '.join(OUTPUTS)}, got {', '.join(map(repr, unknown))}"
        )
    check_out_file(arguments.out, ".png")
    world = open_world(arguments.world)
    if arguments.camera is not None:
        camera = read_camera(arguments.camera)
    else:
        camera = world.home if arguments.level is None else world.level(arguments.level).approach
    if arguments.size is not None:
        camera = camera.resized(*arguments.size)
    frame = world.render(camera, outputs=sorted({*outputs, "color", "coverage"}))
    files = {name: _file(arguments.out, name if len(outputs) > 1 else None) for name in outputs}
    for name, file in files.items():
        frame.save_png(file, name)
    warn(world.warnings)
    if arguments.json:
        print_json(
            {
                "world": arguments.world,
                "files": {name: str(file) for name, file in files.items()},
                "width": camera.width,
                "height": camera.height,
                "camera": camera.to_dict(),
                "warnings": world.warnings,
            }
        )
    else:
        print("\n".join(str(file) for file in files.values()))
    return 0


def warn(warnings: list[str]) -> None:
    """Damage that was met and drawn around, on stderr."""
    import sys

    for warning in warnings:
        print(f"wonderzoom: warning: {warning}", file=sys.stderr)


def _file(out: str, name: str | None) -> Path:
    path = Path(out)
    return path if name is None else path.with_name(f"{path.stem}-{name}{path.suffix or '.png'}")
