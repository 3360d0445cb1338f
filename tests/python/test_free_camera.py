# SPDX-License-Identifier: Apache-2.0
"""Zooms from cameras of one's own, not through the lens of what is there: a visitor's zooms."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.jobs.generator import commit_all

WIDTH = 320


@pytest.fixture
def world(data_dir: Path) -> wz.World:
    """The valley's meadow and trees."""
    return wz.World.from_image(data_dir / "valley.jpg", width=WIDTH)


def beside(world: wz.World, *, degrees: float = 6.0) -> wz.Camera:
    """A camera carried around a point of the meadow, which looks at it eight times closer."""
    home = world.home
    hit = world.pick(home, 0.5 * home.width, 0.75 * home.height)
    assert hit is not None
    return home.orbited(hit.point, math.radians(degrees), math.radians(2)).zoomed(8, at=(0.5, 0.75))


def zoom(world: wz.World, camera: wz.Camera) -> tuple[wz.Level, ...]:
    request = world.request(camera, quality="fast")
    return commit_all(world, wz.Pipeline().run(request), parent=request.parent)


def shown(world: wz.World, camera: wz.Camera) -> np.ndarray:
    level = world.render(camera, outputs=("level",)).level
    assert level is not None
    return level


def test_the_surface_is_taken_and_not_what_lies_hidden_behind_it(world: wz.World) -> None:
    context = world.request(beside(world)).context
    layer = world.surfels(0)
    seen = layer.select((layer.flags == 0) & ~layer.is_sky)
    image, distance = context.camera.project(seen.positions)
    with np.errstate(invalid="ignore"):
        inside = ((image > 2) & (image < (WIDTH - 2, world.home.height - 2))).all(axis=1)
    column, row = image[inside].astype(int).T
    off = (distance[inside] - context.distance[row, column]) / seen.now[inside]
    assert inside.sum() > 1000
    assert np.percentile(np.abs(off), 90) < 3


def test_levels_cover_the_view_that_was_asked_for(world: wz.World) -> None:
    camera = beside(world)
    before = world.render(camera).color
    levels = zoom(world, camera)
    assert [level.parent for level in levels] == [0, 1]
    lens = levels[-1].lens
    assert lens.focal == pytest.approx(camera.focal)
    inside = world.cover(levels[-1]) == 1
    assert inside.mean() > 0.5
    assert (np.abs(shown(world, lens)[inside] - 2) < 0.1).mean() > 0.95
    after = world.render(camera).color
    assert before is not None and after is not None
    blocks = (camera.height // 8, 8, camera.width // 8, 8, 3)
    size = (camera.height // 8 * 8, camera.width // 8 * 8)
    coarse, again = (
        picture[: size[0], : size[1]].reshape(blocks).mean(axis=(1, 3)) for picture in (before, after)
    )
    assert np.abs(coarse - again).mean() < 0.03
    assert np.abs(np.diff(after, axis=1)).mean() > 1.5 * np.abs(np.diff(before, axis=1)).mean()


def test_one_can_zoom_on_from_where_a_level_is_lived_in(world: wz.World) -> None:
    first = zoom(world, world.home.zoomed(8, at=(0.5, 0.8)))[-1]
    camera = first.approach.zoomed(6)
    request = world.request(camera, quality="fast")
    assert request.parent == first.id
    second = zoom(world, camera)[-1]
    middle = shown(world, second.lens)[world.cover(second) == 1]
    assert (np.abs(middle - second.id) < 0.1).mean() > 0.95
    assert second.footprint_max < first.footprint_max


def test_what_lies_far_behind_is_left_as_it_is(world: wz.World) -> None:
    """A view over near ground to far trees: there the new level would be coarser than what is there."""
    first = zoom(world, world.home.zoomed(8, at=(0.5, 0.62)))[-1]
    camera = first.approach.zoomed(2.5)
    request = world.request(camera, quality="fast")
    parent = world.level(request.parent)
    reach = request.context.distance
    points = request.context.camera.unproject(reach)
    with np.errstate(invalid="ignore"):
        there = np.linalg.norm(points - parent.lens.eye, axis=-1) / parent.lens.focal
        here = reach / request.camera.focal
    covered = np.isfinite(reach) & (request.context.mask > 0)
    assert covered.any()
    assert (here < there)[covered].all()
    levels = zoom(world, camera)
    for level in levels:
        layer = world.surfels(level)
        assert (layer.prior > layer.now).all()


def test_a_place_that_is_fine_enough_already_is_refused(world: wz.World) -> None:
    camera = beside(world)
    zoom(world, camera)
    again = beside(world, degrees=5.5)
    with pytest.raises(wz.InputError, match=r"1\.25 to 16 times closer than what is there \(level 2\)"):
        world.request(again)


def test_a_world_of_plain_surfels_is_zoomed_into_as_it_is_drawn(world: wz.World) -> None:
    plain = wz.World.from_surfels(world.surfels(0), world.home)
    lens = plain.home.zoomed(8, at=(0.5, 0.75))
    before = plain.render(lens).color
    assert not plain.level(0).has_picture
    levels = zoom(plain, lens)
    assert [level.parent for level in levels] == [0, 1] and levels[1].has_picture
    middle = (slice(lens.height // 4, 3 * lens.height // 4), slice(WIDTH // 4, 3 * WIDTH // 4))
    assert (np.abs(shown(plain, lens)[middle] - 2) < 0.05).mean() > 0.95
    after = plain.render(lens).color
    assert before is not None and after is not None
    assert np.abs(blocks(after) - blocks(before))[middle[0].start // 8 : -4, 10:-10].mean() < 0.02
    assert np.abs(after - before)[middle].mean() > 0.005
    assert [level.parent for level in zoom(plain, levels[1].lens.zoomed(8, at=(0.5, 0.5)))] == [2, 3]


def blocks(picture: np.ndarray) -> np.ndarray:
    """Means over blocks of 8 px."""
    height, width = picture.shape[0] // 8, picture.shape[1] // 8
    return picture[: height * 8, : width * 8].reshape(height, 8, width, 8, 3).mean(axis=(1, 3))
