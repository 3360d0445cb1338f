# SPDX-License-Identifier: Apache-2.0
"""Interleaved pairs: the ratio of known times, and the script that measures them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from scenes import small_scene
from wonderzoom_rt.bench.measure import Settings
from wonderzoom_rt.bench.pairs import Pairs, parse_settings, run_pairs

ROOT = Path(__file__).resolve().parents[2]


def made_up(factor: float, *, noise: float, drift: float, seed: int = 0) -> Pairs:
    """Pairs whose second side takes `factor` as long, on a machine that slows down by `drift` on the way."""
    random = np.random.default_rng(seed)
    slowing = np.linspace(1.0, 1.0 + drift, 30)[:, None]
    times = [10.0 * side * slowing * np.exp(noise * random.normal(size=(30, 4))) for side in (1.0, factor)]
    times[1][:, 2] *= 2.0
    return Pairs((times[0], times[1]), (times[0], times[1]))


def test_the_ratio_is_found_on_a_machine_that_slows_down() -> None:
    pairs = made_up(1.04, noise=0.01, drift=1.0)
    ratio, low, high = pairs.ratio(camera=0)
    assert low < 1.04 < high and ratio == pytest.approx(1.04, rel=0.01) and low > 1.03
    assert pairs.ratio(processor=True) == pairs.ratio()


def test_the_worst_camera_is_named() -> None:
    camera, (ratio, _, _) = made_up(1.0, noise=0.01, drift=0.0).worst()
    assert camera == 2 and ratio == pytest.approx(2.0, rel=0.02)


def test_pairs_are_drawn_with_their_own_settings_and_cameras() -> None:
    scene = small_scene("stack-12")
    cameras = [scene.camera, scene.camera]
    deep = [scene.world.levels[5].approach.resized(scene.camera.width, scene.camera.height)] * 2
    told: list[float] = []
    pairs = run_pairs(
        scene,
        cameras,
        Settings(cull=False),
        Settings(threads=1),
        second_cameras=deep,
        pairs=3,
        until_level=(0, None),
        progress=lambda fraction, words: told.append(fraction),
    )
    assert all(times.shape == (3, 2) and (times > 0).all() for times in pairs.clock_ms)
    assert told[-1] == 1.0


def test_settings_are_read_from_words() -> None:
    settings, until = parse_settings("cull=off,lod=off,threads=2,isa=avx2,outputs=color+depth,until=3")
    assert settings == Settings(
        cull=False, lod=False, threads=2, instructions="avx2", outputs=("color", "depth")
    )
    assert until == 3
    assert parse_settings("") == (Settings(), None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("culling=off", "must be one of cull, lod, threads"),
        ("cull=maybe", "on or off, got 'maybe'"),
        ("until=x", "whole number"),
        ("threads=-1", "whole number"),
    ],
)
def test_unknown_settings_are_refused(text: str, words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        parse_settings(text)


def test_wrong_counts_are_refused() -> None:
    scene = small_scene("needle")
    with pytest.raises(wz.InputError, match="at least 2 pairs, got 1"):
        run_pairs(scene, [scene.camera], Settings(), Settings(), pairs=1)
    with pytest.raises(wz.InputError, match="as many cameras, got 1 and 0"):
        run_pairs(scene, [scene.camera], Settings(), Settings(), second_cameras=[])


def call(script: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a script of tests/bench."""
    environment = {**os.environ, "PYTHONPATH": str(Path(wz.__file__).parents[1])}
    command = [sys.executable, str(ROOT / "tests" / "bench" / script), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_bars_are_measured_and_judged(tmp_path: Path) -> None:
    small = ("--only", "blend", "--part", "0.01", "--runs", "1", "--frames", "2")
    answer = call("bars.py", *small, "-o", str(tmp_path / "bars.json"))
    (bar,) = json.loads((tmp_path / "bars.json").read_text())["bars"]
    assert bar["holds"] == (bar["measured"] >= bar["bar"] == 0.6)
    assert answer.returncode == (0 if bar["holds"] else 1)
    assert ("DOES NOT HOLD" in answer.stdout) != bar["holds"]


def test_bars_wait_for_undisturbed_runs(tmp_path: Path) -> None:
    small = ("--only", "rates", "--part", "0.002", "--runs", "2", "--frames", "2", "--patience", "0.5")
    answer = call("bars.py", *small, "-o", str(tmp_path / "bars.json"))
    bars = json.loads((tmp_path / "bars.json").read_text())["bars"]
    assert [bar["bar"] for bar in bars] == [45.0, 32.0, 28.0, 13.0]
    for bar in bars:
        assert re.fullmatch(r"2 of \d+ runs undisturbed|disturbed: [\d.]+ .. [\d.]+ of .* runs", bar["note"])
        assert bar["note"] in answer.stdout


def test_the_script_measures_and_judges() -> None:
    small = ("needle", "--part", "0.01", "--pairs", "2", "--frames", "1")
    answer = call("pairs.py", *small, "--at-most", "1000", "--json")
    result = json.loads(answer.stdout)
    assert answer.returncode == 0 and result["clock"]["low"] <= result["clock"]["high"]
    assert call("pairs.py", *small, "--at-most", "0.000001", "--each").returncode == 1
    wrong = call("pairs.py", "needle", "--a", "speed=3")
    assert wrong.returncode == 2 and wrong.stderr.startswith("pairs: error: a setting must be one of")
