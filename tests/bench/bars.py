# SPDX-License-Identifier: Apache-2.0
"""Measures the speed bars of the CPU engine on this machine and says which hold.

    python tests/bench/bars.py [--only GROUP ..] [--capture F.ply --camera VIEW.json] [--patience S] [-o FILE]

The bars are for two cores with AVX-512 that do nothing else; the table says how busy the machine was. Frame rates are
medians of five runs. --capture adds the bar of a real capture, --only runs these groups.
A virtual machine may lose speed to others on its host, which no load average shows. With --patience each run stands
between two measurements of the machine's own rate of blended evaluations, and counts when both come near the best that
was ever seen here; others are made again for up to S seconds a bar. Which runs count does not depend on what they
measured.
Exits 1 when a bar does not hold. tests/bench/plant-view.json is the view that the capture's bar is for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wonderzoom_rt import _core
from wonderzoom_rt.bench.limits import measure_limits
from wonderzoom_rt.bench.machine import commit, machine
from wonderzoom_rt.bench.measure import Samples, Settings, measure
from wonderzoom_rt.bench.pairs import PAIRS, run_pairs
from wonderzoom_rt.bench.paths import open_path
from wonderzoom_rt.bench.run import Wishes, run_bench
from wonderzoom_rt.bench.scenes import make_scene
from wonderzoom_rt.cli.arguments import read_camera
from wonderzoom_rt.frame import OUTPUTS

RUNS, FRAMES = 5, 30
DEPTHS = 24
MOST_LOAD = 0.5
RATE_SECONDS, FIRST_RATES = 0.1, 20
NEAR_BEST = 0.9
"""Of the best rate: below it somebody else had a part of the cores."""


@dataclass(frozen=True)
class Found:
    """One bar: what was measured, against what, and whether it holds."""

    name: str
    measured: float
    bar: float
    at_least: bool
    unit: str
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the measured value is on the right side of the bar."""
        return self.measured >= self.bar if self.at_least else self.measured <= self.bar


class QuietRuns:
    """Makes runs while the machine gives all it can.

    patience: seconds that a bar may take, 0 to take the first runs as they come.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.best_rate = 0.0
        if patience > 0.0:
            for _ in range(FIRST_RATES):
                self._rate()

    def _rate(self) -> float:
        rate = float(_core.blend_rate(0, "best", RATE_SECONDS))
        self.best_rate = max(self.best_rate, rate)
        return rate

    def __call__(self, run: Callable[[], float], runs: int) -> tuple[float, str]:
        """The median of `runs` of these, and in words what the machine gave meanwhile."""
        if self._patience <= 0.0:
            return float(np.median([run() for _ in range(runs)])), ""
        made: list[tuple[float, float]] = []  # the machine's rate, what was measured
        start = time.perf_counter()
        while True:
            before = self._rate()
            measured = run()
            made.append((min(before, self._rate()), measured))
            quiet = [value for rate, value in made if rate >= NEAR_BEST * self.best_rate]
            if len(quiet) >= runs or (time.perf_counter() - start > self._patience and len(made) >= runs):
                break
        if len(quiet) >= runs:
            return float(np.median(quiet)), f"{len(quiet)} of {len(made)} runs undisturbed"
        least, most = (1e-9 * f(rate for rate, _ in made) for f in (min, max))
        note = f"disturbed: {least:.2f} .. {most:.2f} of {1e-9 * self.best_rate:.2f} G/s in {len(made)} runs"
        return float(np.median([value for _, value in made])), note


class Bench:
    """Runs benchmarks, each once, and remembers their results."""

    def __init__(self, part: float, runs: int, frames: int, quiet: QuietRuns) -> None:
        self._part, self._runs, self._frames, self._quiet = part, runs, frames, quiet
        self._known: dict[tuple[str, Settings], dict[str, object]] = {}

    def __call__(self, scene: str, settings: Settings = Settings(), camera: str | None = None) -> dict:  # noqa: B008
        key = (scene, settings)
        if key not in self._known:
            named = not scene.endswith(".ply")
            self._known[key] = run_bench(
                Wishes(
                    scene,
                    frames=self._frames,
                    runs=self._runs,
                    part=self._part if named else 1.0,
                    camera=None if camera is None else read_camera(camera),
                    settings=settings,
                )
            )
        return self._known[key]

    def fps(self, name: str, settings: Settings = Settings()) -> tuple[float, str]:  # noqa: B008
        """Frames a second, the median over the runs, and how quiet the machine was."""
        return self._median(name, settings, lambda samples: 1e3 / float(samples.frame_ms.mean()))

    def blend_share(self, name: str) -> tuple[float, str]:
        """Evaluations a second of the blend pass over the machine's best rate, and how quiet the machine was."""
        rate, note = self._median(
            name,
            Settings(),
            lambda samples: float(
                np.median(samples.counts["evaluations"] / (1e-3 * samples.stages_ms["blend"]))
            ),
        )
        return rate / (self._quiet.best_rate or measure_limits(0, "best")["blended_evaluations_per_s"]), note

    def _median(self, name: str, settings: Settings, value: Callable[[Samples], float]) -> tuple[float, str]:
        scene = make_scene(name, part=self._part)
        cameras = open_path("still").cameras(scene, self._frames)
        return self._quiet(lambda: value(measure(scene, cameras, settings, warmup=3)), self._runs)


