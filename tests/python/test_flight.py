# SPDX-License-Identifier: Apache-2.0
"""Camera paths: through their stations, without a jerk, exact at every depth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.flight import CameraTrack, LevelFlight, StretchedPath, path_from_dict, read_path
from wonderzoom_rt.spline import NaturalSpline, eased

HOME = Camera.home(640, 400, focal=600.0)


def deep_cameras(zooms: int, *, seed: int = 0, distance: float = 10.0) -> tuple[list[Camera], np.ndarray]:
    """Home and the approach cameras of `zooms` lens zooms of x8 towards random places, and the last target."""
    random = np.random.default_rng(seed)
    lens, cameras = HOME, [HOME]
    for _ in range(zooms):
        lens = lens.zoomed(8, at=tuple(random.uniform(0.2, 0.8, 2)))
        cameras.append(lens.approached(distance, focal=HOME.focal))
    last = cameras[-1]
    return cameras, last.eye + distance * HOME.focal / lens.focal * last.forward


def flight(cameras: list[Camera], target: np.ndarray) -> LevelFlight:
    positions = [3.0 * number for number in range(len(cameras))]
    return LevelFlight(
        track=CameraTrack(positions, cameras, target=target),
        target=tuple(target),
        flight_seconds=4.0 * len(cameras),
        orbit_seconds=4.0,
    )


# ---------------------------------------------------------------------------- splines


def test_a_spline_passes_through_its_values_and_keeps_straight_lines_straight() -> None:
    knots = np.array([0.0, 1.0, 1.5, 4.0, 5.0])
    values = np.random.default_rng(3).standard_normal((5, 2))
    curve = NaturalSpline(knots, values)
    assert np.allclose([curve(knot) for knot in knots], values, atol=1e-12)
    line = NaturalSpline(knots, 2.0 * knots - 1.0)
    assert np.allclose([line(x)[0] for x in np.linspace(0, 5, 77)], 2.0 * np.linspace(0, 5, 77) - 1.0)
    assert curve(-9.0) == pytest.approx(values[0]) and curve(9.0) == pytest.approx(values[-1])


def test_a_spline_has_no_jump_in_speed_or_acceleration() -> None:
    knots = np.array([0.0, 1.0, 1.5, 4.0, 5.0])
    curve = NaturalSpline(knots, np.random.default_rng(3).standard_normal(5))
    for knot in knots[1:-1]:
        for order, tolerance in ((1, 1e-3), (2, 2e-2)):
            h = 1e-4
            before = np.diff([curve(knot - h * k)[0] for k in range(order + 1)][::-1], order)[0] / h**order
            after = np.diff([curve(knot + h * k)[0] for k in range(order + 1)], order)[0] / h**order
            assert before == pytest.approx(after, abs=tolerance * max(1.0, abs(after)))


def test_easing_starts_and_ends_at_rest_and_never_turns_back() -> None:
    parts = np.linspace(0, 1, 4001)
    way = np.array([eased(part) for part in parts])
    assert way[0] == 0.0 and way[-1] == 1.0 and way[2000] == pytest.approx(0.5)
    speed = np.diff(way) * 4000
    assert (speed >= 0).all() and speed[0] < 1e-3 and speed[-1] < 1e-3
    assert np.abs(np.diff(speed)).max() * 4000 < 1.6 / 0.2 / 0.8
    assert speed[1000:3000] == pytest.approx(1.25)


# ----------------------------------------------------------------------------- tracks


@pytest.mark.parametrize("zooms", [1, 3, 12])
def test_a_flight_passes_through_every_approach_camera(zooms: int) -> None:
    cameras, target = deep_cameras(zooms)
    track = flight(cameras, target).track
    for position, camera in zip(track.positions, cameras, strict=True):
        reached = track.at(position)
        distance = np.linalg.norm(camera.eye - target)
        assert np.linalg.norm(reached.eye - camera.eye) <= 1e-12 * distance + 4e-15
        assert reached.focal == pytest.approx(camera.focal, rel=1e-12)
        assert np.abs(np.abs(np.dot(reached.orientation, camera.orientation)) - 1.0) < 1e-14


def test_thirty_six_octaves_down_the_picture_moves_smoothly() -> None:
    """The target's place in the picture against the same path in wider numbers, relative to the target."""
    cameras, target = deep_cameras(12, seed=5)
    path = flight(cameras, target)
    worst = 0.0
    for time in np.linspace(0.0, path.flight_seconds, 500):
        camera = path.at(float(time))
        offset = camera.eye.astype(np.longdouble) - target.astype(np.longdouble)
        distance = float(np.linalg.norm(offset.astype(np.float64)))
        step_px = 1.8e-15 * camera.focal / distance
        # What the float64 eye cannot hold is half a step per axis; the path itself must add nothing to it.
        image, _ = camera.project(target)
        exact = path.track._eyes(_position(path, float(time)))
        ideal = Camera(tuple(np.zeros(3)), camera.orientation, camera.focal, camera.width, camera.height)
        wanted = ideal.project_directions(-exact)
        worst = max(worst, float(np.abs(image - wanted).max()) - 2.0 * step_px)
    assert worst < 1e-6


def _position(path: LevelFlight, time: float) -> float:
    first, last = path.track.positions[0], path.track.positions[-1]
    return first + (last - first) * eased(time / path.flight_seconds)


