# SPDX-License-Identifier: Apache-2.0
"""Depth without weights, on pictures whose layout is known."""

from __future__ import annotations

import numpy as np
import pytest

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.depth_prior import STEEPEST_GROUND, estimate_distance
from wonderzoom_rt.synth.photograph import load_photograph
from wonderzoom_rt.synth.regions import foreground_mask
from wonderzoom_rt.synth.sky import sky_mask
from wonderzoom_rt.synth.slopes import measure_slopes

pytest.importorskip("cv2")

WIDTH, HEIGHT = 544, 360


def textured(color: tuple[float, float, float], strength: float, seed: int, grain: float = 1.0) -> np.ndarray:
    import cv2

    noise = np.random.default_rng(seed).normal(size=(HEIGHT, WIDTH)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), grain)
    noise *= strength / noise.std()
    return np.clip(np.array(color, np.float32) + noise[..., None], 0, 1).astype(np.float32)


def landscape(*, sky: bool = True) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Blue sky over a grey mountain over a green meadow, and where each is."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    ridge = 110 + 40 * np.sin(columns / 70.0)
    meadow = rows > 235
    above = rows < (ridge if sky else -1)
    mountain = ~above & ~meadow
    picture = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    picture[above] = (np.array([0.35, 0.55, 0.85]) + 0.1 * (rows[above] / HEIGHT)[:, None]).astype(np.float32)
    picture[mountain] = textured((0.45, 0.43, 0.42), 0.09, 1)[mountain]
    picture[meadow] = textured((0.25, 0.45, 0.15), 0.05, 2)[meadow]
    return picture, {"sky": above, "mountain": mountain, "meadow": meadow}


def inner(mask: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0


def test_sky_is_found_to_the_ridge():
    picture, parts = landscape()
    assert (sky_mask(picture) ^ parts["sky"]).mean() < 0.01


def test_clouds_belong_to_the_sky():
    import cv2

    picture, parts = landscape()
    cloud = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.ellipse(cloud, (270, 55), (90, 22), 0, 0, 360, 1.0, -1)
    cloud = cv2.GaussianBlur(cloud, (0, 0), 6)[..., None]
    cloudy = np.where(parts["sky"][..., None], picture * (1 - cloud) + 0.95 * cloud, picture)
    assert (sky_mask(cloudy) ^ parts["sky"]).mean() < 0.02


def test_no_sky_is_invented_in_a_forest():
    assert not sky_mask(textured((0.2, 0.35, 0.12), 0.12, 3)).any()


def test_the_ground_recedes_and_the_mountain_stands_behind_it():
    picture, parts = landscape()
    camera = Camera.home(WIDTH, HEIGHT, focal=512)
    distance = estimate_distance(picture, camera)
    assert distance.shape == (HEIGHT, WIDTH) and distance.dtype == np.float64
    assert np.isinf(distance[inner(parts["sky"])]).mean() > 0.98
    assert np.isfinite(distance[inner(parts["mountain"] | parts["meadow"])]).mean() > 0.98
    rows = [np.median(distance[row]) for row in (350, 310, 270, 245)]
    assert rows == sorted(rows) and rows[-1] > 1.15 * rows[0]
    assert np.median(distance[inner(parts["mountain"])]) > 1.5 * rows[-1]
    assert 2 < np.median(distance[300:]) < 8
    assert (distance > 0).all()


def test_no_surface_is_too_steep_for_discs():
    picture, parts = landscape()
    camera = Camera.home(WIDTH, HEIGHT, focal=512)
    slopes = measure_slopes(estimate_distance(picture, camera), camera.focal)
    smooth = inner(parts["meadow"])
    assert np.percentile(np.abs(slopes.down[smooth]), 99) < STEEPEST_GROUND + 4
    assert slopes.between.mean() < 0.002


def test_what_is_in_focus_stands_in_front(dandelions):
    photo = load_photograph(dandelions)
    height, width = photo.pixels.shape[:2]
    camera = Camera.home(width, height, focal=photo.focal_px)
    front = foreground_mask(photo.pixels, np.zeros((height, width), bool))
    assert front[180, 320] and front[590, 318], "the head and the foot of the stem"
    assert not front[300, 900] and not front[500, 700], "the meadow"
    distance = estimate_distance(photo.pixels, camera)
    head, behind = distance[120:260, 240:400], distance[120:260, 520:680]
    assert np.percentile(head, 95) < 0.75 * np.percentile(behind[np.isfinite(behind)], 5)
    assert np.median(distance[590, 310:325]) < np.median(distance[590, 500:700])
    assert np.isinf(distance[5:20, 500:700]).all()


def test_nothing_is_cut_out_where_all_is_sharp():
    picture, parts = landscape()
    assert not foreground_mask(picture, parts["sky"]).any()


def test_the_same_picture_gives_the_same_depth():
    picture, _ = landscape()
    camera = Camera.home(WIDTH, HEIGHT, focal=512)
    np.testing.assert_array_equal(
        estimate_distance(picture, camera), estimate_distance(picture.copy(), camera)
    )


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((64, 96, 3)),
        np.ones((64, 96, 3)),
        np.full((64, 96, 3), 0.5),
        np.random.default_rng(0).random((64, 96, 3)),
    ],
    ids=["black", "white", "grey", "noise"],
)
def test_pictures_of_nothing_still_get_a_depth(picture):
    camera = Camera.home(96, 64, focal=90)
    distance = estimate_distance(picture.astype(np.float32), camera)
    assert not np.isnan(distance).any() and (distance > 0).all()


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(InputError, match=r"\(64, 96, 3\)"):
        estimate_distance(np.zeros((60, 96, 3), np.float32), Camera.home(96, 64, focal=90))
