# SPDX-License-Identifier: Apache-2.0
"""Recordings: what a drawn world leaves in a trace, from Python zones to those of worker threads."""

from __future__ import annotations

import copy
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from chrome_trace import problems_of, read_trace, zones_of
from wonderzoom_rt import profile
from wonderzoom_rt.bench.scenes import make_scene
from wonderzoom_rt.profile.rings import INSTANT

CAMERA = wz.Camera.home(96, 64, focal=90.0)
STAGES = ("select", "load", "list", "project", "bin", "blend")


def small_world() -> wz.World:
    """4000 surfels before the camera, drawn with two threads."""
    points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (4000, 3))
    world = wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.03, now=0.03), CAMERA)
    world._engine = wz.Engine(threads=2)
    return world


@pytest.fixture(scope="module")
def world() -> wz.World:
    return small_world()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same world in a file."""
    file = tmp_path_factory.mktemp("profile") / "w.wz"
    small_world().save(file)
    return file


def record(world: wz.World, tmp_path: Path, frames: int = 3, **options: Any) -> dict[str, Any]:
    file = tmp_path / "trace.json"
    with world.profile(file, **options):
        for _ in range(frames):
            world.render(CAMERA)
    trace = read_trace(file)
    assert problems_of(trace) == []
    return trace


def test_a_trace_is_valid_and_holds_each_stage_of_each_frame(world: wz.World, tmp_path: Path) -> None:
    trace = record(world, tmp_path)
    assert len(zones_of(trace, "frame")) == 3
    for stage in STAGES:
        on_main = [e for e in zones_of(trace, stage) if e["tid"] == zones_of(trace, "frame")[0]["tid"]]
        assert len(on_main) == 3, stage
    names = {e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"}
    assert {"main", "worker 1"} <= names


def test_frames_are_numbered_from_the_beginning_of_each_recording(world: wz.World, tmp_path: Path) -> None:
    world.render(CAMERA)
    for frames in (3, 2):
        numbers = [zone["args"]["value"] for zone in zones_of(record(world, tmp_path, frames), "frame")]
        assert numbers == list(range(frames)) and all(type(number) is int for number in numbers)


def test_threads_that_load_are_told_from_those_that_draw(tmp_path: Path) -> None:
    file = tmp_path / "w.wz"
    make_scene("crossing", part=0.02).world.save(file)
    world = wz.World.open(file)
    world._engine = wz.Engine(threads=2)
    trace = record(world, tmp_path)
    names = [e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "thread_name"]
    assert sorted(names) == ["loader 1", "main", "worker 1"]


def test_stages_lie_inside_their_frame(world: wz.World, tmp_path: Path) -> None:
    trace = record(world, tmp_path)
    frames = zones_of(trace, "frame")
    for stage in zones_of(trace, "blend"):
        assert (
            sum(f["ts"] <= stage["ts"] and stage["ts"] + stage["dur"] <= f["ts"] + f["dur"] for f in frames)
            == 1
        )


def test_zones_tell_the_same_times_as_the_stats(world: wz.World) -> None:
    with world.profile() as session:
        for _ in range(3):
            world.render(CAMERA)
    zones = session.capture().durations_ms("frame")
    stats = session.frames.total_ms()
    assert len(zones) == len(stats) == 3
    assert (zones >= stats).all()  # the zone opens before the stopwatch starts


def test_counters_are_those_of_the_stats(world: wz.World) -> None:
    with world.profile() as session:
        frame = world.render(CAMERA, detail_bias=-0.5)
    capture = session.capture()
    assert capture.values("surfels tested").tolist() == [frame.stats["funnel"]["tested"]]
    assert capture.values("tile entries").tolist() == [frame.stats["funnel"]["tile_entries"]]
    assert capture.values("pages selected").tolist() == [frame.stats["pages"]["selected"]]
    assert capture.values("detail bias").tolist() == [-0.5]


def test_python_zones_nest_around_native_ones(world: wz.World, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    with world.profile(file):
        with profile.zone("outer", value=2.5):
            world.render(CAMERA)
        profile.instant("now")
        profile.counter("things", 3)
    trace = read_trace(file)
    assert problems_of(trace) == []
    (outer,), (frame,) = zones_of(trace, "outer"), zones_of(trace, "frame")
    assert outer["tid"] == frame["tid"] and outer["args"] == {"value": Decimal("2.5")}
    assert outer["ts"] <= frame["ts"] and frame["ts"] + frame["dur"] <= outer["ts"] + outer["dur"]
    assert [e["s"] for e in trace["traceEvents"] if e["name"] == "now"] == ["t"]
    assert [e["args"] for e in trace["traceEvents"] if e["name"] == "things"] == [{"value": Decimal("3.0")}]


def test_a_python_thread_keeps_its_name(tmp_path: Path) -> None:
    def work() -> None:
        with profile.zone("work"):
            pass

    with profile.recording() as session:
        thread = threading.Thread(target=work, name="my thread")
        thread.start()
        thread.join()
    (track,) = (t for t in session.capture().tracks if len(t.selected("work")))
    assert track.name == "my thread"


def test_a_zone_left_by_an_error_is_closed() -> None:
    with profile.recording() as session, pytest.raises(ZeroDivisionError), profile.zone("broken"):
        _ = 1 / 0
    assert len(session.capture().durations_ms("broken")) == 1


def test_nothing_is_recorded_outside_a_recording(world: wz.World) -> None:
    with profile.recording():
        pass
    before = len(profile.capture().durations_ms("frame"))
    world.render(CAMERA)
    with profile.zone("outside"):
        pass
    profile.instant("outside")
    assert not profile.is_recording()
    assert len(profile.capture().durations_ms("frame")) == before
    assert "outside" not in profile.capture().names()


def test_fine_zones_show_each_tile(world: wz.World) -> None:
    with world.profile(fine=True) as session:
        frame = world.render(CAMERA, tile_stats=True)
    assert len(session.capture().durations_ms("tile")) == frame.stats["tiles"]["entries"].size
    with world.profile() as session:
        world.render(CAMERA)
    assert len(session.capture().durations_ms("tile")) == 0


def test_tile_stats_add_up_to_the_funnel(world: wz.World) -> None:
    frame = world.render(CAMERA, tile_stats=True)
    tiles = frame.stats["tiles"]
    rows, columns = tiles["entries"].shape
    assert (
        (columns * tiles["size"] >= 96)
        and (rows * tiles["size"] >= 64)
        and tiles["ms"].shape == (rows, columns)
    )
    assert int(tiles["entries"].sum()) == frame.stats["funnel"]["tile_entries"] > 0
    assert (tiles["ms"] > 0).all()
    assert "tiles" not in world.render(CAMERA).stats


def test_the_first_frame_of_a_file_shows_what_it_read(saved: Path) -> None:
    world = wz.World.open(saved)
    with world.profile() as session:
        first, second = world.render(CAMERA), world.render(CAMERA)
    capture = session.capture()
    assert first.stats["pages"]["loaded"] == first.stats["pages"]["selected"] > 0
    assert first.stats["bytes"]["read"] >= 32 * first.stats["funnel"]["tested"]
    assert second.stats["pages"]["loaded"] == second.stats["bytes"]["read"] == 0
    assert len(capture.durations_ms("load page")) == first.stats["pages"]["loaded"]
    assert len(capture.durations_ms("checksum")) == first.stats["pages"]["loaded"]
    assert capture.values("bytes read").tolist() == [first.stats["bytes"]["read"], 0]
    assert capture.values("bytes uploaded").tolist() == [0, 0], "the CPU needs no uploads"


def test_a_commit_shows_its_parts(tmp_path: Path) -> None:
    world = wz.World.create(tmp_path / "w.wz")
    layer = small_world().surfels(0)
    with world.profile() as session:
        world._commit_arrays(
            layer, lens=CAMERA, approach=CAMERA, parent=None, cover=None, metadata={}, blobs={}
        )
    capture = session.capture()
    for name in ("insert", "check", "paginate", "publish", "write", "sync"):
        assert len(capture.durations_ms(name)) >= 1, name
    assert capture.names(INSTANT) == ["commit"]


def test_readiness_leaves_instants_where_it_changes(world: wz.World) -> None:
    with world.profile() as session:
        for ready in (0.0, 0.5, 0.5, 1.0, 1.0):
            world.render(CAMERA, readiness={0: ready})
    capture = session.capture()
    assert capture.names(INSTANT) == ["level 0 arrives", "level 0 is ready"]
    assert capture.values("readiness of level 0").tolist() == [0.0, 0.5, 1.0]


def test_the_last_seconds_leave_out_what_came_before(world: wz.World) -> None:
    with world.profile() as session:
        world.render(CAMERA)
        begin = session.capture().end_ns
        world.render(CAMERA)
        all_of_it = session.capture()
        assert len(session.capture(seconds=3600.0).durations_ms("frame")) == 2
        from wonderzoom_rt.profile.rings import capture_since

        later = capture_since(begin + 1)
    assert len(all_of_it.durations_ms("frame")) == 2
    assert len(later.durations_ms("frame")) == 1


def test_a_recording_inside_another_holds_its_own_part(world: wz.World, tmp_path: Path) -> None:
    with world.profile() as outer:
        world.render(CAMERA)
        with world.profile(tmp_path / "inner.json") as inner:
            world.render(CAMERA)
        world.render(CAMERA)
    assert len(outer.frames) == 3 and len(inner.frames) == 1
    assert len(outer.capture().durations_ms("frame")) == 3
    assert len(zones_of(read_trace(tmp_path / "inner.json"), "frame")) == 1


def test_a_trace_is_written_when_the_block_fails(world: wz.World, tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), world.profile(tmp_path / "trace.json"):
        world.render(CAMERA)
        _ = 1 / 0
    assert not profile.is_recording()
    assert len(zones_of(read_trace(tmp_path / "trace.json"), "frame")) == 1


def test_where_no_file_can_lie_is_said_before_anything_runs(world: wz.World, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "trace.json"
    with (
        pytest.raises(wz.InputError, match=r"folder .*nowhere for trace\.json does not exist"),
        world.profile(nowhere),
    ):
        raise AssertionError("the block must not run")
    with pytest.raises(wz.InputError, match="file to write, got a folder"), world.profile(report=tmp_path):
        raise AssertionError("the block must not run")


def test_a_trace_that_cannot_be_written_is_one_clear_error(world: wz.World, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    refused = pytest.raises(wz.WonderzoomError, match=r"cannot write the trace .*: No such file")
    with refused, world.profile(folder / "trace.json"):
        world.render(CAMERA)
        folder.rmdir()
    assert not profile.is_recording()


@pytest.mark.parametrize("events", [-1, 1, 2**24 + 1])
def test_a_ring_of_no_sense_is_refused(events: int) -> None:
    with pytest.raises(wz.InputError, match=r"events_per_thread must lie in 2\.\."):
        profile.start(events_per_thread=events)


def test_a_small_ring_keeps_the_newest_events(world: wz.World) -> None:
    with profile.recording(events_per_thread=16) as session:
        for number in range(100):
            profile.counter("number", number)
    (track,) = session.capture().tracks
    assert track.lost == 85
    assert track.value.tolist() == list(range(85, 100))


def spoil(trace: dict[str, Any], how: str) -> None:
    zone = zones_of(trace)[0]
    if how == "float tid":
        zone["tid"] = Decimal("1.5")
    elif how == "no duration":
        del zone["dur"]
    elif how == "negative time":
        zone["ts"] = Decimal(-1)
    elif how == "unknown ph":
        zone["ph"] = "Q"
    elif how == "no thread name":
        trace["traceEvents"] = [e for e in trace["traceEvents"] if e["name"] != "thread_name"]
    elif how == "counter without a number":
        next(e for e in trace["traceEvents"] if e["ph"] == "C")["args"] = {"value": "many"}
    elif how == "crossing zones":
        frame = zones_of(trace, "frame")[0]
        frame["dur"] /= 2
    elif how == "out of order":
        trace["traceEvents"].append(copy.deepcopy(zone))


@pytest.mark.parametrize(
    "how",
    [
        "float tid",
        "no duration",
        "negative time",
        "unknown ph",
        "no thread name",
        "counter without a number",
        "crossing zones",
        "out of order",
    ],
)
def test_the_reader_of_these_tests_finds_what_is_planted(world: wz.World, tmp_path: Path, how: str) -> None:
    trace = record(world, tmp_path)
    spoil(trace, how)
    assert problems_of(trace) != []


def test_a_recording_says_what_its_rings_lost(world: wz.World) -> None:
    with profile.recording(events_per_thread=32) as session:
        for _ in range(10):
            world.render(CAMERA)
    kept = sum(len(track) for track in session.capture().tracks)
    assert session.lost_events()["main"] > 0 and kept <= 2 * 32
    assert session.facts()["lost_events"] == session.lost_events()
    with world.profile() as session:
        world.render(CAMERA)
    assert session.lost_events() == {}
