# SPDX-License-Identifier: Apache-2.0
"""Worlds through their Python door: draw, pick, ask for zooms, commit and take back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt as wz
from sample_worlds import FOCAL, HORIZON, TARGET, color, made, psnr, zoomed
from wonderzoom_rt.jobs.generator import commit_all


@pytest.fixture
def world(small_photograph: np.ndarray) -> wz.World:
    return made(small_photograph)


@pytest.fixture
def deep(world: wz.World) -> wz.World:
    """The same with one zoom of x8: levels 0, 1, 2."""
    commit_all(world, zoomed(world), parent=0)
    return world


# ------------------------------------------------------------------------------- drawing


def test_the_home_view_is_the_photograph(world: wz.World, small_photograph: np.ndarray) -> None:
    assert psnr(color(world, world.home), small_photograph / 255.0) > 30


def test_a_render_of_another_size_shows_the_same_view(world: wz.World) -> None:
    frame = world.render(world.home, 128, 72)
    assert (frame.width, frame.height) == (128, 72)
    averaged = color(world, world.home).reshape(72, 2, 128, 2, 3).mean(axis=(1, 3))
    assert psnr(frame.color, averaged) > 30


def test_many_renders_are_the_single_ones(world: wz.World) -> None:
    cameras = [world.home.orbited((0, 0, 5), yaw, 0.0) for yaw in (-0.1, 0.0, 0.1)]
    for camera, frame in zip(cameras, world.render_many(cameras, 64, 36), strict=True):
        assert np.array_equal(frame.color, color(world, camera.resized(64, 36)))


def test_a_zoom_shows_what_its_levels_hold(deep: wz.World) -> None:
    lens = deep.level(2).lens
    frame = deep.render(lens)
    inside = deep.cover(2) == 1
    assert inside.mean() > 0.4
    assert (np.abs(frame.level[inside] - 2) < 0.02).mean() > 0.98
    blurred = color(deep, lens, until_level=0)
    picture = deep.picture(2)
    assert psnr(frame.color[inside], picture[inside]) > psnr(blurred[inside], picture[inside]) + 3


def test_until_a_level_is_the_world_before_the_next_commit(world: wz.World) -> None:
    camera = world.home.zoomed(6, at=TARGET)
    before = color(world, camera)
    commit_all(world, zoomed(world), parent=0)
    assert not np.array_equal(color(world, camera), before)
    assert np.array_equal(color(world, camera, until_level=0), before)
    assert np.array_equal(color(world, camera, until_level=world.level(0)), before)


def test_a_level_that_has_not_arrived_leaves_the_coarser_one_whole(deep: wz.World) -> None:
    camera = deep.home.zoomed(6, at=TARGET)
    assert np.array_equal(color(deep, camera, readiness={1: 0.0, 2: 0.0}), color(deep, camera, until_level=0))
    assert np.array_equal(color(deep, camera, readiness={1: 1.0, 2: 1.0}), color(deep, camera))


def test_a_level_that_has_half_arrived_is_half_there(deep: wz.World) -> None:
    camera = deep.level(1).lens
    none, half, whole = (color(deep, camera, readiness={1: part, 2: 0.0}) for part in (0.0, 0.5, 1.0))
    assert np.abs(half - (none + whole) / 2).mean() < 0.004
    assert np.abs(whole - none).mean() > 0.01


def test_a_snapshot_never_changes(world: wz.World) -> None:
    snapshot = world.snapshot()
    camera = world.home.zoomed(6, at=TARGET)
    before = world.engine.render(snapshot, camera)
    commit_all(world, zoomed(world), parent=0)
    assert np.array_equal(world.engine.render(snapshot, camera).color, before.color)
    assert snapshot.epoch < world.epoch


# ------------------------------------------------------------------------------- picking


def test_a_pick_gives_the_point_of_the_surface_under_the_pixel(world: wz.World) -> None:
    column, row = 100, 110
    hit = world.pick(world.home, column + 0.3, row + 0.8)
    assert hit is not None
    wanted = world.distance(0)[row, column]
    assert hit.distance == pytest.approx(
        wanted, rel=0.04
    )  # its discs face the eye: stairs on the slanted ground
    assert hit.level == 0
    image, distance = world.home.project(np.array(hit.point))
    assert image == pytest.approx((column + 0.5, row + 0.5), abs=1e-6)
    assert float(distance) == pytest.approx(hit.distance)
    assert np.linalg.norm(hit.normal) == pytest.approx(1.0)
    assert np.dot(hit.normal, world.home.ray(column + 0.5, row + 0.5)) < 0


def test_a_pick_in_the_sky_is_infinitely_far(world: wz.World) -> None:
    hit = world.pick(world.home, 128, 5)
    assert hit is not None
    assert hit.distance == math.inf
    assert hit.point == pytest.approx(tuple(world.home.ray(128.5, 5.5)))


def test_a_pick_where_nothing_is_gives_none(world: wz.World) -> None:
    away = wz.Camera.look_at((0, 0, 0), (0, 0, -1), focal=100, width=64, height=64)
    assert world.pick(away, 32, 60) is None


def test_a_pick_through_a_deep_lens_is_exact_to_a_pixel_of_its_own(deep: wz.World) -> None:
    lens = deep.level(2).lens
    hit = deep.pick(lens, 140.5, 70.5)
    assert hit is not None and hit.level == 2
    image, _ = lens.project(np.array(hit.point))
    assert image == pytest.approx((140.5, 70.5), abs=1e-3)
    assert abs(hit.distance - deep.distance(2)[70, 140]) < 3 * hit.distance / lens.focal


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -0.5), (256, 0), (0, 144), (math.nan, 0), (0, math.inf)])
def test_a_pick_outside_the_frame_is_refused(world: wz.World, x: float, y: float) -> None:
    with pytest.raises(wz.InputError, match=r"0\.\.256 x 0\.\.144"):
        world.pick(world.home, x, y)


# ----------------------------------------------------------------------------- asking for zooms


def test_a_request_through_the_lens_takes_the_parents_own_picture(deep: wz.World) -> None:
    request = deep.request(deep.level(2).lens.zoomed(8))
    assert request.parent == 2
    assert np.array_equal(request.context.picture, deep.picture(2))
    assert np.array_equal(request.context.distance, deep.distance(2))
    assert np.array_equal(request.context.mask, deep.cover(2))


def test_a_request_beside_a_fine_level_refines_the_coarse_one(deep: wz.World) -> None:
    assert deep.request(deep.home.zoomed(8, at=(0.1, 0.9))).parent == 0
    assert deep.request(deep.home.zoomed(64, at=TARGET)).parent == 2
    assert deep.request(deep.home.zoomed(8, at=TARGET), parent=0).parent == 0


def test_a_request_from_a_free_camera_takes_a_render(world: wz.World) -> None:
    hit = world.pick(world.home, 128, 120)
    assert hit is not None
    beside = world.home.orbited(hit.point, 0.05, 0.0).zoomed(8, at=TARGET)
    request = world.request(beside)
    assert request.parent == 0
    wide = request.context.camera
    assert wide.position == beside.position
    assert request.camera.focal / wide.focal == pytest.approx(8, rel=0.5)
    seen = np.isfinite(request.context.distance) & (request.context.mask == 1)
    rendered = world.render(wide, outputs=("depth_median",)).depth_median
    assert np.abs(request.context.distance[seen] - rendered[seen]).max() < 1e-3 * hit.distance


@pytest.mark.parametrize("factor", [1.0, 1.1, 17.0, 1e9])
def test_a_zoom_too_small_or_too_large_is_refused(world: wz.World, factor: float) -> None:
    with pytest.raises(wz.InputError, match=r"1\.25 to 16"):
        world.request(world.home.zoomed(factor))


@pytest.mark.parametrize("factor", [0.0, -3.0, math.nan, math.inf])
def test_a_factor_that_is_none_is_refused(world: wz.World, factor: float) -> None:
    with pytest.raises(wz.InputError, match="zoom factor must be a finite number of at least 1"):
        world.home.zoomed(factor)


def test_a_zoom_that_shows_nothing_of_the_world_is_refused(world: wz.World) -> None:
    away = wz.Camera.look_at((0, 0, 0), (0, 0, -1), focal=8 * FOCAL, width=256, height=144)
    with pytest.raises(wz.InputError, match="must show the world: only 0 %"):
        world.request(away)


def test_a_zoom_outside_the_named_parent_is_refused(deep: wz.World) -> None:
    with pytest.raises(wz.InputError, match="outside the view of level 2"):
        deep.request(deep.home.zoomed(40, at=(0.1, 0.9)), parent=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quality": "superb"}, "quality must be fast or best, got 'superb'"),
        ({"parent": 9}, r"levels 0\.\.0, got level 9"),
        ({"parent": -1}, r"levels 0\.\.0, got level -1"),
        ({"picture": np.zeros(40)}, r"shape .*got \(40,\)"),
        ({"picture": np.zeros((4, 40, 3))}, "40 x 4"),
        ({"picture": np.full((40, 40, 3), np.nan)}, "NaN"),
        ({"picture": "nowhere.jpg"}, "expected at nowhere.jpg"),
    ],
)
def test_a_bad_wish_is_named(world: wz.World, options: dict[str, Any], words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        world.request(world.home.zoomed(8), **options)


def test_a_picture_may_be_bytes_floats_or_a_file(world: wz.World, tmp_path: Path) -> None:
    eight_bit = np.random.default_rng(2).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    Image.fromarray(eight_bit).save(tmp_path / "mine.png")
    for picture in (eight_bit, eight_bit / 255.0, tmp_path / "mine.png", str(tmp_path / "mine.png")):
        wish = world.request(world.home.zoomed(8), picture=picture).picture
        assert wish is not None and wish.dtype == np.float32
        assert np.abs(wish - eight_bit / np.float32(255)).max() < 1e-6


def test_an_empty_world_says_that_it_is_empty() -> None:
    empty = wz.World()
    assert empty.levels == ()
    for ask in (lambda: empty.home, lambda: empty.level(0), lambda: empty.undo(), lambda: empty.picture(0)):
        with pytest.raises(wz.InputError, match="no level"):
            ask()


# ---------------------------------------------------------------------- committing, taking back


def test_undo_gives_back_the_world_to_the_last_bit(world: wz.World) -> None:
    cameras = [world.home, world.home.zoomed(6, at=TARGET), world.home.orbited((0, 0.5, 5), 0.1, 0.05)]
    before = [world.render(camera) for camera in cameras]
    commit_all(world, zoomed(world), parent=0)
    assert len(world.levels) == 3
    world.undo()
    world.undo(world.level(1))
    assert len(world.levels) == 1
    for camera, frame in zip(cameras, before, strict=True):
        again = world.render(camera)
        for name in ("color", "coverage", "depth", "normal", "level"):
            assert np.array_equal(getattr(again, name), getattr(frame, name)), name


def test_only_the_newest_level_can_be_taken_back(deep: wz.World) -> None:
    with pytest.raises((wz.InputError, wz.WorldError), match="1"):
        deep.undo(1)
    assert len(deep.levels) == 3


def test_epochs_count_commits_and_undos(world: wz.World) -> None:
    epoch = world.epoch
    commit_all(world, zoomed(world), parent=0)
    assert world.epoch == epoch + 2
    world.undo()
    assert world.epoch == epoch + 3


def test_a_level_keeps_what_it_was_made_from(deep: wz.World, small_photograph: np.ndarray) -> None:
    assert np.array_equal(np.rint(deep.picture(0) * 255).astype(np.uint8), small_photograph)
    assert np.isinf(deep.distance(0)[: HORIZON - 1]).all()
    assert (deep.cover(0) == 1).all()
    assert deep.edit_mask(2) is None
    level = deep.level(2)
    assert level.parent == 1
    assert level.lens.focal == pytest.approx(8 * FOCAL)
    assert level.metadata["generator"] == "enlarging"


def test_siblings_live_side_by_side(deep: wz.World) -> None:
    elsewhere = (0.15, 0.85)
    commit_all(deep, zoomed(deep, at=elsewhere, seed=4), parent=0)
    assert [level.parent for level in deep.levels] == [None, 0, 1, 0, 3]
    for number, at in ((2, TARGET), (4, elsewhere)):
        level = deep.render(deep.home.zoomed(16, at=at), outputs=("level",)).level
        assert abs(float(np.median(level)) - number) < 0.05


def test_a_commit_that_cannot_be_leaves_the_world_alone(world: wz.World) -> None:
    result = zoomed(world)[0]
    for parent in (3, -1):
        with pytest.raises((wz.InputError, wz.WorldError)):
            world.commit(result, parent=parent)
    assert len(world.levels) == 1


def test_info_counts_what_is_there(deep: wz.World) -> None:
    info = deep.info()
    assert info["path"] is None
    assert [level["id"] for level in info["levels"]] == [0, 1, 2]
    assert info["surfels"] == sum(level["surfels"] for level in info["levels"]) == 3 * 256 * 144
    assert info["pages"] == sum(level["pages"] for level in info["levels"])
    assert info["levels"][2]["zoom"] == pytest.approx(8)


def test_printed_it_says_what_it_holds(deep: wz.World) -> None:
    assert repr(deep) == f"<World in memory: 3 levels, {3 * 256 * 144:,} surfels>"
    assert repr(deep.surfels(0)) == f"<SurfelLayer of {256 * 144:,} surfels>"
    deep.close()
    assert repr(deep) == "<World, closed>"
