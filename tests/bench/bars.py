# SPDX-License-Identifier: Apache-2.0
"""Measures the speed bars of the CPU engine on this machine and says which hold.

    python tests/bench/bars.py [--only GROUP ..] [--capture F.ply --camera VIEW.json] [-o FILE]

The bars are for two cores with AVX-512 that do nothing else; the table says how busy the machine was. Frame rates are
medians of five runs. --capture adds the bar of a real capture, --only runs these groups.
Exits 1 when a bar does not hold. tests/bench/plant-view.json is the view that the capture's bar is for.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wonderzoom_rt.bench.machine import commit, machine
from wonderzoom_rt.bench.measure import Settings
from wonderzoom_rt.bench.pairs import PAIRS, run_pairs
from wonderzoom_rt.bench.paths import open_path
from wonderzoom_rt.bench.run import Wishes, run_bench
from wonderzoom_rt.bench.scenes import make_scene
from wonderzoom_rt.cli.arguments import read_camera
from wonderzoom_rt.frame import OUTPUTS

RUNS, FRAMES = 5, 30
DEPTHS = 24
MOST_LOAD = 0.5


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


class Bench:
    """Runs benchmarks, each once, and remembers their results."""

    def __init__(self, part: float, runs: int, frames: int) -> None:
        self._part, self._runs, self._frames = part, runs, frames
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

    def fps(self, scene: str, settings: Settings = Settings()) -> float:  # noqa: B008
        """Frames a second: the median over the runs."""
        times = np.array(self(scene, settings)["samples"]["frame_ms"])
        return float(np.median(1e3 / times.mean(axis=1)))


def frame_rates(bench: Bench) -> Iterator[Found]:
    """Of one-pixel surfels."""
    yield Found("field-500k", bench.fps("field-500k"), 45.0, True, "frames/s")
    avx2 = Settings(instructions="avx2")
    yield Found("field-500k avx2", bench.fps("field-500k", avx2), 32.0, True, "frames/s")
    every = Settings(outputs=OUTPUTS)
    yield Found("field-500k all outputs", bench.fps("field-500k", every), 28.0, True, "frames/s")
    yield Found("field-2m", bench.fps("field-2m"), 13.0, True, "frames/s")


def blend_share(bench: Bench) -> Iterator[Found]:
    """The blend pass against this machine's own rate."""
    used = bench("field-500k")["utilisation"]["blend"]
    yield Found("blend of the machine's rate", used, 0.6, True, "")


def scaling(bench: Bench) -> Iterator[Found]:
    """Two threads over one."""
    ratio = bench.fps("field-500k", Settings(threads=2)) / bench.fps("field-500k", Settings(threads=1))
    yield Found("two threads over one", ratio, 1.8, True, "x")


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
    parser.add_argument("-o", "--out", type=Path, help="also write JSON here")
    options = parser.parse_args()
    where, bench = machine(), Bench(options.part, options.runs, options.frames)
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