def frame_rates(bench: Bench) -> Iterator[Found]:
    """Of one-pixel surfels."""
    for name, scene, settings, bar in (
        ("field-500k", "field-500k", Settings(), 45.0),
        ("field-500k avx2", "field-500k", Settings(instructions="avx2"), 32.0),
        ("field-500k all outputs", "field-500k", Settings(outputs=OUTPUTS), 28.0),
        ("field-2m", "field-2m", Settings(), 13.0),
    ):
        rate, note = bench.fps(scene, settings)
        yield Found(name, rate, bar, True, "frames/s", note)


def blend_share(bench: Bench) -> Iterator[Found]:
    """The blend pass against this machine's own rate."""
    used, note = bench.blend_share("field-500k")
    yield Found("blend of the machine's rate", used, 0.6, True, "", note)


def scaling(bench: Bench) -> Iterator[Found]:
    """Two threads over one."""
    (two, note), (one, _) = (bench.fps("field-500k", Settings(threads=count)) for count in (2, 1))
    yield Found("two threads over one", two / one, 1.8, True, "x", note)


def hostile(bench: Bench) -> Iterator[Found]:
    """Needle and crossing against the field, at equal count."""
    plain = bench("field-500k")["frame_ms"]["p50"]
    for name in ("needle", "crossing"):
        yield Found(f"{name} over field-500k", bench(name)["frame_ms"]["p50"] / plain, 4.0, False, "x")


def depths(part: float, pairs: int, processor: bool) -> Iterator[Found]:
    """Any depth of twelve levels against one level."""
    scene = make_scene("stack-12", part=part)
    count = min(DEPTHS, 4 * pairs)
    one, any_depth = (open_path(name).cameras(scene, count) for name in ("still", "zoom-in"))
    measured = run_pairs(
        scene,
        one,
        Settings(),
        Settings(),
        second_cameras=any_depth,
        pairs=max(3, pairs // 5),
        until_level=(0, None),
    )
    camera, (ratio, low, high) = measured.worst(processor=processor)
    note = f"camera {camera} of {count}, {low:.2f} .. {high:.2f}"
    yield Found("stack-12, worst depth over one level", ratio, 2.2, False, "x", note)


def culling(part: float, pairs: int, processor: bool) -> Iterator[Found]:
    """Level of detail and culling on against off; held unless it is surely slower."""
    for name in ("field-500k", "stack-12", "city-20m", "crossing", "needle"):
        scene = make_scene(name, part=part)
        for words, settings in (
            ("culling", Settings(cull=False)),
            ("LoD and culling", Settings(cull=False, lod=False)),
        ):
            measured = run_pairs(
                scene, open_path("still").cameras(scene, 1), settings, Settings(), pairs=pairs
            )
            ratio, low, high = measured.ratio(processor=processor)
            note = f"median {ratio:.3f}, {low:.3f} .. {high:.3f}: the lower end counts"
            yield Found(f"{name}, {words} on over off", low, 1.03, False, "x", note)


def capture(bench: Bench, file: str, camera: str | None) -> Iterator[Found]:
    """A real capture, flattened to discs."""
    result = bench(file, camera=camera)
    yield Found(f"{Path(file).name}, a frame", result["frame_ms"]["p50"], 30.0, False, "ms")


def rows(found: Found) -> str:
    """One line of the table."""
    sign = ">=" if found.at_least else "<="
    verdict = "holds" if found.holds else "DOES NOT HOLD"
    note = f"  ({found.note})" if found.note else ""
    return f"{found.name:42} {found.measured:9.3f} {sign} {found.bar:5g} {found.unit:8} {verdict}{note}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help=f"groups: {', '.join(GROUPS)}")
    parser.add_argument("--capture", metavar="F.ply")
    parser.add_argument("--camera", metavar="VIEW.json", help="of the capture")
    parser.add_argument(
        "--part", type=float, default=1.0, help="of the scenes' surfels: to try the script (1)"
    )
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument(
        "--processor", action="store_true", help="pairs by processor time, for a machine that is busy"
    )
    parser.add_argument(
        "--patience", type=float, default=0.0, metavar="S", help="seconds a bar to wait for undisturbed runs"
    )
    parser.add_argument("-o", "--out", type=Path, help="also write JSON here")
    options = parser.parse_args()
    where, bench = machine(), Bench(options.part, options.runs, options.frames, QuietRuns(options.patience))
    print(f"{where['cpu']}, {where['cores']} cores, load {where['load']}, commit {commit()}", flush=True)
    if where["load"] is not None and where["load"] > MOST_LOAD:
        print("note: the machine is busy with other work; what is measured says little about the bars")
    found: list[Found] = []
    for name, group in GROUPS.items():
        if options.only and name not in options.only:
            continue
        for one in group(bench, options):
            print(rows(one), flush=True)
            found.append(one)
    if options.out is not None:
        content = {
            "machine": where,
            "commit": commit(),
            "bars": [{**asdict(one), "holds": one.holds} for one in found],
        }
        options.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one.holds for one in found) else 1


Group = Callable[[Bench, argparse.Namespace], Iterator[Found]]
GROUPS: dict[str, Group] = {
    "rates": lambda bench, options: frame_rates(bench),
    "blend": lambda bench, options: blend_share(bench),
    "threads": lambda bench, options: scaling(bench),
    "hostile": lambda bench, options: hostile(bench),
    "capture": lambda bench, options: (
        capture(bench, options.capture, options.camera) if options.capture else iter(())
    ),
    "depths": lambda bench, options: depths(options.part, options.pairs, options.processor),
    "culling": lambda bench, options: culling(options.part, options.pairs, options.processor),
}

if __name__ == "__main__":
    sys.exit(main())
