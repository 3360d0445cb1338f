# SPDX-License-Identifier: Apache-2.0
"""Worlds made from plain arrays of surfels and from RGB-D frames."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

import wonderzoom_rt as wz

FOCAL = 240.0


def color(world: wz.World, camera: wz.Camera) -> np.ndarray:
    frame = world.render(camera, outputs=("color",))
    assert frame.color is not None
    return frame.color


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a - b) ** 2)))


def test_surfels_come_back_as_they_went_in() -> None:
    random = np.random.default_rng(8)
    points = random.uniform(-1, 1, (500, 3)) + np.array([0, 0, 4])
    layer = wz.SurfelLayer.from_arrays(
        points,
        colors=random.random((500, 3)),
        normals=random.standard_normal((500, 3)),
        extents=random.uniform(0.01, 0.05, (500, 2)),
        opacities=random.uniform(0.2, 0.98, 500),
        now=random.uniform(0.01, 0.02, 500),
        flags=random.integers(0, 4, 500),
    )
    world = wz.World.from_surfels(layer, wz.Camera.home(64, 48, focal=60.0))
    back = world.surfels(0)
    # A page keeps its own order: match by position, which is exact to a small part of a page.
    order = [int(np.argmin(np.linalg.norm(back.positions - point, axis=1))) for point in layer.positions]
    assert sorted(order) == list(range(500))
    back = back.select(np.array(order))
    assert np.abs(back.positions - layer.positions).max() < 1e-4
    assert np.abs(back.extents / layer.extents - 1).max() < 0.02
    assert np.abs(back.colors - layer.colors).max() < 1 / 255
    assert np.abs(back.opacities - layer.opacities).max() < 1 / 128
    assert np.abs(np.log2(back.now / layer.now)).max() < 1 / 512
    assert np.isinf(back.prior).all()
    assert np.array_equal(back.flags, layer.flags)
    turned = np.abs(np.einsum("ij,ij->i", back.orientations, layer.orientations))
    assert turned.min() > 0.9999


def test_a_world_of_plain_surfels_has_no_picture_and_says_so() -> None:
    world = wz.World.from_surfels(
        wz.SurfelLayer.from_arrays([[0, 0, 3.0]]), wz.Camera.home(64, 48, focal=60.0)
    )
    with pytest.raises(wz.WorldError, match=r"level 0 keeps no picture\.png"):
        world.picture(0)


def test_a_layer_of_nothing_makes_no_world() -> None:
    with pytest.raises(wz.InputError, match="at least one surfel, got none"):
        wz.World.from_surfels(wz.SurfelLayer.empty(), wz.Camera.home(64, 48, focal=60.0))


def test_an_rgbd_frame_is_seen_from_its_own_pose(small_photograph: np.ndarray) -> None:
    camera = wz.Camera.look_at((1, -2, 3), (1, 0, 9), focal=FOCAL, width=256, height=144)
    distance = np.full((144, 256), 6.0)
    distance[:20] = np.inf
    world = wz.World.from_rgbd(small_photograph, distance, camera)
    assert world.home == camera
    below_sky = slice(24, None)
    assert psnr(color(world, camera)[below_sky], small_photograph[below_sky] / 255.0) > 28
    hit = world.pick(camera, 128, 100)
    assert hit is not None and hit.distance == pytest.approx(6.0, rel=0.01)
    sky = world.pick(camera, 128, 4)
    assert sky is not None and math.isinf(sky.distance)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c, d: (c[:-1], d), "distance"),
        (lambda c, d: (c, d[:, :-1]), "distance"),
        (lambda c, d: (c, np.full_like(d, np.nan)), "NaN"),
        (lambda c, d: (c, -d), "above 0"),
        (lambda c, d: (c, d * 0), "above 0"),
        (lambda c, d: (c[..., 0], d), r"\(144, 256\)"),
    ],
)
def test_a_spoilt_rgbd_frame_is_refused(
    small_photograph: np.ndarray, spoil: Callable[..., tuple[np.ndarray, np.ndarray]], words: str
) -> None:
    camera = wz.Camera.home(256, 144, focal=FOCAL)
    picture, distance = spoil(small_photograph, np.full((144, 256), 6.0))
    with pytest.raises(wz.InputError, match=words):
        wz.World.from_rgbd(picture, distance, camera)
