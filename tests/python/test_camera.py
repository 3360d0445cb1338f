# SPDX-License-Identifier: Apache-2.0
"""The camera: exact zooms, projections that hold at 36 octaves, files that give back the same bits."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError

HOME = Camera.home(1088, 720, focal=1024.0)
TURNED = Camera((1.5, -2.0, 0.25), (0.8, 0.2, -0.4, math.sqrt(1 - 0.84)), 900.0, 640, 480, (300.0, 250.0))
finite = st.floats(-1e6, 1e6)
fraction = st.floats(0.0, 1.0)


def deep(camera: Camera, octaves: int, at: tuple[float, float] = (0.4, 0.6)) -> Camera:
    for _ in range(octaves // 3):
        camera = camera.zoomed(8, at=at)
    return camera


@given(
    st.tuples(finite, finite, finite),
    st.tuples(*[st.floats(-1, 1)] * 4),
    st.floats(1e-3, 1e14),
    st.tuples(finite, finite),
)
def test_a_camera_comes_back_from_json_bit_for_bit(position, raw, focal, principal):
    length = math.sqrt(sum(part * part for part in raw))
    if length < 1e-3:
        return
    camera = Camera(position, tuple(part / length for part in raw), focal, 64, 48, principal)
    assert Camera.from_dict(json.loads(json.dumps(camera.to_dict()))) == camera


@given(st.floats(1, 64), fraction, fraction)
def test_a_zoom_is_an_exact_crop_inside_the_frame(factor, x, y):
    inner = HOME.zoomed(factor, at=(x, y))
    corners = inner.ray([0.0, inner.width], [0.0, inner.height])
    in_home = HOME.project_directions(corners)
    assert inner.position == HOME.position and inner.orientation == HOME.orientation
    assert (in_home >= -1e-9).all() and (in_home <= np.array([1088, 720]) + 1e-9).all()
    size = in_home[1] - in_home[0]
    np.testing.assert_allclose(size * factor, [1088, 720], rtol=1e-12)
    middle = in_home.mean(axis=0) / [1088, 720]
    half = 0.5 / factor
    np.testing.assert_allclose(middle, [min(max(x, half), 1 - half), min(max(y, half), 1 - half)], atol=1e-12)


@pytest.mark.parametrize("octaves", [0, 12, 24, 36])
@pytest.mark.parametrize("start", [HOME, TURNED])
def test_pixels_survive_back_projection_at_every_depth(start, octaves):
    camera = deep(start, octaves).resized(64, 48)
    distance = np.full((48, 64), 10.0) + np.arange(64) * 3 * 10.0 / camera.focal
    image, reach = camera.project(camera.unproject(distance))
    columns, rows = np.meshgrid(np.arange(64) + 0.5, np.arange(48) + 0.5)
    # a double eye at |p| = 10 moves in steps of 1.8e-15, which is 0.012 px at 36 octaves; rotating adds a few of them
    allowed = 1e-9 + 6 * 1.8e-15 * camera.focal / 10.0
    assert np.abs(image[..., 0] - columns).max() < allowed
    assert np.abs(image[..., 1] - rows).max() < allowed
    np.testing.assert_allclose(reach, distance, rtol=1e-15 * 8)


def test_projection_agrees_with_exact_arithmetic_at_36_octaves():
    camera = deep(HOME, 36)
    points = camera.unproject(np.full((720, 1088), 10.0))[::240, ::362].reshape(-1, 3)
    image, _ = camera.project(points)
    for point, pixel in zip(points, image, strict=True):
        x, y, z = (Fraction(float(part)) for part in point)
        exact_x = Fraction(camera.focal) * x / z + Fraction(camera.principal[0])
        exact_y = Fraction(camera.focal) * y / z + Fraction(camera.principal[1])
        assert abs(float(exact_x) - pixel[0]) < 0.01 and abs(float(exact_y) - pixel[1]) < 0.01


def test_rays_are_unit_and_start_at_pixel_centres():
    rays = TURNED.rays()
    assert rays.shape == (480, 640, 3) and rays.dtype == np.float64
    np.testing.assert_allclose(np.linalg.norm(rays, axis=2), 1, atol=1e-14)
    np.testing.assert_allclose(TURNED.project_directions(rays[7, 11]), [11.5, 7.5], atol=1e-9)


def test_points_behind_the_eye_have_no_image():
    image, reach = HOME.project([[0.0, 0.0, -1.0], [0.0, 0.0, 2.0]])
    assert np.isnan(image[0]).all() and np.allclose(image[1], [544, 360]) and np.allclose(reach, [1, 2])


def test_sky_has_no_point_and_an_angular_footprint():
    distance = np.full((720, 1088), np.inf)
    distance[0, 0] = 4.0
    points = HOME.unproject(distance)
    assert np.isfinite(points[0, 0]).all() and np.isnan(points[1:]).all()
    assert HOME.footprint(4.0) == 4.0 / 1024.0


@given(st.integers(8, 2000), st.integers(8, 2000))
def test_resizing_never_shows_what_was_outside(width, height):
    small = HOME.resized(width, height)
    corners = HOME.project_directions(small.ray([0.0, width], [0.0, height]))
    assert (corners >= -1e-6).all() and (corners <= np.array([1088, 720]) + 1e-6).all()
    assert np.isclose(corners[1, 0] - corners[0, 0], 1088) or np.isclose(corners[1, 1] - corners[0, 1], 720)


@pytest.mark.parametrize("octaves", [0, 3, 18, 36])
def test_an_approach_keeps_the_footprint_and_looks_at_the_middle(octaves):
    lens = deep(TURNED, octaves)
    approach = lens.approached(10.0, focal=TURNED.focal)
    target = lens.eye + 10.0 * lens.central_ray
    step = np.linalg.norm(target - approach.eye)
    assert approach.principal == (lens.width / 2, lens.height / 2)
    assert step / approach.focal == pytest.approx(10.0 / lens.focal, rel=1e-4)
    np.testing.assert_allclose(approach.forward, lens.central_ray, atol=1e-14)
    image, _ = approach.project(target)
    np.testing.assert_allclose(image, [lens.width / 2, lens.height / 2], atol=0.05)


def test_an_approach_does_not_roll_the_picture():
    lens = HOME.zoomed(64, at=(0.8, 0.3))
    approach = lens.approached(5.0, focal=HOME.focal)
    across = lens.eye + 5.0 * lens.ray(lens.width / 2 + 20.0, lens.height / 2)
    image, _ = approach.project(across)
    assert image[0] > lens.width / 2 + 15
    assert abs(image[1] - lens.height / 2) < 2.5


def test_the_approach_to_sky_is_the_lens_itself():
    lens = HOME.zoomed(8, at=(0.5, 0.1))
    assert lens.approached(math.inf, focal=1024.0) == lens


@given(st.floats(-1.4, 1.4), st.floats(-1.4, 1.4))
def test_an_orbit_keeps_its_centre_in_place(yaw, pitch):
    centre = TURNED.eye + 7.0 * TURNED.forward
    moved = TURNED.orbited(centre, yaw, pitch)
    image, reach = moved.project(centre)
    np.testing.assert_allclose(image, TURNED.principal, atol=1e-9)
    assert reach == pytest.approx(7.0)


def test_an_orbit_moves_right_and_up_for_positive_angles():
    centre = np.array([0.0, 0.0, 5.0])
    right, up = HOME.orbited(centre, 0.2, 0.0), HOME.orbited(centre, 0.0, 0.2)
    assert right.position[0] > 0.9 and abs(right.position[1]) < 1e-12
    assert up.position[1] < -0.9 and abs(up.position[0]) < 1e-12


def test_look_at_puts_the_target_in_the_middle_and_up_upwards():
    camera = Camera.look_at((1, 2, 3), (4, 0, 9), focal=500, width=200, height=100)
    image, _ = camera.project([[4.0, 0.0, 9.0], [4.0, -0.5, 9.0]])
    np.testing.assert_allclose(image[0], [100, 50], atol=1e-9)
    assert image[1, 1] < 50 and abs(image[1, 0] - 100) < 1e-9
    straight_down = Camera.look_at((0, -5, 0), (0, 0, 0), focal=500, width=200, height=100)
    np.testing.assert_allclose(straight_down.project([0.0, 0.0, 0.0])[0], [100, 50], atol=1e-9)


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"focal": 0.0}, "focal"),
        ({"focal": math.nan}, "focal"),
        ({"focal": "wide"}, "focal"),
        ({"width": 0}, "width"),
        ({"width": 12.5}, "width"),
        ({"height": -3}, "height"),
        ({"position": [0, 0]}, "position"),
        ({"position": [0, math.inf, 0]}, "position"),
        ({"orientation": [0, 0, 0, 0]}, "unit quaternion"),
        ({"orientation": [1, 1, 0, 0]}, "unit quaternion"),
        ({"principal": [1]}, "principal"),
        ({"principal": "middle"}, "principal"),
    ],
)
def test_a_bad_camera_is_refused_by_name(change, expected):
    with pytest.raises(InputError, match=expected):
        Camera.from_dict({**HOME.to_dict(), **change})


def test_a_camera_with_missing_or_unknown_keys_is_refused():
    data = HOME.to_dict()
    with pytest.raises(InputError, match="unknown: zoom"):
        Camera.from_dict({**data, "zoom": 3})
    del data["focal"]
    with pytest.raises(InputError, match="missing: focal"):
        Camera.from_dict(data)
    with pytest.raises(InputError, match="got list"):
        Camera.from_dict([1, 2])  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [0.0, 0.5, -3.0, math.nan, math.inf, "8"])
def test_a_zoom_that_is_none_is_refused(factor):
    with pytest.raises(InputError, match="zoom factor"):
        HOME.zoomed(factor)


@pytest.mark.parametrize("at", [(1.2, 0.5), (0.5, -0.1), (math.nan, 0.5), (0.5,), "ab"])
def test_a_zoom_outside_the_frame_is_refused(at):
    with pytest.raises(InputError, match="zoom target"):
        HOME.zoomed(2, at=at)


def test_a_nearly_unit_quaternion_is_normalised_and_a_unit_one_kept():
    camera = Camera((0, 0, 0), (1.0005, 0, 0, 0), 100.0, 8, 8)
    assert camera.orientation == (1.0, 0.0, 0.0, 0.0)
