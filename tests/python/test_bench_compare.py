# SPDX-License-Identifier: Apache-2.0
"""Comparing results: verdicts on samples whose true ratio is known."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.bench.compare import Row, changes, compare, interval, notes, table_of

STAGES = ("project", "blend")


def result(
    seed: int, *, runs: int = 5, frames: int = 60, noise: float = 0.03, drift: float = 0.0, **factors: float
) -> dict[str, Any]:
    """A made-up result: stages that vary along the path, times a factor each, with noise a frame and drift a run."""
    random = np.random.default_rng(seed)
    path = 1.0 + 0.5 * np.sin(np.linspace(0.0, 3.0, frames))
    stages = {}
    for stage in STAGES:
        spread = np.exp(noise * random.normal(size=(runs, frames)) + drift * random.normal(size=(runs, 1)))
        stages[stage] = (factors.get(stage, 1.0) * path * spread).tolist()
    frame = np.sum([stages[stage] for stage in STAGES], axis=0)
    return {
        "scene": {"name": "made up", "seed": 0},
        "frame_ms": {},
        "fps": 1.0,
        "low1_fps": 1.0,
        "stages_ms": {},
        "funnel": {},
        "machine": {"cpu": "one", "cores": 2},
        "commit": "abc",
        "settings": {
            "path": "orbit",
            "size": [960, 540],
            "outputs": ["color"],
            "runs": runs,
            "frames": frames,
        },
        "samples": {"frame_ms": frame.tolist(), "processor_ms": frame.tolist(), "stages_ms": stages},
    }


def rows_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Row]:
    return {row.stage: row for row in compare(before, after)}


@pytest.mark.parametrize("factor", (0.8, 0.95, 1.05, 1.3))
def test_a_known_change_is_found_in_its_stage_alone(factor: float) -> None:
    rows = rows_of(result(1), result(2, blend=factor))
    assert rows["blend"].verdict == ("faster" if factor < 1 else "slower")
    assert rows["blend"].ratio == pytest.approx(factor, rel=0.02)
    assert rows["blend"].low < factor < rows["blend"].high
    assert rows["project"].verdict == "same within noise"


def test_the_same_thing_twice_is_hardly_ever_called_different() -> None:
    verdicts = [
        row.verdict
        for seed in range(40)
        for row in compare(result(2 * seed, drift=0.02), result(2 * seed + 1, drift=0.02))
    ]
    assert sum(verdict != "same within noise" for verdict in verdicts) <= 4


def test_drift_between_runs_is_noise() -> None:
    rows = rows_of(result(3, drift=0.1), result(4, drift=0.1, blend=1.05))
    assert rows["blend"].verdict == "same within noise"
    assert rows["blend"].high / rows["blend"].low > 1.2


def test_one_run_alone_cannot_prove_a_small_change() -> None:
    assert rows_of(result(5, runs=1), result(6, runs=1, blend=0.97))["blend"].verdict == "same within noise"
    assert rows_of(result(5, runs=1), result(6, runs=1, blend=0.8))["blend"].verdict == "faster"


def test_a_sure_but_tiny_change_is_no_news() -> None:
    rows = rows_of(result(7, noise=1e-4), result(8, noise=1e-4, blend=1.005))
    assert rows["blend"].verdict == "same within noise" and rows["blend"].low > 1.0


def test_frames_are_paired_so_that_the_path_is_no_noise() -> None:
    first, second = (np.array(result(seed, noise=0.01)["samples"]["frame_ms"]) for seed in (9, 10))
    _, low, high = interval(first, second, paired=True)
    _, wide_low, wide_high = interval(first, second, paired=False)
    assert high - low < 0.5 * (wide_high - wide_low)


def test_the_ratio_turns_round_with_the_sides() -> None:
    before, after = result(11), result(12, blend=1.2)
    there, back = rows_of(before, after)["blend"], rows_of(after, before)["blend"]
    assert there.ratio * back.ratio == pytest.approx(1.0)
    assert (there.verdict, back.verdict) == ("slower", "faster")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scene": {"name": "another", "seed": 0}}, "different things: scene made up and another \\("),
        ({"scene": {"name": "made up", "seed": 1}}, "scene seed 0 and 1"),
    ],
)
def test_unlike_scenes_are_not_compared(change: dict[str, Any], words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        compare(result(1), result(2) | change)
    assert compare(result(1), result(2) | change, force=True)


def test_busy_machines_and_single_runs_are_doubted() -> None:
    calm, busy = result(1), result(2, runs=1)
    busy["machine"] = {"cpu": "one", "cores": 2, "load": 7.5}
    assert notes(calm, calm) == []
    first, second = notes(calm, busy)
    assert "B was measured on a busy machine (load 7.5)" in first and "B is of one run" in second
    assert table_of(compare(calm, busy), [], notes(calm, busy)).endswith(f"note: {first}\nnote: {second}")


@pytest.mark.parametrize("key", ("path", "size", "outputs"))
def test_unlike_views_are_not_compared(key: str) -> None:
    other = copy.deepcopy(result(2))
    other["settings"][key] = "still" if key == "path" else [1, 2] if key == "size" else ["depth"]
    with pytest.raises(wz.InputError, match=f"different things: {key} "):
        compare(result(1), other)


def test_other_settings_may_differ_and_are_named() -> None:
    other = copy.deepcopy(result(2))
    other["settings"]["threads"] = 1
    other["settings"]["instructions_used"] = "avx2"
    other["commit"] = "def"
    other["stages_ms"] = {"list": {}}
    assert changes(result(1), other) == ["threads None -> 1", "no stage list in A", "commit abc -> def"]
    before = copy.deepcopy(result(1))
    before["settings"]["instructions_used"] = "avx512"
    assert "drawn with avx512 -> avx2" in changes(before, other)
    assert "threads None -> 1" in table_of(compare(result(1), other), changes(result(1), other))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ([], "B is no result of wonderzoom bench"),
        ({"fps": 3}, "it has no frame_ms"),
        (result(1) | {"samples": {"frame_ms": [[1.0]]}}, "no stages_ms"),
        (result(1) | {"samples": {"frame_ms": [1.0], "stages_ms": {}}}, "samples of frame in B"),
        (
            result(1)
            | {"samples": {"frame_ms": [[1.0]], "processor_ms": [[1.0]], "stages_ms": {"blend": [["x"]]}}},
            "samples of blend in B",
        ),
        (result(1) | {"samples": {"frame_ms": [[1.0], [1.0, 2.0]], "stages_ms": {}}}, "runs by frames"),
        *(
            (result(1) | {key: 5}, f"its {key} must be a table, got 5")
            for key in ("scene", "settings", "machine")
        ),
        (result(1) | {"stages_ms": None}, "its stages_ms must be a table, got None"),
        (result(1) | {"machine": {"cores": "two"}}, "cores in the machine of B must be a number, got 'two'"),
        (result(1) | {"settings": {"runs": [3]}}, "runs in the settings of B must be a number"),
    ],
)
def test_what_is_no_result_is_refused(broken: Any, words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        compare(result(1), broken)
