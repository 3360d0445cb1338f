# SPDX-License-Identifier: Apache-2.0
"""Interleaved A/B pairs of settings on one scene, and the ratio of their times with its interval.

    python tests/bench/pairs.py SCENE [--a SETTINGS] [--b SETTINGS] [--path P] [--pairs 30] [--at-most R]

Settings are words such as "cull=off,lod=off,threads=1,isa=avx2,outputs=color+depth,until=3". The default asks whether
culling ever costs more than it saves: A without it, B with it. --b-path lets B fly another path than A. --at-most R
exits 1 when B is surely slower than R times A: when the lower end of the interval lies above R; with --each, that of
the worst camera. Ratios are of the clock and of all threads' processor time; on a machine that is busy with other work
the second is the one to trust.

    python tests/bench/pairs.py stack-12 --path zoom-in --frames 12 --at-most 1.03
    python tests/bench/pairs.py field-500k --a threads=1 --b threads=2
    python tests/bench/pairs.py stack-12 --a until=0 --path still --b-path zoom-in --frames 24 --each --at-most 2.2
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from wonderzoom_rt.bench.machine import commit, machine
from wonderzoom_rt.bench.pairs import PAIRS, parse_settings, run_pairs
from wonderzoom_rt.bench.paths import open_path
from wonderzoom_rt.bench.scenes import open_subject
from wonderzoom_rt.cli.arguments import read_camera, size
from wonderzoom_rt.cli.progress import ProgressLine
from wonderzoom_rt.errors import WonderzoomError


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("subject", metavar="SCENE|W.wz|F.ply")
    made.add_argument("--a", default="cull=off", metavar="SETTINGS", help="(cull=off)")
    made.add_argument("--b", default="", metavar="SETTINGS", help="(as the engine is by default)")
    made.add_argument("--path", default="orbit")
    made.add_argument("--b-path", metavar="PATH", help="for B (the same)")
    made.add_argument("--camera", metavar="FILE", help="the reference view")
    made.add_argument(
        "--frames", type=int, default=5, help="of the path, each drawn once a side and pair (5)"
    )
    made.add_argument("--pairs", type=int, default=PAIRS, help=f"({PAIRS})")
    made.add_argument("--size", type=size, metavar="WxH")
    made.add_argument("--part", type=float, default=1.0)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument(
        "--at-most", type=float, metavar="R", help="exit 1 when B is surely slower than R times A"
    )
    made.add_argument("--processor", action="store_true", help="judge --at-most by processor time")
    made.add_argument("--each", action="store_true", help="judge --at-most by the worst camera")
    made.add_argument("--json", action="store_true")
    return made


def measured(options: argparse.Namespace) -> dict[str, Any]:
    (first, first_until), (second, second_until) = parse_settings(options.a), parse_settings(options.b)
    camera = None if options.camera is None else read_camera(options.camera)
    where = machine()
    scene = open_subject(options.subject, seed=options.seed, part=options.part, camera=camera)
    views = [
        [
            one.resized(*(options.size or (one.width, one.height)))
            for one in path.cameras(scene, options.frames)
        ]
        for path in (open_path(options.path), open_path(options.b_path or options.path))
    ]
    with ProgressLine("pairs") as progress:
        pairs = run_pairs(
            scene,
            views[0],
            first,
            second,
            second_cameras=views[1],
            pairs=options.pairs,
            until_level=(first_until, second_until),
            progress=progress,
        )
    result: dict[str, Any] = {
        "scene": scene.name,
        "path": options.path,
        "b_path": options.b_path or options.path,
        "a": options.a,
        "b": options.b,
        "pairs": options.pairs,
        "frames": options.frames,
        "machine": where,
        "commit": commit(),
    }
    for name, processor in (("clock", False), ("processor", True)):
        ratio, low, high = pairs.ratio(processor=processor)
        camera, worst = pairs.worst(processor=processor)
        sides = pairs.processor_ms if processor else pairs.clock_ms
        result[name] = {
            "a_ms": float(sorted(sides[0].ravel())[sides[0].size // 2]),
            "b_ms": float(sorted(sides[1].ravel())[sides[1].size // 2]),
            "ratio": ratio,
            "low": low,
            "high": high,
            "worst": {"camera": camera, "ratio": worst[0], "low": worst[1], "high": worst[2]},
        }
    return result


def main() -> int:
    options = parser().parse_args()
    try:
        result = measured(options)
    except WonderzoomError as problem:
        print(f"pairs: error: {problem}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print(
            f"{result['scene']}, path {result['path']}, {result['pairs']} pairs of {result['frames']} frames"
        )
        for name in ("clock", "processor"):
            row = result[name]
            print(
                f"{name:10} A {row['a_ms']:8.2f} ms   B {row['b_ms']:8.2f} ms   "
                f"B / A {row['ratio']:.3f} ({row['low']:.3f} .. {row['high']:.3f}), worst camera "
                f"{row['worst']['camera']}: {row['worst']['ratio']:.3f} ({row['worst']['low']:.3f} .. "
                f"{row['worst']['high']:.3f})"
            )
    judged = result["processor" if options.processor else "clock"]
    judged = judged["worst"] if options.each else judged
    if options.at_most is not None and judged["low"] > options.at_most:
        print(f"pairs: B takes more than {options.at_most:g} times as long as A", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
