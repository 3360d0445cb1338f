# SPDX-License-Identifier: Apache-2.0
"""The named scenes: seeded, and what they say they are, at reduced sizes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from command_line import Run, refused
from scenes import SCENES, SMALL_PART, make_scene, small_scene
from wonderzoom_rt import _core
from wonderzoom_rt.bench.scene import scene_of_world
from wonderzoom_rt.bench.scenes import open_subject
from wonderzoom_rt.rotation import matrix_from_quaternion

ONE_PIXEL = ("field-500k", "field-2m")


def funnel(name: str) -> tuple[dict[str, int], wz.Frame]:
    """What the reference view of a small scene counts."""
    scene = small_scene(name)
    frame = scene.world.render(scene.camera, outputs=("color", "coverage"))
    return frame.stats["funnel"], frame


@pytest.mark.parametrize("name", SMALL_PART)
def test_the_same_seed_gives_the_same_surfels(name: str) -> None:
    part = SMALL_PART[name]
    first, again, other = (make_scene(name, seed=seed, part=part).world for seed in (3, 3, 4))
    for level in range(len(first.levels)):
        one, two = first.surfels(level), again.surfels(level)
        assert all(
            np.array_equal(getattr(one, key), getattr(two, key)) for key in ("positions", "colors", "extents")
        )
    assert not np.array_equal(first.surfels(0).positions, other.surfels(0).positions)


@pytest.mark.parametrize("name", SMALL_PART)
def test_a_saved_scene_is_the_scene(name: str, tmp_path: Path) -> None:
    scene = small_scene(name)
    file = tmp_path / "scene.wz"
    scene.world.save(file)
    opened = open_subject(str(file))
    assert (opened.name, opened.camera, opened.target) == (scene.name, scene.camera, scene.target)
    outputs = ("color", "coverage")
    ours, theirs = (s.world.render(scene.camera, outputs=outputs).color for s in (scene, opened))
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("name", ONE_PIXEL)
def test_one_pixel_scenes_cover_each_pixel_at_least_ten_times(name: str) -> None:
    counts, frame = funnel(name)
    assert counts["contributions"] >= 10 * frame.width * frame.height
    assert np.mean(frame.coverage) > 0.95
    scene = small_scene(name)
    layer = scene.world.surfels(0)
    seen, distance = scene.camera.project(layer.positions)
    sigma_px = layer.extents.max(axis=1) * scene.camera.focal / distance
    assert np.abs(sigma_px - 0.7).max() < 0.01
    assert np.abs(layer.opacities - 0.9).max() < 0.01
    assert (seen > -0.01).all() and (seen < np.array([frame.width, frame.height]) + 0.01).all()
    assert counts["visible"] == counts["tested"] == len(layer) >= SCENES[name].surfels * SMALL_PART[name]


def test_full_fields_have_as_many_surfels_as_their_names_say() -> None:
    # At a hundredth the grid rounds up; at full size the number of cells is what counts.
    for name, least in (("field-500k", 500_000), ("field-2m", 2_000_000)):
        assert SCENES[name].surfels == least
    assert len(make_scene("field-500k", part=0.25).world.surfels(0)) == pytest.approx(125_000, rel=0.01)


def test_two_percent_of_the_discs_of_crossing_reach_through_the_cameras_plane() -> None:
    scene = small_scene("crossing")
    layer = scene.world.surfels(0)
    forward, eye = scene.camera.forward, scene.camera.eye
    axes = np.array([matrix_from_quaternion(q) for q in layer.orientations])
    reach = np.hypot(
        layer.extents[:, 0] * (axes[:, :, 0] @ forward), layer.extents[:, 1] * (axes[:, :, 1] @ forward)
    )
    depth = (layer.positions - eye) @ forward
    crossing = np.abs(depth) < _core.CUTOFF_SIGMA * reach
    assert crossing.mean() == pytest.approx(0.02, abs=0.001)


def test_some_discs_through_the_cameras_plane_are_seen() -> None:
    scene = small_scene("crossing")
    layer = scene.world.surfels(0)
    ground = layer.select(layer.positions[:, 2] > 1.0)
    outputs = ("color",)
    alone = wz.World.from_surfels(ground, scene.camera).render(scene.camera, outputs=outputs).color
    whole = scene.world.render(scene.camera, outputs=outputs).color
    assert (np.abs(alone - whole).max(axis=2) > 0.02).mean() > 0.01


def test_all_surfels_of_the_needle_lie_in_one_tile() -> None:
    counts, frame = funnel("needle")
    assert (
        counts["tile_entries"] == counts["tested"] == round(SCENES["needle"].surfels * SMALL_PART["needle"])
    )
    rows, columns = np.nonzero(frame.coverage)
    assert rows.size > 0
    assert len(set(rows // 8)) == len(set(columns // 8)) == 1


def test_a_flight_through_the_stack_meets_all_its_levels() -> None:
    world = small_scene("stack-12").world
    assert len(world.levels) == 12
    met = set()
    for level in world.levels:
        frame = world.render(level.approach, outputs=("coverage", "level"))
        middle = (frame.height // 2, frame.width // 2)
        assert frame.coverage[middle] > 0.9
        met.add(round(float(frame.level[middle])))
        assert frame.stats["funnel"]["pages_selected"] < frame.stats["funnel"]["pages_tested"]
    assert met == set(range(12))
    footprints = [level.footprint_max for level in world.levels]
    assert footprints[0] / footprints[-1] == pytest.approx(2.0**16.5, rel=0.5)


def test_the_city_is_many_pages_of_which_a_view_needs_a_part() -> None:
    scene = make_scene("city-20m", part=0.02)
    frame = scene.world.render(scene.camera, outputs=("color", "coverage"))
    counts = frame.stats["funnel"]
    assert counts["pages_tested"] >= 8
    assert counts["tested"] < 0.5 * len(scene.world.surfels(0))
    assert np.mean(frame.coverage) > 0.3


@pytest.mark.parametrize("name", ("stack-12", "city-20m", "crossing"))
def test_culling_does_not_change_the_picture(name: str) -> None:
    scene = small_scene(name)
    camera = scene.world.levels[-1].approach
    outputs = ("color", "coverage")
    on, off = (scene.world.render(camera, outputs=outputs, cull=cull) for cull in (True, False))
    # A run outside the frame is left out though the low-pass lets its smallest discs reach half a pixel into it.
    assert np.abs(on.color - off.color).max() < 1e-4
    assert off.stats["funnel"]["tested"] == sum(level.surfel_count for level in scene.world.levels)
    assert on.stats["funnel"]["tested"] <= off.stats["funnel"]["tested"]


def test_the_demo_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        wz.MissingExtraError, match=r"cv2, ncnn is missing: pip install 'wonderzoom-rt\[offline\]'"
    ):
        make_scene("demo")


def test_wrong_wishes_for_a_scene_are_refused() -> None:
    for wish, words in (
        ({"name": "field"}, "no scene 'field'; there are field-500k"),
        ({"name": "needle", "part": 0.0}, "0.001..1, got 0.0"),
        ({"name": "needle", "part": float("nan")}, "0.001..1, got nan"),
        ({"name": "needle", "seed": -1}, "0 or more, got -1"),
    ):
        with pytest.raises(wz.InputError, match=words):
            make_scene(**wish)
    with pytest.raises(wz.InputError, match="holds no level"):
        scene_of_world("empty", wz.World())
    with pytest.raises(wz.InputError, match="there is no file"):
        open_subject("nowhere.wz")
    with pytest.raises(wz.InputError, match="expected a scene"):
        open_subject("street.jpg")


def test_the_command_replaces_no_file_unasked(run: Run, tmp_path: Path) -> None:
    order = ("scene", "needle", "--part", "0.002", "-o", tmp_path / "s.wz")
    assert run(*order)[0] == 0
    refused(run(*order), "is there already", "--overwrite")
    assert run(*order, "--overwrite")[0] == 0
