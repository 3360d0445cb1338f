# SPDX-License-Identifier: Apache-2.0
"""A process killed at any moment while it commits leaves a world at a committed epoch."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from committer import expected_levels
from wonderzoom_rt.world import World

KILLS_A_FILE = 20
LONGEST_WAIT_S = 0.4


def kill_while_committing(path: Path, seed: int, wait_s: float) -> int:
    """Runs the committer, kills it `wait_s` after it began; the last epoch that it said was done."""
    folder = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(folder)])}
    with subprocess.Popen(
        [sys.executable, str(folder / "committer.py"), str(path), str(seed)],
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        assert first, "the committer could not open the world that the last kill left"
        select.select([], [], [], wait_s)
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
    lines = (first + rest).split(b"\n")[:-1]
    return int(lines[-1])


def check_survivor(path: Path, seed: int, acknowledged: int) -> int:
    """Opens what a kill left, checks it against what it must hold, and returns its epoch."""
    assert not hasattr(World, "verify") or World.verify(path) == []
    world = World.open(path)
    assert acknowledged <= world.epoch <= acknowledged + 1
    assert [level.metadata["change"] for level in world.levels] == expected_levels(seed, world.epoch)
    for level in world.levels:
        assert len(world.surfels(level)) == level.surfel_count > 0
        assert world.picture(level).shape == (level.lens.height, level.lens.width, 3)
    assert world.warnings == []
    return world.epoch


def run_kills(folder: Path, kills: int, *, seed: int) -> dict[str, Any]:
    random = np.random.default_rng(seed)
    epochs, unacknowledged = 0, 0
    for kill in range(kills):
        number, path = kill // KILLS_A_FILE, folder / f"world{kill // KILLS_A_FILE}.wz"
        if not path.exists():
            World.create(path)
        acknowledged = kill_while_committing(path, seed + number, float(random.uniform(0, LONGEST_WAIT_S)))
        epoch = check_survivor(path, seed + number, acknowledged)
        unacknowledged += epoch > acknowledged
        epochs = max(epochs, epoch)
        if kill % KILLS_A_FILE == KILLS_A_FILE - 1:
            path.unlink()
    return {"kills": kills, "most_epochs_in_a_file": epochs, "found_one_epoch_further": unacknowledged}


def test_a_killed_process_leaves_a_committed_world(tmp_path: Path) -> None:
    assert run_kills(tmp_path, 8, seed=5)["kills"] == 8


@pytest.mark.slow
def test_two_hundred_killed_processes_leave_committed_worlds(
    tmp_path: Path, record_result: Callable[[str, dict[str, Any]], None]
) -> None:
    outcome = run_kills(tmp_path, 200, seed=1000)
    assert outcome["most_epochs_in_a_file"] > 20, "the kills came before there was anything to break"
    record_result("kill", outcome)
