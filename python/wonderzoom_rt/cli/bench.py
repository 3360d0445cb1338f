# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom bench`: how fast a scene is drawn, and where the time goes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .arguments import check_out_folder, print_json, read_camera, read_json, size
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..bench.run import Wishes

HELP = "measure how fast a scene is drawn"
DESCRIPTION = """Draws a named scene (wonderzoom scene lists them), a world file or a PLY file of splats along a path,
and says what a frame took, stage by stage, how many surfels went through each stage, and how much of this machine's
measured limits was used. Paths: zoom-in, zoom-out, orbit, fly-by, still, a TOML file of your own, or a JSON flight
as `wonderzoom fly --path` takes it."""
EXAMPLE = """  wonderzoom bench field-500k --path orbit
  wonderzoom bench street.wz --path zoom-in --size 1280x720 --json before.json
  wonderzoom bench --compare before.json after.json
  wonderzoom bench field-500k --peers"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("subject", metavar="SCENE|W.wz|F.ply", nargs="?", default=None, help="(field-500k)")
    parser.add_argument("--path", metavar="P", default="still", help="where the camera goes (still)")
    parser.add_argument("--camera", metavar="FILE", help="the reference view, a JSON file (the scene's own)")
    parser.add_argument("--size", type=size, metavar="WxH", help="pixels (the scene's own)")
    parser.add_argument("--frames", type=int, metavar="N", help="frames of the path (the path's own)")
    parser.add_argument("--warmup", type=int, metavar="N", help="frames before, not counted (the path's own)")
    parser.add_argument("--runs", type=int, metavar="N", default=1, help="times the path is flown (1)")
    parser.add_argument(
        "--outputs", metavar="NAMES", default="color,coverage", help="images to draw (color,coverage)"
    )
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu", help="what draws (cpu)")
    parser.add_argument(
        "--isa", choices=("best", "avx512", "avx2", "baseline"), default="best", help="instructions (best)"
    )
    parser.add_argument("--threads", type=int, metavar="N", default=0, help="(one a hardware thread)")
    parser.add_argument("--no-culling", action="store_true", help="look at every surfel of the world")
    parser.add_argument("--no-lod", action="store_true", help="draw all levels over each other")
    parser.add_argument("--part", type=float, metavar="P", default=1.0, help="of a named scene's surfels (1)")
    parser.add_argument("--seed", type=int, metavar="N", default=0, help="of a named scene (0)")
    parser.add_argument(
        "--json", metavar="FILE", help="write the result to FILE; - prints JSON and nothing else"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--compare", nargs=2, metavar=("A.json", "B.json"), help="is B faster than A?")
    other.add_argument(
        "--peers", action="store_true", help="the same view drawn by others that are installed"
    )
    parser.add_argument("--force", action="store_true", help="compare results of unlike scenes all the same")


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    if arguments.compare is not None:
        if arguments.subject is not None:
            raise InputError(
                f"--compare reads two results and draws nothing, got {arguments.subject!r} to draw too"
            )
        return _compare(arguments)
    from ..bench.peer_run import run_peers, table_of_peers
    from ..bench.run import run_bench
    from ..bench.table import table_of

    wishes = _wishes(arguments)
    if arguments.json not in (None, "-"):
        check_out_folder(arguments.json)
    with ProgressLine("bench") as progress:
        result = (run_peers if arguments.peers else run_bench)(wishes, progress)
    _give(result, (table_of_peers if arguments.peers else table_of)(result), arguments.json)
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from dataclasses import asdict

    from ..bench.compare import changes, compare, notes, table_of

    files = arguments.compare
    before, after = (read_json(file, "result") for file in files)
    rows = compare(before, after, names=(files[0], files[1]), force=arguments.force)
    changed, doubts = changes(before, after), notes(before, after)
    found = {
        "a": files[0],
        "b": files[1],
        "changed": changed,
        "notes": doubts,
        "rows": [asdict(row) for row in rows],
    }
    _give(found, table_of(rows, changed, doubts), arguments.json)
    return 0


def _wishes(arguments: argparse.Namespace) -> Wishes:
    from ..bench.measure import Settings
    from ..bench.run import Wishes

    if arguments.threads < 0:
        raise InputError(f"--threads must be 0 or more, got {arguments.threads}")
    return Wishes(
        subject=arguments.subject or "field-500k",
        path=arguments.path,
        size=arguments.size,
        frames=arguments.frames,
        warmup=arguments.warmup,
        runs=arguments.runs,
        seed=arguments.seed,
        part=arguments.part,
        camera=None if arguments.camera is None else read_camera(arguments.camera),
        settings=Settings(
            outputs=tuple(dict.fromkeys(name.strip() for name in arguments.outputs.split(","))),
            backend=arguments.backend,
            instructions=arguments.isa,
            threads=arguments.threads,
            cull=not arguments.no_culling,
            lod=not arguments.no_lod,
        ),
    )


def _give(result: dict[str, Any], table: str, file: str | None) -> None:
    if file == "-":
        print_json(result)
        return
    if file is not None:
        Path(file).write_text(json.dumps(result) + "\n", encoding="utf-8")
    print(table)
