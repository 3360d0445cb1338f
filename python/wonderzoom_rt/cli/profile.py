# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom profile`: where the time of a flight goes, as a trace and a one-page report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .arguments import add_json, add_output, check_out_file, check_out_folder, print_json, size
from .progress import ProgressLine
from .render import warn

if TYPE_CHECKING:
    from ..bench.scene import Scene
    from ..camera import Camera
    from ..frame import Frame

HELP = "record where the time of a flight goes"
DESCRIPTION = """Draws frames along a flight and records every stage of every thread. The trace is a JSON file that
https://ui.perfetto.dev and chrome://tracing open; the report is one page: stages over frames, frame times,
the funnel of surfels, and a heat map of the slowest frame's tiles. Without --path it flies down through the levels."""
EXAMPLE = """  wonderzoom profile street.wz -o trace.json --report report.png
  wonderzoom profile field-500k -o trace.json --path orbit --fine
  wonderzoom profile street.wz -o trace.json --path flight.json --frames 300 --size 1280x720"""
FRAMES = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    parser.add_argument("subject", metavar="SCENE|W.wz|F.ply", help="as for bench")
    add_output(parser, "trace.json", "the trace to write")
    parser.add_argument("--report", metavar="FILE.png", help="write the one-page report too")
    parser.add_argument(
        "--path", metavar="P", help="where the camera goes: as for bench, or a flight file of fly"
    )
    parser.add_argument("--frames", type=int, metavar="N", help=f"frames along the flight ({FRAMES})")
    parser.add_argument(
        "--seconds", type=float, metavar="S", help="draw for S seconds instead, over and over"
    )
    parser.add_argument(
        "--size", type=size, metavar="WxH", help="pixels (the scene's own; of a file 960x540)"
    )
    parser.add_argument("--warmup", type=int, default=0, metavar="N", help="frames drawn before (0)")
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu", help="what draws (cpu)")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="(one a hardware thread)")
    parser.add_argument("--part", type=float, metavar="P", default=1.0, help="of a named scene's surfels (1)")
    parser.add_argument("--fine", action="store_true", help="record each tile of each frame")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..bench.measure import Settings, make_engine
    from ..bench.scenes import open_subject
    from ..profile.profile_flight import PLAIN_OUTPUTS, check_flight, profile_flight

    check_flight(
        FRAMES if arguments.frames is None else arguments.frames, arguments.seconds, arguments.warmup
    )
    check_out_folder(arguments.out)
    if arguments.report is not None:
        check_out_file(arguments.report, ".png")
    engine = make_engine(Settings(backend=arguments.backend, threads=arguments.threads))
    with ProgressLine("profile") as progress:
        scene = open_subject(arguments.subject, part=arguments.part)
        session = profile_flight(
            scene.world,
            _cameras(scene, arguments),
            engine=engine,
            seconds=arguments.seconds,
            warmup=arguments.warmup,
            fine=arguments.fine,
            trace=arguments.out,
            tell=progress,
        )
    if arguments.report is not None:
        from ..profile.report import save_report

        def draw(camera: Camera) -> Frame:
            return engine.render(scene.world.snapshot(), camera, outputs=PLAIN_OUTPUTS, tile_stats=True)

        save_report(arguments.report, session, draw=draw, title=arguments.subject)
    warn(scene.world.warnings)
    facts = session.facts()
    if arguments.json:
        names = {"subject": arguments.subject, "trace": arguments.out, "report": arguments.report}
        print_json({**names, **facts})
        return 0
    print("\n".join(_lines(facts["summary"], facts["hitches"])))
    if facts["lost_events"]:
        print(
            f"note: newer events wrote over the oldest {sum(facts['lost_events'].values()):,}, which the trace lacks; "
            f"draw fewer frames{' or leave out --fine' if arguments.fine else ''} to keep all"
        )
    print(arguments.out if arguments.report is None else f"{arguments.out}\n{arguments.report}")
    return 0


def _cameras(scene: Scene, arguments: argparse.Namespace) -> list[Camera]:
    """The views along the path that was asked for; of a world file, by default, those of its film."""
    from ..bench.paths import open_path
    from ..bench.scenes import SCENES
    from ..flight import level_flight

    named = arguments.subject in SCENES
    wide = arguments.size or ((scene.camera.width, scene.camera.height) if named else (960, 540))
    count = arguments.frames or FRAMES
    if arguments.path is not None or named:
        cameras = open_path(arguments.path or "zoom-in").cameras(scene, count)
    else:
        flight = level_flight(scene.world)
        cameras = [flight.at(flight.seconds * i / max(count - 1, 1)) for i in range(count)]
    return [camera.resized(*wide) for camera in cameras]


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
