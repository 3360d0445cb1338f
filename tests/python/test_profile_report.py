# SPDX-License-Identifier: Apache-2.0
"""The one-page report and the command that makes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt as wz
from chrome_trace import problems_of, read_trace, zones_of
from wonderzoom_rt.cli import main
from wonderzoom_rt.profile import FlightRecorder, FrameLog, Recording
from wonderzoom_rt.profile.canvas import Canvas, heat_colors, short_number, ticks
from wonderzoom_rt.profile.charts import stage_color
from wonderzoom_rt.profile.report import draw_report, funnel_steps, slowest_frame

HOME = wz.Camera.home(96, 64, focal=90.0)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (4000, 3))
    file = tmp_path_factory.mktemp("report") / "w.wz"
    wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.03, now=0.03), HOME).save(file)
    return file


def made_up(times: list[dict[str, float]]) -> Recording:
    """A recording of frames whose stages took these times."""
    session = Recording(0, fine=False)
    for stages in times:
        stats: dict[str, Any] = {
            "total_ms": sum(stages.values()) + 1.0,
            "stages_ms": stages,
            "pages": {"tested": 9, "selected": 7, "loaded": 0},
            "bytes": {"read": 0},
            "funnel": {
                "tested": 5000,
                "projected": 4000,
                "visible": 3000,
                "tile_entries": 8000,
                "evaluations": 1e6,
                "contributions": 4e5,
            },
        }
        session.take_frame(wz.Frame(camera=HOME, stats=stats))
    return session


def pixels_of(page: Canvas, color: str) -> int:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return int((np.asarray(page.image) == (red, green, blue)).all(axis=2).sum())


def test_a_stage_takes_as_much_paper_as_time() -> None:
    page = draw_report(made_up([{"project": 4.0, "blend": 12.0}] * 40))
    blend, project = (pixels_of(page, stage_color(name)) for name in ("blend", "project"))
    legend = 400  # a square of 20 px each
    assert (blend - legend) / (project - legend) == pytest.approx(3.0, rel=0.03)


def test_a_hitch_adds_its_line_and_mark() -> None:
    steady = [{"load": 0.0, "blend": 9.0}] * 30
    without, with_hitch = (
        draw_report(made_up(steady)),
        draw_report(made_up([*steady, {"load": 50.0, "blend": 9.0}])),
    )
    assert with_hitch.image.height > without.image.height
    assert pixels_of(with_hitch, "#b00020") > 0 == pixels_of(without, "#b00020")


def test_more_frames_than_columns_still_show_the_slowest_one() -> None:
    frames = [{"blend": 2.0, "load": 0.0} for _ in range(3000)]
    frames[1501] = {"blend": 2.0, "load": 90.0}
    page = draw_report(made_up(frames))
    assert pixels_of(page, stage_color("load")) > 400 + 200


def test_other_is_what_no_stage_accounts_for() -> None:
    log = made_up([{"blend": 9.0}] * 3).frames
    assert log.stages_ms()["other"].tolist() == [1.0, 1.0, 1.0]
    summary = log.summary()
    assert summary["frame_ms"]["p50"] == 10.0 and summary["fps"] == 100.0 and summary["low1_fps"] == 100.0


def test_an_empty_log_has_no_percentiles_and_no_report() -> None:
    assert FrameLog().summary() == {"frames": 0}
    with pytest.raises(wz.InputError, match="at least one frame"):
        draw_report(Recording(0, fine=False))


def test_the_slowest_frame_is_the_one_that_worked_longest() -> None:
    session = made_up(
        [{"blend": 9.0, "load": 50.0}, {"blend": 12.0, "load": 0.0}, {"blend": 8.0, "load": 0.0}]
    )
    assert slowest_frame(session) == 1
    steps = {name: (count, note) for name, count, note in funnel_steps(session)}
    assert steps["projected"][0] == 4000
    assert steps["visible"] == (3000, "at least a pixel")
    assert list(steps).index("projected") < list(steps).index("visible") < list(steps).index("tile entries")


@pytest.mark.parametrize("top", [0.003, 0.9, 1.0, 7.3, 49.0, 1234.0])
def test_ticks_are_round_and_reach_the_top(top: float) -> None:
    values = ticks(top, 6)
    assert values[0] == 0.0 and 2 <= len(values) <= 7 and values[-1] <= top * (1 + 1e-9)
    assert top - values[-1] < values[1]
    assert round(values[1] / 10.0 ** np.floor(np.log10(values[1] * (1 + 1e-9))), 6) in (1.0, 2.0, 5.0)


def test_numbers_are_short() -> None:
    assert [short_number(value) for value in (0, 0.5, 34_000, 1.83e6)] == ["0", "0.5", "34 k", "1.83 M"]


def test_heat_grows_lighter() -> None:
    light = heat_colors(np.linspace(0, 1, 50)) @ (0.299, 0.587, 0.114)
    assert (np.diff(light) > 0).all()


def test_a_report_of_a_world_shows_its_slowest_frame(saved: Path, tmp_path: Path) -> None:
    world = wz.World.open(saved)
    with world.profile(tmp_path / "t.json", report=tmp_path / "r.png"):
        frames = [world.render(HOME) for _ in range(3)]
    with Image.open(tmp_path / "r.png") as page:
        assert page.format == "PNG" and page.width == 1800
        pixels = np.asarray(page.convert("RGB"))
    color = frames[0].image().reshape(-1, 3).mean(axis=0)
    picture = pixels[1322 : 1322 + 500, 70:865].reshape(-1, 3).mean(axis=0)
    assert np.abs(color - picture).max() < 6.0


def test_the_command_writes_trace_and_report(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace, report = tmp_path / "trace.json", tmp_path / "report.png"
    code = main(
        ["profile", str(saved), "-o", str(trace), "--report", str(report), "--frames", "4", "--size", "64x48"]
    )
    out = capsys.readouterr().out
    assert code == 0 and report.stat().st_size > 0
    assert "4 frames: P50" in out and "blend" in out
    written = read_trace(trace)
    assert problems_of(written) == [] and len(zones_of(written, "frame")) == 4
    assert written["otherData"]["summary"]["frames"] == 4


def test_the_command_flies_a_recorded_flight(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flight = tmp_path / "flight.json"
    recorder = FlightRecorder()
    for index in range(3):
        recorder.add(HOME.orbited((0.0, 0.0, 3.0), 0.1 * index, 0.0), seconds=float(index))
    recorder.save(flight)
    arguments = [
        "profile",
        str(saved),
        "-o",
        str(tmp_path / "t.json"),
        "--path",
        str(flight),
        "--frames",
        "5",
    ]
    assert main([*arguments, "--size", "64x48", "--fine", "--threads", "1", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["summary"]["frames"] == 5 and answer["fine"] is True
    assert len(zones_of(read_trace(tmp_path / "t.json"), "tile")) == 5 * 4 * 3


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (["--frames", "0"], "frames must lie in 1..1000000, got 0"),
        (["--seconds", "-1"], "seconds must lie above 0 and up to 3600, got -1.0"),
        (["--warmup", "-1"], "warmup must lie in 0..100000 frames, got -1"),
        (["--report", "/nowhere/r.png"], "the folder /nowhere for r.png does not exist"),
        (["--path", "nothing.json"], "cannot read the path file nothing.json"),
        (["-o", "/nowhere/t.json"], "the folder /nowhere for t.json does not exist"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    saved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: list[str], words: str
) -> None:
    code = main(["profile", str(saved), "-o", str(tmp_path / "t.json"), "--size", "64x48", *extra])
    captured = capsys.readouterr()
    assert code == 2 and words in captured.err and captured.err.count("\n") == 1
    assert not (tmp_path / "t.json").exists()


def test_the_command_profiles_a_named_scene(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "t.json"
    arguments = [
        "profile",
        "field-500k",
        "--part",
        "0.01",
        "--path",
        "orbit",
        "--frames",
        "3",
        "-o",
        str(file),
    ]
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["subject"] == "field-500k" and answer["summary"]["frames"] == 3
    assert answer["summary"]["funnel"]["visible"] > 0
    trace = read_trace(file)
    assert problems_of(trace) == []
    assert [e for e in trace["traceEvents"] if e["name"] == "surfels visible"]
