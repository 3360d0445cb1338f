# SPDX-License-Identifier: Apache-2.0
"""Measures the figures that the README names, with the commands that a user types, and prints them as JSON.

    python tools/measure.py --demo DIR [--runs 5] [-o FILE] [--readme]
    python tools/measure.py --quote FILE --readme

Each command runs `--runs` times; times are medians of the wall clock and of the processor time of all threads, memory
is the largest resident set. The world of --demo, the folder of a finished `wonderzoom demo`, is drawn, and its
evaluate.json quoted. --readme writes the figures into the README, between its two marks; --quote takes them from a
file written earlier. Run it on an idle machine (it says how loaded it was), with a Python that has
wonderzoom_rt[offline] installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import wonderzoom_rt as wz
from wonderzoom_rt.flight import level_flight

ROOT = Path(__file__).resolve().parent.parent
PHOTOGRAPH = ROOT / "tests" / "data" / "valley.jpg"
FRAME_SIZE = (960, 540)
FRAMES = 60
MOST_LOAD = 1.0
README = ROOT / "README.md"
MARKS = ("<!-- figures: written by tools/measure.py -->", "<!-- end of figures -->")
COMMANDS = {
    "new": "`wonderzoom new`, 1088 px wide",
    "zoom_fast": "`wonderzoom zoom`, x8, `fast`",
    "zoom_best": "`wonderzoom zoom`, x8, `best`",
}


def timed(*command: str | Path) -> tuple[float, float, float]:
    """Seconds, processor seconds and peak megabytes of a command of the package; raises when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "wonderzoom_rt.cli", *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"failed with status {status}: wonderzoom {' '.join(map(str, command))}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def summary(runs: list[tuple[float, float, float]]) -> dict[str, float]:
    return {
        "seconds": round(statistics.median(run[0] for run in runs), 2),
        "processor_seconds": round(statistics.median(run[1] for run in runs), 2),
        "peak_mb": round(max(run[2] for run in runs)),
    }


def measure_commands(runs: int) -> dict[str, Any]:
    """`new` and one x8 zoom of each quality, each from a file as its predecessor left it."""
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        world, copy = Path(folder, "world.wz"), Path(folder, "copy.wz")
        made = [timed("new", PHOTOGRAPH, "-o", world, "--overwrite") for _ in range(runs)]
        result["new"] = summary(made)
        for quality in ("fast", "best"):
            zooms = []
            for _ in range(runs):
                copy.write_bytes(world.read_bytes())
                zooms.append(timed("zoom", copy, "--at", "0.5", "0.6", "--quality", quality))
            result[f"zoom_{quality}"] = summary(zooms)
    return result


def measure_frames(world: wz.World) -> dict[str, float]:
    """Frames of the default flight, colours only, after one to warm up."""
    path = level_flight(world)
    cameras = [path.at(path.seconds * i / (FRAMES - 1)).resized(*FRAME_SIZE) for i in range(FRAMES)]
    world.render(cameras[0], outputs=("color",))
    times, busy = [], time.process_time()
    for camera in cameras:
        start = time.perf_counter()
        world.render(camera, outputs=("color",))
        times.append(time.perf_counter() - start)
    busy = time.process_time() - busy
    times.sort()
    return {
        "median_ms": round(1000 * statistics.median(times), 1),
        "processor_ms": round(1000 * busy / len(times), 1),
        "p95_ms": round(1000 * times[int(0.95 * len(times))], 1),
        "frames_per_second": round(len(times) / sum(times), 1),
    }


def machine() -> dict[str, Any]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    model, table = platform.processor() or platform.machine(), Path("/proc/cpuinfo")
    text = table.read_text() if table.exists() else ""
    names = [row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": names[0] if names else model,
        "cores": cores,
        "avx512": " avx512f " in text,
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "commit": commit.stdout.strip(),
    }


def markdown(result: dict[str, Any]) -> str:
    """The README's tables of a result. Times of the clock are left out when the machine was busy with other work."""
    here = result["machine"]
    idle = here["load_before"] < MOST_LOAD
    rows = [
        f"Measured by `tools/measure.py` at {here['commit']} on {here['cores']} cores of {here['cpu']}"
        f"{' with AVX-512' if here['avx512'] else ''}, {here['memory_gb']} GB, no GPU; Python {here['python']}; medians"
        f"{'' if idle else '. The machine was busy with other work, hence processor time only'}.",
        "",
        f"| | {'time | ' if idle else ''}processor time, all cores | peak memory |",
        f"|---|{'---|' if idle else ''}---|---|",
    ]
    for key, words in COMMANDS.items():
        one = result[key]
        clock = f"{one['seconds']:.1f} s | " if idle else ""
        rows.append(f"| {words} | {clock}{one['processor_seconds']:.1f} s | {one['peak_mb'] / 1000:.2f} GB |")
    frames = result["frames_960x540"]
    clock = f"{frames['median_ms']:.0f} ms, {frames['frames_per_second']:.0f} a second | " if idle else ""
    rows.append(f"| a frame of the demo's flight, 960x540 | {clock}{frames['processor_ms']:.0f} ms | |")
    made_at = f"made at quality `{result['quality_asked']}`"
    rows += ["", f"The demo's levels ({made_at}), the worst of all, as `wonderzoom evaluate` reports it:", ""]
    rows += ["| measured | worst | bar |", "|---|---|---|"]
    for key, value in result["quality_worst"].items():
        shown = "-" if value is None else f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"
        missed = " (missed)" if key in result["quality_missed"] else ""
        rows.append(f"| [`{key}`](docs/quality.md) | {shown} | {result['quality_bars'][key]}{missed} |")
    return "\n".join(rows)


def write_readme(result: dict[str, Any]) -> None:
    """Puts the tables between the README's marks."""
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, found, after = rest.partition(MARKS[1])
    if not found:
        raise SystemExit(f"{README.name} must hold the marks {MARKS[0]} and {MARKS[1]}")
    README.write_text(f"{before}{MARKS[0]}\n\n{markdown(result)}\n\n{MARKS[1]}{after}", encoding="utf-8")


def measured(demo: Path, runs: int) -> dict[str, Any]:
    """Everything, measured now."""
    report = json.loads((demo / "evaluate.json").read_text(encoding="utf-8"))
    world = wz.World.open(demo / "world.wz")
    return {
        "machine": machine(),
        **measure_commands(runs),
        "frames_960x540": measure_frames(world),
        "quality_asked": world.levels[-1].metadata["quality"],
        "quality_worst": report["worst"],
        "quality_bars": report["bars"],
        "quality_missed": sorted({failure["key"] for failure in report["failed"]}),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--demo", type=Path, help="folder of a finished demo")
    source.add_argument("--quote", type=Path, help="figures measured earlier")
    parser.add_argument("--runs", type=int, default=5, help="of each command (5)")
    parser.add_argument("--readme", action="store_true", help="write the figures into the README")
    parser.add_argument("-o", "--out", type=Path, help="also write the JSON here")
    options = parser.parse_args()
    if options.quote is not None:
        result = json.loads(options.quote.read_text(encoding="utf-8"))
    else:
        result = measured(options.demo, options.runs)
    text = json.dumps(result, indent=2)
    print(text)
    if options.out is not None:
        options.out.write_text(text + "\n", encoding="utf-8")
    if options.readme:
        write_readme(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
