# SPDX-License-Identifier: Apache-2.0
"""Two results side by side, with a verdict a stage that knows how noisy they are.

The ratio of a stage is the median over the frames of (B's time / A's time), frame by frame where both flew the same
path. Its 99 % interval joins two kinds of noise: within a run, by a bootstrap over blocks of neighbouring frames
(Kuensch 1989), and between runs, by Welch's t of the runs' medians. One run alone cannot show how runs differ;
then 5 % count as noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

Array = NDArray[np.float64]
Verdict = Literal["faster", "slower", "same within noise"]

LEAST_DIFFERENCE = 0.01
"""A smaller part is no news, however sure."""
NOISE_OF_ONE_RUN = 0.05
_RESAMPLES = 1000
_BLOCKS = 12
"""Blocks of neighbouring frames that a run is resampled in, at least."""
BUSY = 0.5
"""Load over cores from which on a machine is busy with other work."""
_LEAST_MS = 1e-4
"""Times below this are all the same: timers and their calls take longer."""
_STUDENT_995 = ((1, 63.66), (2, 9.92), (3, 5.84), (4, 4.60), (5, 4.03), (6, 3.71), (7, 3.50), (8, 3.36), (10, 3.17),
                (12, 3.05), (15, 2.95), (20, 2.85), (30, 2.75), (60, 2.66))  # fmt: skip
_NORMAL_995 = 2.576
_ALIKE = ("path", "size", "outputs")
_KEYS = (
    "frame_ms",
    "fps",
    "low1_fps",
    "stages_ms",
    "funnel",
    "machine",
    "commit",
    "settings",
    "scene",
    "samples",
)
_TABLES = ("stages_ms", "machine", "settings", "scene")


@dataclass(frozen=True)
class Row:
    """One stage: medians (ms), ratio B over A, its interval, verdict on B."""

    stage: str
    before_ms: float
    after_ms: float
    ratio: float
    low: float
    high: float
    verdict: Verdict


def compare(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    names: tuple[str, str] = ("A", "B"),
    force: bool = False,
) -> list[Row]:
    """A row for the whole frame, for the processor time of all threads in it, and for each stage that both have.

    Raises InputError for what is no result, and, unless forced, for results of unlike scenes, paths, sizes or outputs.
    """
    for result, name in zip((before, after), names, strict=True):
        check_result(result, name)
    unlike = differences(before, after)
    if unlike and not force:
        raise InputError(
            f"the two results are of different things: {'; '.join(unlike)} (--force compares them)"
        )
    first, second = before["samples"], after["samples"]
    rows = [_row("frame", first["frame_ms"], second["frame_ms"], not unlike)]
    rows.append(_row("processor", first["processor_ms"], second["processor_ms"], not unlike))
    for stage in first["stages_ms"]:
        if stage in second["stages_ms"]:
            rows.append(_row(stage, first["stages_ms"][stage], second["stages_ms"][stage], not unlike))
    return rows


def check_result(result: Any, name: str) -> None:
    """Raises InputError for what is not a result of `wonderzoom bench`."""
    missing = [key for key in _KEYS if key not in result] if isinstance(result, Mapping) else list(_KEYS)
    if missing:
        raise InputError(f"{name} is no result of wonderzoom bench: it has no {', '.join(missing)}")
    for key in _TABLES:
        if not isinstance(result[key], Mapping):
            raise InputError(
                f"{name} is no result of wonderzoom bench: its {key} must be a table, got {result[key]!r}"
            )
    for table, key in (("settings", "runs"), ("machine", "cores"), ("machine", "load")):
        value = result[table].get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise InputError(f"{key} in the {table} of {name} must be a number, got {value!r}")
    samples = result["samples"]
    if not isinstance(samples, Mapping) or not isinstance(samples.get("stages_ms"), Mapping):
        raise InputError(f"{name} is no result of wonderzoom bench: its samples have no stages_ms")
    whole = {"frame": samples.get("frame_ms"), "processor": samples.get("processor_ms")}
    for stage, times in {**whole, **samples["stages_ms"]}.items():
        try:
            array = np.asarray(times, dtype=np.float64)
        except (TypeError, ValueError):
            array = np.zeros(0)
        if array.ndim != 2 or array.size == 0 or not np.isfinite(array).all():
            raise InputError(f"the samples of {stage} in {name} must be numbers, runs by frames")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What keeps two results from being compared, in words."""
    found = []
    scenes = before["scene"], after["scene"]
    if scenes[0].get("name") != scenes[1].get("name"):
        found.append(f"scene {scenes[0].get('name')} and {scenes[1].get('name')}")
    else:
        for key in sorted(set(scenes[0]) | set(scenes[1])):
            values = scenes[0].get(key), scenes[1].get(key)
            if values[0] != values[1]:
                found.append(f"scene {key} {values[0]} and {values[1]}")
    for key in _ALIKE:
        values = before["settings"].get(key), after["settings"].get(key)
        if values[0] != values[1]:
            found.append(f"{key} {_spoken(values[0])} and {_spoken(values[1])}")
    return found


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What else differs: settings, commit, machine; in words."""
    found = []
    for key in ("backend", "instructions", "threads", "cull", "lod", "frames", "runs"):
        values = before["settings"].get(key), after["settings"].get(key)
        if values[0] != values[1]:
            found.append(f"{key} {values[0]} -> {values[1]}")
    used = [result["settings"].get("instructions_used") for result in (before, after)]
    if None not in used and used[0] != used[1]:
        found.append(f"drawn with {used[0]} -> {used[1]}")
    lost, new = (
        [stage for stage in one["stages_ms"] if stage not in other["stages_ms"]]
        for one, other in ((before, after), (after, before))
    )
    found += [f"no stage {stage} in {name}" for stages, name in ((lost, "B"), (new, "A")) for stage in stages]
    if before["commit"] != after["commit"]:
        found.append(f"commit {before['commit']} -> {after['commit']}")
    for key in ("cpu", "cores", "device"):
        values = before["machine"].get(key), after["machine"].get(key)
        if values[0] != values[1]:
            found.append(f"{key} {values[0]} -> {values[1]}")
    return found


def notes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What makes a verdict doubtful, in words."""
    found = []
    for name, result in (("A", before), ("B", after)):
        load, cores = result["machine"].get("load"), result["machine"].get("cores") or 1
        if load is not None and load > BUSY * cores:
            found.append(
                f"{name} was measured on a busy machine (load {load:g}): trust processor times rather than others, "
                "and runs in turns (tests/bench/pairs.py) rather than those"
            )
        if result["settings"].get("runs", 1) < 2:
            found.append(f"{name} is of one run: it cannot show how runs differ (--runs 5)")
    return found


