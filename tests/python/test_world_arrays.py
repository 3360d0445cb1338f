# SPDX-License-Identifier: Apache-2.0
"""Worlds made from plain arrays of surfels and from RGB-D frames."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

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


def two_sheets(leak: float) -> wz.SurfelLayer:
    """A closed sheet of grey discs, 4 wu away, before a white one."""
    across = np.linspace(-2, 2, 60)
    x, y = np.meshgrid(across, across)
    flat = np.stack([x.ravel(), y.ravel()], axis=1)
    points = np.concatenate([np.insert(flat, 2, 4.0, axis=1), np.insert(1.5 * flat, 2, 6.0, axis=1)])
    shade = np.repeat([0.4, 1.0], len(flat))
    return wz.SurfelLayer.from_arrays(
        points, colors=np.repeat(shade[:, None], 3, 1), extents=0.042, opacities=0.93, leak=leak
    )


def test_a_world_takes_the_leak_of_its_first_level_and_keeps_it(tmp_path: Path) -> None:
    camera = wz.Camera.home(64, 48, focal=60.0)
    middle = (slice(16, 32), slice(24, 40))
    clear = wz.World.from_surfels(two_sheets(0.0), camera)
    world = wz.World.from_surfels(two_sheets(0.1), camera)
    assert (clear.leak, world.leak) == (0.0, pytest.approx(0.1))
    assert color(clear, camera)[middle].mean() > 0.41, "the white sheet shines through"
    assert np.abs(color(world, camera)[middle] - 0.4).max() < 1 / 255
    path = tmp_path / "sheets.wz"
    world.save(path)
    again = wz.World.open(path)
    assert again.leak == pytest.approx(0.1)
    assert again.surfels(0).leak == pytest.approx(0.1)
    assert np.array_equal(color(again, camera), color(world, camera))
    assert again.snapshot(until_level=0).leak == again.leak
    frame = again.render(camera, outputs=("color",), leak=0.0)
    assert frame.color is not None
    assert np.abs(frame.color - color(clear, camera)).max() < 1e-6


@pytest.mark.parametrize("leak", [-0.1, 1.0, math.nan])
def test_a_leak_that_is_none_is_refused(leak: float) -> None:
    camera = wz.Camera.home(64, 48, focal=60.0)
    with pytest.raises(wz.InputError, match="leak must be at least 0 and less than 1, got"):
        two_sheets(leak)
    with pytest.raises(wz.InputError, match="leak must be at least 0 and less than 1, got"):
        wz.World.from_surfels(two_sheets(0.0), camera).render(camera, leak=leak)


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
