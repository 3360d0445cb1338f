# SPDX-License-Identifier: Apache-2.0
"""Lifting a picture: planes come out as planes at every zoom, jumps are cut, sky goes to infinity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.layer import EXTENT_PER_FOOTPRINT, FLAG_BRIDGES_EDGE, FLAG_HIDDEN_FILL, LAYER_ARRAYS
from wonderzoom_rt.rotation import matrix_from_quaternion
from wonderzoom_rt.synth.lift import lift
from wonderzoom_rt.synth.slopes import measure_slopes, steps_along_rows

TURNED = Camera((1.0, 2.0, 3.0), (0.8, 0.2, -0.4, math.sqrt(1 - 0.84)), 1024.0, 160, 120)


def picture_of(camera: Camera, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((camera.height, camera.width, 3), dtype=np.float32)


def plane(
    camera: Camera, normal_in_camera: tuple[float, float, float], away: float = 7.0
) -> tuple[np.ndarray, np.ndarray]:
    normal = camera.rotation @ (np.array(normal_in_camera) / np.linalg.norm(normal_in_camera))
    through = camera.central_ray * away
    return (normal @ through) / (camera.rays() @ normal), normal


@pytest.mark.parametrize("octaves", [0, 12, 24, 36])
@pytest.mark.parametrize("normal", [(0, 0, -1), (0.5, -0.3, -0.8), (-0.7, 0.5, -0.4), (0.1, -0.95, -0.25)])
def test_a_plane_keeps_its_normal_and_is_spanned_along_its_slant(octaves, normal):
    camera = TURNED
    for _ in range(octaves // 3):
        camera = camera.zoomed(8, at=(0.3, 0.6))
    distance, expected = plane(camera, normal)
    assert (distance > 0).all()
    layer = lift(picture_of(camera), distance, camera)
    # distances near 7 come in steps of 8.9e-16: part of a pixel's slope at 36 octaves
    allowed = 2e-3 + 4 * 8.9e-16 * camera.focal / 7.0
    rays = camera.rays().reshape(-1, 3)
    for index in range(0, len(layer), 977):
        axes = matrix_from_quaternion(layer.orientations[index])
        assert np.abs(axes[:, 2] - expected).max() < allowed
        assert axes[:, 2] @ rays[index] < 0
        assert abs(axes[:, 0] @ rays[index]) < 1e-5
        cosine = abs(axes[:, 2] @ rays[index])
        stretch = layer.extents[index, 1] / layer.extents[index, 0]
        assert 1 <= stretch <= 10.0001
        if 0.15 < cosine < 0.9:
            assert stretch == pytest.approx(1 / cosine, rel=0.2)


@pytest.mark.parametrize("octaves", [0, 36])
def test_positions_project_back_onto_their_pixels(octaves):
    camera = TURNED
    for _ in range(octaves // 3):
        camera = camera.zoomed(8, at=(0.3, 0.6))
    distance, _ = plane(camera, (0.2, -0.3, -0.9))
    layer = lift(picture_of(camera), distance, camera)
    image, reach = camera.project(layer.positions)
    columns, rows = np.meshgrid(np.arange(160) + 0.5, np.arange(120) + 0.5)
    assert (
        np.abs(image - np.stack([columns, rows], axis=-1).reshape(-1, 2)).max()
        < 1e-6 + 1e-14 * camera.focal / 7
    )
    np.testing.assert_allclose(layer.now, reach / camera.focal, rtol=1e-12)


def test_no_disc_leans_across_a_jump():
    camera = Camera.home(160, 120, focal=200.0)
    distance = np.full((120, 160), 12.0)
    distance[30:90, 50:110] = 4.0
    layer = lift(picture_of(camera), distance, camera)
    ratio = layer.extents[:, 1] / layer.extents[:, 0]
    rays = camera.rays().reshape(-1, 3)
    assert ratio.max() < 1.2
    normals = np.stack([matrix_from_quaternion(q)[:, 2] for q in layer.orientations])
    # both surfaces are spheres about the eye: every normal looks straight at it
    assert (np.einsum("ij,ij->i", normals, rays) < -0.999).all()
    assert not (layer.flags & FLAG_BRIDGES_EDGE).any()


def test_a_pixel_between_two_surfaces_is_round_and_flagged():
    camera = Camera.home(60, 40, focal=100.0)
    distance = np.full((40, 60), 12.0)
    distance[:, :30] = 4.0
    distance[:, 30] = 8.0
    layer = lift(picture_of(camera), distance, camera)
    flagged = (layer.flags & FLAG_BRIDGES_EDGE).reshape(40, 60) > 0
    assert flagged[:, 30].all() and flagged.sum() == 40
    stretch = (layer.extents[:, 1] / layer.extents[:, 0]).reshape(40, 60)
    assert stretch[:, 30].max() < 1.1


def slopes_along_rows(distance: np.ndarray, focal: float, tolerance: float) -> tuple[np.ndarray, ...]:
    """Slope, edge and between along the rows, said in whole arrays."""
    height, width = distance.shape
    steps = np.zeros((height, width + 1), dtype=np.float32)
    cut = np.ones((height, width + 1), dtype=bool)
    if width > 1:
        steps[:, 1:-1], cut[:, 1:-1] = steps_along_rows(distance, focal, tolerance)
    held = np.where(cut, np.float32(0), steps)
    count = (~cut[:, :-1]).astype(np.float32) + ~cut[:, 1:]
    inner = cut.copy()
    inner[:, 0] = inner[:, -1] = False
    same_way = (steps[:, :-1] > 0) == (steps[:, 1:] > 0)
    between = inner[:, :-1] & inner[:, 1:] & same_way & np.isfinite(distance)
    return (held[:, :-1] + held[:, 1:]) / np.maximum(count, 1), inner[:, :-1] | inner[:, 1:], between


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2), (2, 9), (33, 3), (50, 70)])
@pytest.mark.parametrize("tolerance", [1.0, 2.5])
def test_slopes_are_the_same_as_in_whole_arrays(shape: tuple[int, int], tolerance: float) -> None:
    random = np.random.default_rng(shape[0] * 100 + shape[1])
    distance = np.exp(random.normal(0.0, 0.3, shape))
    distance[random.random(shape) < 0.1] = np.inf
    slopes = measure_slopes(distance, 20.0, tolerance=tolerance)
    across, edge_x, between_x = slopes_along_rows(distance, 20.0, tolerance)
    down, edge_y, between_y = slopes_along_rows(np.ascontiguousarray(distance.T), 20.0, tolerance)
    assert slopes.across.tobytes() == across.tobytes()
    assert slopes.down.tobytes() == np.ascontiguousarray(down.T).tobytes()
    assert np.array_equal(slopes.edge, edge_x | edge_y.T)
    assert np.array_equal(slopes.between, between_x | between_y.T)


def test_what_is_kept_is_lifted_as_if_all_were() -> None:
    camera = TURNED
    distance, _ = plane(camera, (0.3, -0.2, -1))
    distance[:30, 40:90] *= 0.7
    keep = np.random.default_rng(3).random(distance.shape) < 0.3
    whole, some = (lift(picture_of(camera), distance, camera, keep=wanted) for wanted in (None, keep))
    for name in LAYER_ARRAYS:
        assert getattr(whole, name)[keep.ravel()].tobytes() == getattr(some, name).tobytes(), name


def test_a_steep_even_slope_is_no_jump():
    distance = 10.0 / (0.2 + np.arange(200)[:, None] / 200.0) * np.ones((1, 50))
    slopes = measure_slopes(distance[5:], 300.0)
    assert np.abs(slopes.down[1:-1]).max() > 3 and not slopes.edge.any() and not slopes.between.any()


def test_sky_becomes_unit_directions_with_extents_in_radians():
    camera = TURNED.zoomed(8, at=(0.5, 0.5))
    distance = np.full((120, 160), np.inf)
    distance[60:] = 5.0
    layer = lift(picture_of(camera), distance, camera)
    sky = layer.is_sky.reshape(120, 160)
    assert sky[:60].all() and not sky[60:].any()
    np.testing.assert_allclose(layer.positions[layer.is_sky], camera.rays()[:60].reshape(-1, 3), atol=1e-15)
    np.testing.assert_allclose(layer.now[layer.is_sky], 1 / camera.focal)
    assert np.allclose(layer.extents[layer.is_sky], EXTENT_PER_FOOTPRINT / camera.focal, rtol=0.1)


def test_prior_is_the_parents_footprint_and_must_be_coarser():
    parent = TURNED
    camera = parent.zoomed(2.83, at=(0.5, 0.5))
    distance, _ = plane(camera, (0, 0, -1))
    layer = lift(picture_of(camera), distance, camera, prior_camera=parent)
    np.testing.assert_allclose(layer.prior / layer.now, 2.83, rtol=1e-12)
    with pytest.raises(InputError, match="finer than its parent"):
        lift(picture_of(camera), distance, camera, prior_camera=camera)


def test_keep_lifts_only_its_pixels_and_hidden_marks_them():
    camera = TURNED
    distance, _ = plane(camera, (0, 0, -1))
    keep = np.zeros((120, 160), bool)
    keep[10:20, 30:50] = True
    picture = picture_of(camera)
    layer = lift(
        picture, distance, camera, keep=keep, hidden=True, mask=np.full((120, 160), 0.25, np.float32)
    )
    assert len(layer) == 200 and (layer.flags & FLAG_HIDDEN_FILL).all() and (layer.mask == 0.25).all()
    np.testing.assert_array_equal(layer.colors, picture[keep])


@pytest.mark.parametrize("spoil, expected", [("shape", "must be"), ("nan", "above 0"), ("zero", "above 0")])
def test_bad_distances_are_refused(spoil, expected):
    camera = TURNED
    distance, _ = plane(camera, (0, 0, -1))
    if spoil == "shape":
        distance = distance[1:]
    else:
        distance[3, 4] = np.nan if spoil == "nan" else 0.0
    with pytest.raises(InputError, match=expected):
        lift(picture_of(camera), distance, camera)
