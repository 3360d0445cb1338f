# SPDX-License-Identifier: Apache-2.0
"""All measurements of a world, per level and the worst of all, with the bars they are held to."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from wonderzoom_rt.level import Level

from . import consistency
from .bars import BARS
from .fades import fade_window, sweep
from .invention import check_truth, invention, level_seam_ratio, load_truth, truth_fit
from .orbit import Discs, orbit
from .scene import RememberingScene, Scene, zoom_of

T = TypeVar("T")
Progress = Callable[[float, str], None]


@dataclass
class Report:
    """worst: by key, over all levels (keys that nothing could be measured for are NaN). levels: one dict
    each.

    bars: the bar of each key, in words. passed: whether every bar holds. failed: (key, level, value) of those
    that do not. seconds: by part of the work.
    """

    worst: dict[str, float] = field(default_factory=dict)
    levels: list[dict[str, Any]] = field(default_factory=list)
    bars: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, int, float]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every bar holds on every level."""
        return not self.failed

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: worst, levels, bars, passed, failed, seconds; what is not a number is
        None.
        """
        return dict(
            _strict(
                {
                    "worst": self.worst,
                    "levels": self.levels,
                    "bars": self.bars,
                    "passed": self.passed,
                    "failed": [{"key": k, "level": n, "value": v} for k, n, v in self.failed],
                    "seconds": self.seconds,
                }
            )
        )

    def to_json(self) -> str:
        """`to_dict` as strict JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def to_table(self) -> str:
        """A table for reading: a row a key, the worst, its bar, and every level's value; ! marks what
        fails.
        """
        return report_table(self.to_dict())


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _strict(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def report_table(report: Report | Mapping[str, Any]) -> str:
    """The table of a report, or of the dict that its JSON holds."""
    data = report.to_dict() if isinstance(report, Report) else report
    levels = data["levels"]
    failing = {(f["key"], f["level"]) for f in data["failed"]}
    header = ["", "worst", "bar", *[f"level {level['id']}" for level in levels]]
    rows = [header]
    for key in (k for k in BARS if k in data["worst"]):
        bad = any(name == key for name, _ in failing)
        cells = [
            _number(level.get(key)) + ("!" if (key, level["id"]) in failing else " ") for level in levels
        ]
        rows.append([("! " if bad else "  ") + key, _number(data["worst"][key]), data["bars"][key], *cells])
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    lines = [
        "  ".join(
            c.ljust(w) if i in (0, 2) else c.rjust(w)
            for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    if data["failed"]:
        names = sorted({f["key"] for f in data["failed"]}, key=list(BARS).index)
        lines.append(f"{len(names)} of {len(rows) - 1} bars do not hold: {', '.join(names)}")
    else:
        lines.append(f"all {len(rows) - 1} bars hold")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if abs(value) >= 20 else f"{value:.4f}" if abs(value) < 0.1 else f"{value:.2f}"


def evaluate(
    world: Scene, *, progress: Progress | None = None, truth: str | Path | NDArray[Any] | None = None
) -> Report:
    """Measures every level of a world as a user would see it; see the keys of `bars.BARS`.

    truth: the photograph the world was made from, larger: adds `amplitude_error_octaves` and
    `truth_correlation`. progress: called with a fraction 0..1 and words. Deterministic but for `seconds`.
    InputError when the truth is no image, or no finer than the first level.
    """
    scene = RememberingScene(world)
    levels = scene.levels
    true = None if truth is None else load_truth(truth)
    if true is not None and levels:
        check_truth(true, levels[0].lens)
    report = Report()
    steps = sum(2 if level.parent is None else 7 + (true is not None) for level in levels)
    clock = _Clock(report.seconds, steps, progress or (lambda fraction, words: None))
    discs = Discs(scene)
    for level in levels:
        values: dict[str, Any] = {"id": level.id, "parent": level.parent, "surfels": level.surfel_count}
        values["zoom"] = zoom_of(level, levels[0])
        if level.parent is None:
            if "picture.png" in level.blobs:
                values["photo_psnr_db"] = clock("home view", level, partial(consistency.photo_psnr_db, scene))
        else:
            _measure_child(scene, level, values, clock)
        values["relief_parallax_px"] = consistency.relief_parallax_px(scene, level)
        values.update(clock("orbit", level, partial(orbit, scene, level, discs=discs))._asdict())
        if true is not None and level.parent is not None:
            fit = clock("truth", level, partial(truth_fit, scene, level, true))
            if fit is not None:
                values.update(fit._asdict())
        report.levels.append(values)
    _judge(report)
    clock.tell(1.0, "done")
    return report


class _Clock:
    """Does one part of the work after another: says so, and notes how long each kind took."""

    def __init__(self, seconds: dict[str, float], steps: int, tell: Progress) -> None:
        self.tell = tell
        self._seconds, self._steps, self._done = seconds, steps, 0

    def __call__(self, name: str, level: Level, work: Callable[[], T]) -> T:
        self.tell(min(1.0, self._done / self._steps), f"{name}, level {level.id}")
        start = time.perf_counter()
        result = work()
        self._seconds[name] = round(self._seconds.get(name, 0.0) + time.perf_counter() - start, 3)
        self._done += 1
        return result


def _measure_child(scene: Scene, level: Level, values: dict[str, Any], clock: _Clock) -> None:
    pair = clock("fade", level, partial(fade_window, scene, level))
    fade = clock("fade", level, partial(sweep, scene, pair))
    values.update(
        coverage_dip=fade.coverage_dip,
        fade_error=fade.fade_error,
        blink_ratio=max(fade.blink_ratio, fade.blink_ratio_arriving),
        blink_ratio_still=fade.blink_ratio,
        blink_ratio_arriving=fade.blink_ratio_arriving,
        worst_bias=fade.at_bias,
    )
    values["scale_psnr_db"] = clock("scale", level, partial(consistency.scale_psnr_db, scene, level))
    values["scale_psnr_approach_db"] = consistency.scale_psnr_db(scene, level, approach=True)
    depth = clock("depth", level, partial(consistency.depth_fit, scene, level))
    values.update(
        depth_median_rel=depth.median_rel, depth_p99_rel=depth.p99_rel, depth_compared=depth.compared
    )
    values["seam_ratio"] = clock("seam", level, partial(level_seam_ratio, scene, level))
    made = clock("detail", level, partial(invention, scene, level))
    values.update(made._asdict())
    values["niqe_ratio"] = made.niqe / min(made.niqe_bicubic, made.niqe_noise)


def _judge(report: Report) -> None:
    for key, bar in BARS.items():
        measured = [
            (level["id"], float(level[bar.source or key]), float(level[key]))
            for level in report.levels
            if key in level
        ]
        if not measured:
            continue
        report.bars[key] = bar.words
        known = [m for m in measured if not math.isnan(m[1])]
        report.worst[key] = max(known, key=lambda m: bar.badness(m[1]))[2] if known else math.nan
        report.failed += [(key, number, shown) for number, value, shown in known if not bar.holds(value)]
