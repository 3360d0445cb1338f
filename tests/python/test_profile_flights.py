# SPDX-License-Identifier: Apache-2.0
"""A recorded flight replays: in `fly`'s and `profile`'s path format, pose by pose."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.flight import path_from_dict, read_path
from wonderzoom_rt.profile import FlightRecorder

HOME = wz.Camera.home(96, 64, focal=90.0)


def small_world() -> wz.World:
    points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (500, 3))
    return wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.05, now=0.05), HOME)


def circle(count: int) -> list[wz.Camera]:
    """One whole turn about a point before the camera."""
    return [HOME.orbited((0.0, 0.0, 3.0), 2.0 * math.pi * i / (count - 1), 0.0) for i in range(count)]


def same_pose(one: wz.Camera, other: wz.Camera) -> bool:
    dot = abs(float(np.dot(one.orientation, other.orientation)))
    return (
        np.allclose(one.eye, other.eye, rtol=0, atol=1e-9)
        and dot > 1.0 - 1e-12
        and math.isclose(one.focal, other.focal, rel_tol=1e-9)
    )


def test_what_was_drawn_is_flown_again(tmp_path: Path) -> None:
    world, file = small_world(), tmp_path / "flight.json"
    cameras = circle(24)
    with FlightRecorder(file) as recorder:
        for camera in cameras:
            world.render(camera, outputs=("color",))
    assert len(recorder) == 24
    path = read_path(file)
    times = [frame["time"] for frame in json.loads(file.read_text())["keyframes"]]
    assert times[0] == 0.0 and path.seconds == times[-1]
    for moment, camera in zip(times, cameras, strict=True):
        assert same_pose(path.at(moment), camera)


def test_a_pick_meanwhile_is_not_part_of_the_flight() -> None:
    world = small_world()
    with FlightRecorder() as recorder:
        world.render(HOME)
        world.pick(HOME, 48.0, 32.0)
        world.render(HOME)
    assert len(recorder) == 2


def test_nothing_is_noted_after_the_block() -> None:
    world = small_world()
    with FlightRecorder() as recorder:
        world.render(HOME)
    world.render(HOME)
    assert len(recorder) == 1


def test_a_whole_turn_stays_smooth_between_poses() -> None:
    recorder = FlightRecorder()
    for index, camera in enumerate(circle(25)):
        recorder.add(camera, seconds=0.5 * index)
    path = path_from_dict(recorder.to_dict())
    fine = circle(24 * 4 + 1)
    for index, camera in enumerate(fine):
        flown = path.at(0.125 * index)
        assert np.linalg.norm(flown.eye - camera.eye) < 0.02
        assert abs(float(np.dot(flown.orientation, camera.orientation))) > math.cos(0.02)


def test_thousands_of_poses_replay_exactly() -> None:
    """A dive through 30 octaves at 100 poses an octave."""
    recorder = FlightRecorder()
    cameras = [
        wz.Camera((0.0, 0.0, 3.0 - 3.0 * 2.0 ** (-i / 100)), (1.0, 0.0, 0.0, 0.0), 90.0, 96, 64)
        for i in range(3000)
    ]
    for index, camera in enumerate(cameras):
        recorder.add(camera, seconds=index / 60)
    path = path_from_dict(recorder.to_dict())
    for index in (0, 1, 777, 2000, 2998, 2999):
        assert abs(path.at(index / 60).eye[2] - cameras[index].eye[2]) < 1e-14


def test_times_must_rise_and_two_poses_are_needed(tmp_path: Path) -> None:
    recorder = FlightRecorder()
    with pytest.raises(wz.InputError, match="at least two poses, got 0"):
        recorder.save(tmp_path / "flight.json")
    recorder.add(HOME, seconds=1.0)
    with pytest.raises(wz.InputError, match="the times of a flight must rise, got 1 after 1"):
        recorder.add(HOME, seconds=1.0)


def test_a_flight_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    recorder = FlightRecorder()
    recorder.add(HOME, seconds=0.0)
    recorder.add(HOME, seconds=1.0)
    with pytest.raises(wz.WonderzoomError, match=r"cannot write the path .*: No such file"):
        recorder.save(tmp_path / "nowhere" / "flight.json")
