# SPDX-License-Identifier: Apache-2.0
"""Arguments that several commands share, and how they are read."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..camera import Camera
    from ..level import Level
    from ..world import World

MAX_SIDE = 16384


def add_world(parser: argparse.ArgumentParser) -> None:
    """The world file, as the first argument."""
    parser.add_argument("world", metavar="W.wz", help="a world file")


def add_output(
    parser: argparse.ArgumentParser, metavar: str, help_text: str, *, required: bool = True
) -> None:
    """-o FILE."""
    parser.add_argument("-o", "--out", metavar=metavar, required=required, help=help_text)


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else, on stdout")


def size(text: str) -> tuple[int, int]:
    """960x540."""
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdecimal() and 1 <= int(part) <= MAX_SIDE for part in parts):
        raise argparse.ArgumentTypeError(
            f"expected WIDTHxHEIGHT in 1..{MAX_SIDE} pixels, like 960x540, got {text!r}"
        )
    return int(parts[0]), int(parts[1])


def open_world(path: str, *, writable: bool = False) -> World:
    """Opens the world file of a command. Raises InputError when there is no such file, WorldError otherwise."""
    from ..world import World

    check_world_file(path)
    return World.open(path, writable=writable)


def check_world_file(path: str) -> None:
    """Raises InputError when there is no file at `path`."""
    if Path(path).is_dir():
        raise InputError(f"expected a world file, got a folder: {path}")
    if not Path(path).exists():
        raise InputError(f"there is no world file {path}")


def chosen_level(world: World, number: int | None) -> Level:
    """The level of that number, the newest one without."""
    if number is not None:
        return world.level(number)
    levels = world.levels
    if not levels:
        raise InputError("the world holds no level")
    return levels[-1]


def read_camera(path: str) -> Camera:
    """A camera from a JSON file with the keys of `Camera.to_dict`."""
    from ..camera import Camera

    data = read_json(path, "camera")
    try:
        return Camera.from_dict(data)
    except InputError as problem:
        raise InputError(f"the camera file {path} cannot be used: {problem}") from None


def read_json(path: str, what: str) -> Any:
    """The content of a JSON file. Raises InputError that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError(f"cannot read the {what} file {path}: {problem.strerror or problem}") from None
    except ValueError as problem:
        raise InputError(f"the {what} file {path} must be JSON: {problem}") from None


def check_out_folder(path: str) -> None:
    """Raises InputError, before any work is done, when a file cannot come to lie at `path`."""
    folder = Path(path).resolve().parent
    if not folder.is_dir():
        raise InputError(f"the folder {folder} for {Path(path).name} does not exist")
    if Path(path).is_dir():
        raise InputError(f"expected a file to write, got a folder: {path}")


def check_out_file(path: str, ending: str) -> None:
    """The same for a picture or film of one kind: a name that promises another kind is refused."""
    check_out_folder(path)
    if Path(path).suffix.lower() not in ("", ending):
        raise InputError(f"expected a name that ends in {ending}, got {Path(path).name}")


def print_json(value: Any) -> None:
    """Strict JSON on stdout; what is not finite becomes null."""
    print(json.dumps(_strict(value), indent=2, allow_nan=False))


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _strict(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
