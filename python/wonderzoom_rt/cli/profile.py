# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom profile`: where the time of a flight goes, as a trace and a one-page report."""

from __future__ import annotations

import argparse

from .arguments import add_json, add_output, check_out_folder, open_world, print_json, size
from .progress import ProgressLine
from .render import warn

HELP = "record where the time of a flight goes"
DESCRIPTION = """Draws frames along a flight and records every stage of every thread. The trace is a JSON file that
https://ui.perfetto.dev and chrome://tracing open; the report is one page: stages over frames, frame times,
the funnel of surfels, and a heat map of the slowest frame's tiles."""
EXAMPLE = """  wonderzoom profile street.wz -o trace.json --report report.png
  wonderzoom profile street.wz -o trace.json --path flight.json --frames 300 --size 1280x720"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("world", metavar="W.wz", help="a world file")
    add_output(parser, "trace.json", "the trace to write")
    parser.add_argument("--report", metavar="FILE.png", help="write the one-page report too")
    parser.add_argument("--path", metavar="FILE", help="fly through these cameras, a JSON file (see fly)")
    parser.add_argument("--frames", type=int, default=120, metavar="N", help="frames along the flight (120)")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="draw for S seconds instead, over and over"
    )
    parser.add_argument("--size", type=size, default=(960, 540), metavar="WxH", help="pixels (960x540)")
    parser.add_argument("--warmup", type=int, default=0, metavar="N", help="frames drawn before (0)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: one a hardware thread (0)")
    parser.add_argument("--fine", action="store_true", help="record each tile of each frame")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..engine import Engine
    from ..flight import level_flight, read_path
    from ..profile.profile_flight import profile_flight

    check_out_folder(arguments.out)
    if arguments.report is not None:
        check_out_folder(arguments.report)
    engine = Engine(threads=arguments.threads)
    world = open_world(arguments.world, engine=engine)
    path = level_flight(world) if arguments.path is None else read_path(arguments.path)
    with ProgressLine("profile") as progress:
        session = profile_flight(
            world,
            path,
            frames=arguments.frames,
            seconds=arguments.seconds,
            size=arguments.size,
            warmup=arguments.warmup,
            fine=arguments.fine,
            trace=arguments.out,
            tell=progress,
        )
    if arguments.report is not None:
        from ..profile.report import save_report

        save_report(arguments.report, session, world=world, title=arguments.world)
    warn(world.warnings)
    facts = session.facts()
    if arguments.json:
        print_json({"world": arguments.world, "trace": arguments.out, "report": arguments.report, **facts})
        return 0
    print("\n".join(_lines(facts["summary"], facts["hitches"])))
    print(arguments.out if arguments.report is None else f"{arguments.out}\n{arguments.report}")
    return 0


def _lines(summary: dict[str, object], hitches: list[str]) -> list[str]:
    frame: dict[str, float] = summary["frame_ms"]  # type: ignore[assignment]
    stages: dict[str, dict[str, float]] = summary["stages_ms"]  # type: ignore[assignment]
    lines = [
        f"{summary['frames']} frames: P50 {frame['p50']:.1f}, P95 {frame['p95']:.1f}, P99 {frame['p99']:.1f} ms, "
        f"{summary['fps']:.1f} a second, slowest 1 % {summary['low1_fps']:.1f}"
    ]
    lines += [f"  {name:8} {times['p50']:8.2f} ms  P95 {times['p95']:8.2f}" for name, times in stages.items()]
    lines += [f"hitch: {words}" for words in hitches]
    return lines