def table_of(rows: list[Row], changed: list[str], doubts: Sequence[str] = ()) -> str:
    """The comparison for people."""
    lines = [f"changed: {', '.join(changed)}"] if changed else ["changed: nothing that the results name"]
    lines += ["", "stage        A ms       B ms     B / A   99 % interval   B is"]
    for row in rows:
        lines.append(
            f"{row.stage:10} {row.before_ms:8.3f}  {row.after_ms:9.3f}  {row.ratio:8.3f}   "
            f"{row.low:5.3f} .. {row.high:5.3f}  {row.verdict}"
        )
    return "\n".join([*lines, *(f"note: {doubt}" for doubt in doubts)])


def _row(stage: str, before: Any, after: Any, alike: bool) -> Row:
    first = np.maximum(np.asarray(before, dtype=np.float64), _LEAST_MS)
    second = np.maximum(np.asarray(after, dtype=np.float64), _LEAST_MS)
    ratio, low, high = interval(first, second, paired=alike and first.shape[1] == second.shape[1])
    noise = NOISE_OF_ONE_RUN if min(len(first), len(second)) < 2 else LEAST_DIFFERENCE
    verdict: Verdict = "same within noise"
    if high < 1.0 - noise:
        verdict = "faster"
    elif low > 1.0 + noise:
        verdict = "slower"
    return Row(stage, float(np.median(first)), float(np.median(second)), ratio, low, high, verdict)


def interval(before: Array, after: Array, *, paired: bool) -> tuple[float, float, float]:
    """The ratio after / before of times (runs, frames) > 0, and its 99 % interval. paired: frame i is the same view."""
    first, second = np.log(before), np.log(after)
    if paired:
        change = np.median(second, axis=0) - np.median(first, axis=0)
        middle = float(np.median(change))
        within = _spread(change[None, :])
    else:
        middle = float(np.median(second) - np.median(first))
        within = math.hypot(_spread(first), _spread(second))
    width = math.hypot(within, _between(first, second))
    return math.exp(middle), math.exp(middle - width), math.exp(middle + width)


def _spread(values: Array) -> float:
    """Half width of the 99 % interval of the median of (runs, frames), frames resampled in blocks."""
    frames = values.shape[1]
    block = max(1, frames // _BLOCKS)
    random = np.random.default_rng(0)
    starts = random.integers(0, frames, size=(_RESAMPLES, -(-frames // block)))
    index = (starts[:, :, None] + np.arange(block)) % frames
    index = index.reshape(_RESAMPLES, -1)[:, :frames]
    per_frame = np.median(values, axis=0)
    low, high = np.percentile(np.median(per_frame[index], axis=1), (0.5, 99.5))
    return float(high - low) / 2.0


def _between(first: Array, second: Array) -> float:
    """Half width of the 99 % interval of the difference of the runs' medians; 0 where there is one run."""
    if min(len(first), len(second)) < 2:
        return 0.0
    medians = [np.median(runs, axis=1) for runs in (first, second)]
    parts = [float(np.var(runs, ddof=1)) / len(runs) for runs in medians]
    total = sum(parts)
    if total <= 0.0:
        return 0.0
    freedom = total**2 / sum(part**2 / (len(runs) - 1) for part, runs in zip(parts, medians, strict=True))
    return _student(freedom) * math.sqrt(total)


def _student(freedom: float) -> float:
    """99.5 % quantile of Student's t: the table's value at or below this many degrees of freedom."""
    known = [quantile for degrees, quantile in _STUDENT_995 if degrees <= freedom + 1e-9]
    return _NORMAL_995 if freedom > 1000 else known[-1] if known else _STUDENT_995[0][1]


def _spoken(value: Any) -> str:
    return (
        "x".join(map(str, value))
        if isinstance(value, list) and all(isinstance(v, int) for v in value)
        else str(value)
    )