def test_a_flight_has_no_jerk() -> None:
    """Second differences of what the eye sees - target's place, log distance, roll - stay small and even."""
    cameras, target = deep_cameras(4, seed=1)
    path = flight(cameras, target)
    times = np.linspace(0.0, path.seconds, 4001)
    seen = []
    for time in times:
        camera = path.at(float(time))
        image, distance = camera.project(target)
        right = camera.rotation[:, 0]
        seen.append([*(image / 640), np.log2(distance), float(np.arctan2(right[1], right[0]))])
    step = times[1] - times[0]
    acceleration = np.diff(seen, 2, axis=0) / step**2
    change = np.abs(np.diff(acceleration, axis=0)).max(axis=0)
    assert (change < 0.05).all(), change
    assert (np.abs(acceleration[[0, -1]]) < 0.05).all()


def test_octaves_pass_at_one_speed_in_the_middle_of_a_flight() -> None:
    straight = [HOME.zoomed(8.0**k, at=(0.5, 0.5)).approached(10.0, focal=600.0) for k in range(1, 4)]
    path = flight([HOME, *straight], np.array([0.0, 0.0, 10.0]))
    log = [np.log2(10.0 - path.at(t).position[2]) for t in np.linspace(0.3, 0.7, 50) * path.flight_seconds]
    speed = np.diff(log)
    assert np.allclose(speed, speed[0], rtol=1e-3)


def test_the_orbit_keeps_the_target_in_the_middle_and_ends_where_it_began() -> None:
    cameras, target = deep_cameras(2)
    path = flight(cameras, target)
    for part in np.linspace(0, 1, 30):
        camera = path.at(path.flight_seconds + 4.0 * float(part))
        image, distance = camera.project(target)
        assert image == pytest.approx([320, 200], abs=1e-6)
        assert distance == pytest.approx(np.linalg.norm(cameras[-1].eye - target), rel=1e-6)
    assert path.at(99.0).eye == pytest.approx(path.at(path.flight_seconds).eye, abs=1e-12)


def test_a_narrow_camera_into_the_sky_turns_but_never_leaves_its_place() -> None:
    lens = HOME.zoomed(8, at=(0.2, 0.2))
    track = CameraTrack([0.0, 3.0], [HOME, lens], target=HOME.eye + lens.central_ray)
    for position in np.linspace(0, 3, 20):
        assert np.linalg.norm(track.at(float(position)).eye) < 1e-14
    last = track.at(3.0)
    assert last.forward == pytest.approx(lens.central_ray, abs=1e-12)
    # As much of the sky as the lens shows, to the lens's own keystone.
    corners = lens.project_directions(np.stack([last.ray(0, 0), last.ray(640, 400)]))
    assert corners == pytest.approx(np.array([[0, 0], [640, 400]]), abs=25)


def test_a_stretched_path_shows_the_same_cameras_at_another_pace() -> None:
    cameras, target = deep_cameras(1)
    path = flight(cameras, target)
    slow = StretchedPath(path, 2.0 * path.seconds)
    assert slow.at(5.0) == path.at(2.5)


# ------------------------------------------------------------------------- path files


def keyframes(**more: object) -> dict[str, object]:
    eyes = ((0.0, 0.0, 0.0), (0.1, 0.0, 1.0), (0.0, 0.2, 2.0))
    cameras = [Camera(eye, (1.0, 0.0, 0.0, 0.0), 500.0, 64, 48).to_dict() for eye in eyes]
    return {"keyframes": [{"time": 1.5 * k, "camera": camera} for k, camera in enumerate(cameras)], **more}


@pytest.mark.parametrize("more", [{}, {"target": [0, 0, 5.0]}])
def test_a_path_file_is_flown_through_its_keyframes(tmp_path: Path, more: dict[str, object]) -> None:
    file = tmp_path / "path.json"
    file.write_text(json.dumps(keyframes(**more)))
    path = read_path(file)
    assert path.seconds == 3.0
    assert path.at(0.0).eye == pytest.approx([0, 0, 0], abs=1e-12)
    assert path.at(1.5).eye == pytest.approx([0.1, 0, 1], abs=1e-12)
    assert path.at(3.0).eye == pytest.approx([0, 0.2, 2], abs=1e-12)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "object"),
        ({}, "two"),
        ({"keyframes": [{}]}, "two"),
        ({"keyframes": [{}, {}]}, "keyframe 0"),
        (keyframes(speed=3), "speed"),
        (keyframes(target=[1, 2]), "target"),
        (keyframes(target="here"), "target"),
        (keyframes(target=[0.0, 0.0, 0.0]), "stand on"),
        ({"keyframes": [{**frame, "time": 1.0} for frame in keyframes()["keyframes"]]}, "must rise"),  # type: ignore
        ({"keyframes": [{**frame, "time": "x"} for frame in keyframes()["keyframes"]]}, "time in seconds"),  # type: ignore
        ({"keyframes": [{"camera": {"focal": 3}}] * 2}, "keyframe 0: .*position"),
    ],
)
def test_a_path_that_makes_no_sense_is_refused_in_words(data: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        path_from_dict(data)


def test_a_path_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.json"):
        read_path(tmp_path / "nothing.json")
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(InputError, match=r"bad\.json must be JSON"):
        read_path(tmp_path / "bad.json")
