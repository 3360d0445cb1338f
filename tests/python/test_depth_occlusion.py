# SPDX-License-Identifier: Apache-2.0
"""What an orbit of 15 degrees uncovers is filled, behind what is seen and in its far side's colours."""

from __future__ import annotations

import math

import numpy as np
import pytest

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.engine import Engine
from wonderzoom_rt.layer import FLAG_HIDDEN_FILL, SurfelLayer
from wonderzoom_rt.synth.dome import sky_dome
from wonderzoom_rt.synth.lift import lift
from wonderzoom_rt.synth.occlusion import central_distance, hidden_background, push_pull
from wonderzoom_rt.synth.surroundings import surroundings

pytest.importorskip("cv2")

HOME = Camera.home(256, 192, focal=240.0)


def box_before_wall(camera: Camera, near: float, far: float) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
    box = (np.abs(columns - 128) < 30) & (np.abs(rows - 96) < 30)
    slant = 1.0 / (camera.rays() @ camera.forward)
    picture = np.where(box[..., None], np.float32([0.9, 0.2, 0.1]), np.float32([0.2, 0.4, 0.8])).astype(
        np.float32
    )
    return picture, np.where(box, near, far) * slant


def orbit_views(approach: Camera, reach: float) -> list[Camera]:
    centre = approach.eye + approach.forward * reach
    turns = [index * math.pi / 4 for index in range(8)]
    return [
        approach.orbited(centre, math.radians(15) * math.cos(turn), math.radians(15) * math.sin(turn))
        for turn in turns
    ]


@pytest.mark.parametrize("zoom", [1, 8, 512])
def test_an_orbit_about_the_level_opens_no_hole_round_a_thing(zoom):
    camera = HOME.zoomed(zoom, at=(0.5, 0.5))
    near = 6.0
    step = near / camera.focal * HOME.focal
    picture, distance = box_before_wall(camera, near, near + 0.6 * step)
    hidden_picture, hidden_distance, mask = hidden_background(
        picture, distance, camera, home_focal=HOME.focal
    )
    seen = lift(picture, distance, camera)
    whole = SurfelLayer.concatenate(
        [seen, lift(hidden_picture, hidden_distance, camera, keep=mask, hidden=True)]
    )
    engine = Engine()
    approach = camera.approached(central_distance(distance), focal=HOME.focal)
    without, filled = [], []
    for view in orbit_views(approach, step):
        middle = (slice(68, 124), slice(84, 172))
        for layer, found in ((seen, without), (whole, filled)):
            coverage = engine.render_layer(layer, view, outputs=("coverage",)).coverage
            assert coverage is not None
            found.append(float((coverage[middle] < 0.95).mean()))
    assert max(without) > 0.03, "the scene has something to fill"
    assert max(filled) <= 0.005


def test_the_fill_lies_behind_and_has_the_far_sides_colour():
    picture, distance = box_before_wall(HOME, 4.0, 8.0)
    hidden_picture, hidden_distance, mask = hidden_background(picture, distance, HOME)
    box = distance < 6
    assert mask[box].mean() > 0.8 and not mask[~box].any()
    assert (hidden_distance[mask] > distance[mask] * 1.3).all()
    np.testing.assert_allclose(hidden_distance[mask], (8.0 / (HOME.rays() @ HOME.forward))[mask], rtol=0.05)
    assert np.abs(hidden_picture[mask] - np.float32([0.2, 0.4, 0.8])).max() < 0.01
    np.testing.assert_array_equal(hidden_picture[~mask], picture[~mask])


def test_a_smooth_surface_hides_nothing():
    picture, _ = box_before_wall(HOME, 4.0, 4.0)
    distance = 4.0 + 0.5 * np.sin(np.arange(256) / 40.0)[None, :] * np.ones((192, 1))
    assert not hidden_background(picture, distance, HOME)[2].any()


def test_small_orbits_need_little_fill():
    picture, distance = box_before_wall(HOME, 4.0, 8.0)
    areas = [
        hidden_background(picture, distance, HOME, orbit_degrees=angle)[2].sum() for angle in (0.5, 4, 15)
    ]
    assert areas[0] < areas[1] < areas[2]


def test_the_dome_stands_behind_all_and_beyond_the_frame():
    rows = np.arange(192)[:, None] * np.ones((1, 256))
    distance = np.where(rows < 80, np.inf, 5.0)
    picture = np.where(
        (rows < 80)[..., None], np.float32([0.4, 0.6, 0.9]), np.float32([0.3, 0.5, 0.2])
    ).astype(np.float32)
    dome = sky_dome(picture, distance, HOME)
    assert dome.is_sky.all() and (dome.flags & FLAG_HIDDEN_FILL).all()
    assert np.abs(dome.colors - np.float32([0.4, 0.6, 0.9])).max() < 0.02
    whole = SurfelLayer.concatenate([lift(picture, distance, HOME), dome])
    engine = Engine()
    for view in (HOME, HOME.orbited((0, 0, 5), 0.3, 0.0), HOME.orbited((0, 0, 0), 0.4, 0.3)):
        coverage = engine.render_layer(whole, view, outputs=("coverage",)).coverage
        assert coverage is not None and (coverage < 0.95).mean() < 0.001


def test_a_scene_without_sky_has_a_backdrop_in_the_colours_of_its_depths():
    rows = np.arange(192)[:, None] * np.ones((1, 256))
    picture = np.where(
        (rows < 60)[..., None], np.float32([0.1, 0.3, 0.1]), np.float32([0.8, 0.7, 0.6])
    ).astype(np.float32)
    backdrop = sky_dome(picture, np.where(rows < 60, 20.0, 4.0), HOME)
    assert backdrop.is_sky.all() and np.abs(backdrop.colors - np.float32([0.1, 0.3, 0.1])).max() < 0.05
    coverage = (
        Engine().render_layer(backdrop, HOME.orbited((0, 0, 5), 0.3, 0.2), outputs=("coverage",)).coverage
    )
    assert coverage is not None and coverage.min() > 0.9


def test_surfaces_go_on_beyond_the_frame():
    rows = np.arange(192)[:, None] * np.ones((1, 256))
    distance = 3.0 * 300.0 / (rows + 108.0) / (HOME.rays() @ HOME.forward)
    picture = np.full((192, 256, 3), 0.4, np.float32)
    around = surroundings(picture, distance, HOME)
    image, _ = HOME.project(around.positions)
    outside = (image < [3, 3]).any(axis=1) | (image > [253, 189]).any(axis=1)
    assert outside.all() and not around.is_sky.any()
    below = (image[:, 1] > 200) & (np.abs(image[:, 0] - 128) < 100)
    along = around.positions[below, 2]
    expected = 3.0 * 300.0 / (image[below, 1] + 108.0)
    assert np.abs(along / expected - 1).max() < 0.1


def test_push_pull_keeps_what_is_known_and_fills_smoothly():
    values = np.zeros((61, 47), np.float32)
    weight = np.zeros((61, 47), np.float32)
    values[:, 0], values[:, -1] = 1.0, 3.0
    weight[:, 0] = weight[:, -1] = 1.0
    filled = push_pull(values, weight)
    assert (filled[:, 0] == 1).all() and (filled[:, -1] == 3).all()
    assert filled.min() >= 1 and filled.max() <= 3
    assert abs(filled[30, 23] - 2) < 0.35
