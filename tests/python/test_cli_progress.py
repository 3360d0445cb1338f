# SPDX-License-Identifier: Apache-2.0
"""The progress line of long commands."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from wonderzoom_rt import _core
from wonderzoom_rt.cli.progress import ProgressLine, spoken_time, watched
from wonderzoom_rt.errors import WorldError

# -------------------------------------------------------------------------------- progress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_is_over_within_a_second_prints_nothing() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressLine("work", stream=stream, clock=clock) as progress:
        for step in range(10):
            clock.now += 0.09
            progress(step / 10, "step")
    assert stream.getvalue() == ""


def test_elsewhere_than_on_a_terminal_a_line_comes_every_few_seconds() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressLine("work", stream=stream, clock=clock) as progress:
        for step in range(1, 101):
            clock.now += 0.2
            progress(step / 100, "step")
    lines = stream.getvalue().splitlines()
    assert lines[0] == "work: 5%, 19 s left step" and lines[-1] == "work: done in 20 s"
    assert 4 <= len(lines) <= 6


def test_elsewhere_a_work_that_stands_still_prints_little() -> None:
    clock, stream = Clock(), io.StringIO()
    with ProgressLine("work", stream=stream, clock=clock) as progress:
        for _ in range(65):
            clock.now += 1.0
            progress(0.3, "step")
    assert stream.getvalue().count("30%") == 3


def test_on_a_terminal_one_line_is_rewritten() -> None:
    clock, stream = Clock(), Terminal()
    with ProgressLine("work", stream=stream, clock=clock) as progress:
        for step in range(1, 101):
            clock.now += 0.2
            progress(step / 100, "step")
    text = stream.getvalue()
    assert text.count("\n") == 1 and text.count("\r\x1b[K") > 50
    assert "[############............]  50%, 10 s left step" in text


def test_progress_never_falls_and_a_stopped_work_leaves_a_clean_line() -> None:
    clock, stream = Clock(), Terminal()
    with pytest.raises(KeyboardInterrupt), ProgressLine("work", stream=stream, clock=clock) as progress:
        clock.now += 2.0
        progress(0.5, "a")
        clock.now += 2.0
        progress(0.1, "b")
        raise KeyboardInterrupt
    assert " 50%, 4.0 s left b" in stream.getvalue() and stream.getvalue().endswith("\r\x1b[K")


def test_durations_are_spoken_for_people() -> None:
    spoken = [spoken_time(seconds) for seconds in (0.04, 9.94, 9.96, 59.4, 61, 3599, 3661)]
    assert spoken == ["0.0 s", "9.9 s", "10 s", "59 s", "1 min 1 s", "59 min 59 s", "1 h 1 min"]


def test_native_work_on_a_file_says_how_far_it_is(
    world_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read, written = _core.Part(), _core.Part()
    assert read.done == 0.0
    assert _core.World.verify(str(world_file), read) == []
    _core.World.compact(str(world_file), str(tmp_path / "c.wz"), False, written)
    assert 0.5 < read.done <= 1.0 and 0.9 < written.done <= 1.0

    monkeypatch.setattr("wonderzoom_rt.cli.progress.FIRST_AFTER_S", 0.0)
    asked = threading.Event()
    monkeypatch.setattr(ProgressLine, "__call__", lambda line, part, words: (line._show(1.0), asked.set()))
    assert watched("verify", "reading", lambda part: asked.wait(60)) is True
    assert capsys.readouterr().err.startswith("verify: ")


def test_native_work_that_fails_fails_the_command(tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="nothing here"):
        watched("verify", "reading", lambda part: _core.World.verify(str(tmp_path / "nothing here"), part))
