# SPDX-License-Identifier: Apache-2.0
"""What the profiler costs: frames with it off, with zones on, and with everything on, in interleaved rounds.

    python tests/bench/profiler_cost.py [W.wz] [--rounds 30] [--frames 2] [--size 960x540] [--json out.json]

A round draws the same frames off, with zones, fully (a recording with every tile, hitch watch and counters), in an
order that turns with each round. Times are processor times of the whole process, which a busy machine disturbs less
than the clock on the wall; the cost is the median over rounds of (on - off) / off, with its quartiles. A world is made
when none is given: half a million one-pixel surfels on a wall.

The cost of one event, and of a zone while nothing records, is measured apart by the native program profiler_bench
(--bench PROGRAM). Times the number of events a frame leaves that is `accounted_percent`, which a busy machine does not
blur; what a recording does in Python once a frame is in the measured times alone.
"""

from __future__ import annotations

import argparse
import json
import subprocess
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
    parser.add_argument("--bench", help="the native program profiler_bench, for the cost of single events")
    parser.add_argument("--json", help="a file for the result")
    arguments = parser.parse_args()
    result = timed(arguments)
    if arguments.bench:
        answer = subprocess.run([arguments.bench], capture_output=True, text=True, check=True)
        result["events_ns"] = json.loads(answer.stdout)
        account(result, result["events_ns"])
    text = json.dumps({**result, **machine_facts()}, indent=2)
    print(text)
    if arguments.json:
        Path(arguments.json).write_text(text + "\n")


def account(result: dict[str, Any], events_ns: dict[str, float]) -> None:
    """Adds what the events of a frame cost, each as measured alone; the dearer kind stands for all of them."""
    frame_ns = 1e6 * result["off_ms_a_frame"]
    dearest = max(events_ns["zone_on"], events_ns["counter_on"])
    for mode in MODES[1:]:
        result[mode]["accounted_percent"] = round(
            100.0 * result[mode]["events_a_frame"] * dearest / frame_ns, 4
        )
    idle = result["full"]["events_a_frame"] * max(events_ns["zone_off"], events_ns["counter_off"])
    result["off"] = {"accounted_percent": round(100.0 * idle / frame_ns, 5)}


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
