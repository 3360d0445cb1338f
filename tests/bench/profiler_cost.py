# SPDX-License-Identifier: Apache-2.0
"""What the profiler costs: frames with it off, with zones on, and with everything on, in interleaved rounds.

    python tests/bench/profiler_cost.py [W.wz] [--rounds 30] [--frames 2] [--size 960x540] [--json out.json]

A round draws the same frames off, with zones, fully (a recording with every tile, hitch watch and counters), in an
order that turns with each round. Times are processor times of the whole process, which a busy machine disturbs less
than the clock on the wall; the cost is the median over rounds of (on - off) / off, with its quartiles. A world is made
when none is given: half a million one-pixel surfels on a wall.

--instructions counts the instructions of a frame instead, under valgrind --tool=callgrind with one thread: the same
number in each run, whatever else the machine does. A smaller wall is drawn then.
The cost of one event, and of a zone while nothing records, is measured apart: by the native program profiler_bench
(--bench PROGRAM).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import wonderzoom_rt as wz
from wonderzoom_rt import profile
from wonderzoom_rt.profile.machine import machine_facts

MODES = ("off", "zones", "full")
OUTPUTS = ("color", "coverage")


def wall_of_surfels(count: int, camera: wz.Camera) -> wz.World:
    """A wall of surfels two units away, each about a pixel wide."""
    random = np.random.default_rng(7)
    half = 0.5 * np.array((camera.width, camera.height)) / camera.focal * 2.0
    points = np.column_stack([random.uniform(-half, half, (count, 2)), random.uniform(1.95, 2.05, count)])
    footprint = 2.0 / camera.focal
    layer = wz.SurfelLayer.from_arrays(points, extents=0.7 * footprint, now=footprint, opacities=0.9)
    return wz.World.from_surfels(layer, camera)


def drawn(world: wz.World, cameras: list[wz.Camera], mode: str) -> tuple[float, int]:
    """Processor seconds of drawing each camera once, and how many events that left."""
    if mode == "off":
        return _time(world, cameras), 0
    with profile.recording(fine=mode == "full") as session:
        seconds = _time(world, cameras)
        events = sum(len(track) for track in session.capture().tracks)
    return seconds, events


def _time(world: wz.World, cameras: list[wz.Camera]) -> float:
    world.render(cameras[0], outputs=OUTPUTS)  # the rings' memory is taken once, not each frame
    start = time.process_time()
    for camera in cameras:
        world.render(camera, outputs=OUTPUTS)
    return time.process_time() - start


def measure(world: wz.World, cameras: list[wz.Camera], rounds: int) -> dict[str, Any]:
    """Costs in percent of the time without the profiler."""
    times: dict[str, list[float]] = {mode: [] for mode in MODES}
    events = dict.fromkeys(MODES, 0)
    drawn(world, cameras, "off")
    for number in range(rounds):
        for mode in MODES[number % 3 :] + MODES[: number % 3]:
            seconds, count = drawn(world, cameras, mode)
            times[mode].append(seconds)
            events[mode] = max(events[mode], count)
    off = np.array(times["off"])
    result: dict[str, Any] = {
        "rounds": rounds,
        "frames_a_round": len(cameras),
        "off_ms_a_frame": round(float(np.median(off)) * 1000.0 / len(cameras), 3),
        "off_spread_percent": round(
            100.0 * float(np.subtract(*np.percentile(off, (75, 25))) / np.median(off)), 2
        ),
    }
    for mode in MODES[1:]:
        change = 100.0 * (np.array(times[mode]) - off) / off
        low, middle, high = np.percentile(change, (25, 50, 75))
        result[mode] = {
            "cost_percent": round(float(middle), 2),
            "quartiles_percent": [round(float(low), 2), round(float(high), 2)],
            "events_a_frame": round(events[mode] / (len(cameras) + 1), 1),
        }
    return result


def instructions(frames: int) -> dict[str, Any]:
    """Instructions of a frame in each mode, from pairs of runs that differ by `frames` frames."""
    counts = {}
    for mode in MODES:
        few, many = (_instructions_of_run(mode, count) for count in (1, 1 + frames))
        counts[mode] = (many - few) / frames
    result: dict[str, Any] = {"frames": frames, "off_instructions_a_frame": round(counts["off"])}
    for mode in MODES[1:]:
        result[mode] = {"cost_percent": round(100.0 * (counts[mode] / counts["off"] - 1.0), 4)}
    return result


def _instructions_of_run(mode: str, frames: int) -> int:
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable, __file__]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command += ["--child", mode, "--frames", str(frames)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found = re.search(r"Collected : (\d+)", answer.stderr)
    if found is None:
        raise RuntimeError(f"callgrind said nothing of what it collected:\n{answer.stderr}")
    return int(found[1])


def draw_as_child(mode: str, frames: int) -> None:
    """Draws the small wall, one thread; what callgrind counts."""
    camera = wz.Camera.home(320, 180, focal=256.0)
    world = wall_of_surfels(60_000, camera)
    world._engine = wz.Engine(threads=1)
    if mode == "off":
        for _ in range(frames):
            world.render(camera, outputs=OUTPUTS)
        return
    with profile.recording(fine=mode == "full"):
        for _ in range(frames):
            world.render(camera, outputs=OUTPUTS)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("world", nargs="?", help="a world file")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--frames", type=int, default=2)
    parser.add_argument("--size", default="960x540")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--instructions", action="store_true", help="count instructions")
    parser.add_argument("--child", choices=MODES, help=argparse.SUPPRESS)
    parser.add_argument("--bench", help="the native program profiler_bench, for the cost of single events")
    parser.add_argument("--json", help="a file for the result")
    arguments = parser.parse_args()
    if arguments.child:
        draw_as_child(arguments.child, arguments.frames)
        return
    result = counted(arguments.frames) if arguments.instructions else timed(arguments)
    if arguments.bench:
        answer = subprocess.run([arguments.bench], capture_output=True, text=True, check=True)
        result["events_ns"] = json.loads(answer.stdout)
    text = json.dumps({**result, **machine_facts()}, indent=2)
    print(text)
    if arguments.json:
        Path(arguments.json).write_text(text + "\n")


def counted(frames: int) -> dict[str, Any]:
    """The result of --instructions."""
    return {
        "what": "instructions of a frame with the profiler on against off (callgrind)",
        "world": "a wall of 60 000 one-pixel surfels",
        "size": [320, 180],
        "threads": 1,
        **instructions(frames),
    }


def timed(arguments: argparse.Namespace) -> dict[str, Any]:
    """The result of interleaved rounds."""
    width, height = (int(side) for side in arguments.size.split("x"))
    if arguments.world is None:
        camera = wz.Camera.home(width, height, focal=0.8 * width)
        world = wall_of_surfels(500_000, camera)
    else:
        world = wz.World.open(arguments.world)
        camera = world.home.resized(width, height)
    world._engine = wz.Engine(threads=arguments.threads)
    cameras = [camera] * arguments.frames
    return {
        "what": "processor time of frames with the profiler on against off, interleaved rounds",
        "world": "a wall of 500 000 one-pixel surfels"
        if arguments.world is None
        else Path(arguments.world).name,
        "size": [width, height],
        "threads": arguments.threads,
        **measure(world, cameras, arguments.rounds),
    }


if __name__ == "__main__":
    main()
