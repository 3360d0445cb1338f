# SPDX-License-Identifier: Apache-2.0
"""Measuring real worlds: a good one passes, and each planted defect is reported under its own key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import wonderzoom_rt as wz
from wonderzoom_rt.evaluate import Report, evaluate, report_table
from wonderzoom_rt.evaluate.bars import BARS
from wonderzoom_rt.evaluate.consistency import depth_fit, plane_parallax_px, relief_parallax_px, scale_psnr_db
from wonderzoom_rt.evaluate.fades import fade_window, sweep
from wonderzoom_rt.evaluate.images import area_resize, bicubic_resize
from wonderzoom_rt.evaluate.invention import invention, level_seam_ratio, truth_fit
from wonderzoom_rt.evaluate.orbit import level_centre, orbit, screen_length
from wonderzoom_rt.evaluate.scene import pixels_under
from wonderzoom_rt.frame import Frame
from wonderzoom_rt.layer import FLAG_BRIDGES_EDGE
from wonderzoom_rt.synth.build_level import fit_colors
from wonderzoom_rt.synth.lift import lift
from wonderzoom_rt.synth.types import LevelResult

Array = NDArray[Any]
WIDTH, HEIGHT, FOCAL, RATIO = 544, 400, 512.0, 2.0
Depth = Callable[[wz.Camera], Array]


def slanted(camera: wz.Camera) -> Array:
    """Distances to a plane 4 wu ahead that leans back by a quarter."""
    rays = camera.rays()
    return 4.0 / (rays[..., 2] - 0.25 * rays[..., 1])


def hilly(camera: wz.Camera) -> Array:
    """The plane with waves 0.12 wu high: 15 px of the home view."""
    reach = slanted(camera)
    points = camera.unproject(reach)
    return reach * (1.0 + 0.03 * np.sin(points[..., 0] * 7.0) * np.sin(points[..., 1] * 6.0))


@dataclass
class Recipe:
    """How to make the finer level; what is left out is done well."""

    picture: Callable[[Array, Array], Array] = lambda true, coarse: true
    depth: Depth = hilly
    home_depth: Depth = hilly
    cover: Callable[[Array], Array] = lambda cover: cover
    keep: Callable[[Array], Array] | None = None
    bridging: bool = False


def soft(height: int, width: int) -> Array:
    across = np.minimum(np.arange(width) + 0.5, width - np.arange(width) - 0.5) / (0.06 * width)
    down = np.minimum(np.arange(height) + 0.5, height - np.arange(height) - 0.5) / (0.06 * width)
    t = np.clip(across, 0, 1)[None, :], np.clip(down, 0, 1)[:, None]
    return np.prod(np.broadcast_arrays(*[v**3 * (v * (v * 6 - 15) + 10) for v in t]), axis=0).astype(
        np.float32
    )


def level(
    lens: wz.Camera, picture: Array, distance: Array, cover: Array, prior: wz.Camera | None, **more: Any
) -> LevelResult:
    picture = picture.astype(np.float32)
    layer = lift(picture, distance, lens, prior_camera=prior, mask=cover, opacity=0.99)
    layer = fit_colors(layer, picture, lens, target_db=40.0, most_renders=8)
    keep = more.get("keep")
    if keep is not None:
        layer = layer.select(keep.ravel())
    if more.get("bridging"):
        edge = np.zeros(len(layer), bool)
        jump = np.abs(np.diff(distance, axis=1, prepend=distance[:, :1])) > 8 * distance / lens.focal
        edge[jump.ravel()] = True
        extents = layer.extents.copy()
        extents[edge, 0] *= 12.0
        layer = replace(
            layer, extents=extents, flags=np.where(edge, FLAG_BRIDGES_EDGE, layer.flags).astype(np.uint16)
        )
    middle = float(distance[lens.height // 2, lens.width // 2])
    approach = lens if prior is None else lens.approached(middle, focal=FOCAL)
    return LevelResult(
        lens=lens, approach=approach, picture=picture, distance=distance, cover=cover, layer=layer
    )


def made(photo: Array, recipe: Recipe) -> wz.World:
    """A world of the shrunk photograph and, twice as near, its middle with the true detail or the recipe's."""
    home = wz.Camera.home(WIDTH, HEIGHT, focal=FOCAL)
    small = area_resize(photo, WIDTH, HEIGHT)
    world = wz.World()
    whole = np.ones((HEIGHT, WIDTH), np.float32)
    world.commit(level(home, small, recipe.home_depth(home), whole, None), parent=None)
    lens = home.zoomed(RATIO)
    true = photo[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, WIDTH // 2 : WIDTH // 2 + WIDTH]
    coarse = small[HEIGHT // 4 : HEIGHT // 4 + HEIGHT // 2, WIDTH // 4 : WIDTH // 4 + WIDTH // 2]
    picture = recipe.picture(true, coarse).clip(0, 1)
    cover = recipe.cover(soft(HEIGHT, WIDTH))
    keep = recipe.keep(cover) if recipe.keep else None
    world.commit(
        level(lens, picture, recipe.depth(lens), cover, home, keep=keep, bridging=recipe.bridging), parent=0
    )
    return world


@pytest.fixture(scope="module")
def photo(data_dir: Path) -> Array:
    with Image.open(data_dir / "valley.jpg") as image:
        rgb = image.convert("RGB").resize((2 * WIDTH, 2 * HEIGHT), Image.Resampling.LANCZOS)
    return np.asarray(rgb) / 255.0


@pytest.fixture(scope="module")
def good(photo: Array) -> wz.World:
    return made(photo, Recipe())


class Redrawn:
    """A world drawn otherwise than it should be: `change` gets the options of every render."""

    def __init__(self, world: wz.World, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._world, self._change = world, change

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    def render(self, camera: wz.Camera, **options: Any) -> Frame:
        return self._world.render(camera, **self._change(options))


# ------------------------------------------------------------------- a good world passes


@pytest.fixture(scope="module")
def measured(good: wz.World, photo: Array) -> tuple[Report, list[float]]:
    """The good world's report, and the fractions that its progress went through."""
    seen: list[float] = []
    return evaluate(good, truth=photo, progress=lambda fraction, words: seen.append(fraction)), seen


def test_true_detail_on_a_hilly_surface_passes(measured: tuple[Report, list[float]]) -> None:
    report, _ = measured
    assert report.failed == []
    assert report.passed
    assert set(report.worst) == set(BARS)
    assert report.worst["truth_correlation"] > 0.8


def test_report_is_strict_json_with_the_keys_of_the_table(measured: tuple[Report, list[float]]) -> None:
    report, _ = measured
    data = json.loads(report.to_json())
    assert set(data) == {"worst", "levels", "bars", "passed", "failed", "seconds"}
    assert [entry["id"] for entry in data["levels"]] == [0, 1]
    table = report.to_table()
    assert table == report_table(data)
    assert all(key in table for key in data["worst"])


def test_progress_rises_to_one(measured: tuple[Report, list[float]]) -> None:
    _, seen = measured
    assert seen == sorted(seen) and seen[-1] == 1.0 and len(seen) > 5


def test_table_says_which_bar_fails_and_where() -> None:
    report = Report(
        worst={"seam_ratio": 1.5, "niqe": 4.0},
        bars={"seam_ratio": "<= 1.1", "niqe": "<"},
        levels=[
            {"id": 0},
            {"id": 1, "seam_ratio": 1.0, "niqe": 4.0},
            {"id": 2, "seam_ratio": 1.5, "niqe": 3.0},
        ],
        failed=[("seam_ratio", 2, 1.5)],
    )
    assert not report.passed
    row = next(line for line in report.to_table().splitlines() if "seam_ratio" in line)
    assert row.startswith("! seam_ratio") and row.endswith("1.50!")
    assert "1 of 2 bars do not hold: seam_ratio" in report.to_table()


# ------------------------------------------------------------------------ planted in fades


def test_the_papers_fade_dips_and_shows_the_wrong_fraction(good: wz.World) -> None:
    drawn = Redrawn(good, lambda options: {**options, "fade_law": "opacity"})
    result = sweep(drawn, fade_window(drawn, good.levels[1]))
    assert result.fade_error > 0.08
    assert not BARS["coverage_dip"].holds(result.coverage_dip)


def test_a_fade_in_four_jumps_blinks(good: wz.World) -> None:
    def stepped(options: dict[str, Any]) -> dict[str, Any]:
        return {**options, "detail_bias": round(options.get("detail_bias", 0.0) * 4) / 4}

    drawn = Redrawn(good, stepped)
    result = sweep(drawn, fade_window(drawn, good.levels[1]))
    assert result.blink_ratio > 4.0


def test_pages_that_arrive_at_once_blink(good: wz.World) -> None:
    def sudden(options: dict[str, Any]) -> dict[str, Any]:
        ready = options.get("readiness") or {}
        return {**options, "readiness": {k: float(v > 0.5) for k, v in ready.items()}}

    drawn = Redrawn(good, sudden)
    result = sweep(drawn, fade_window(drawn, good.levels[1]))
    assert result.blink_ratio <= 2.0
    assert result.blink_ratio_arriving > 4.0


def test_one_empty_frame_on_the_way_is_a_dip_and_a_blink(good: wz.World) -> None:
    def nearly(options: dict[str, Any]) -> dict[str, Any]:
        gone = abs(options.get("detail_bias", 0.0) + 0.5) < 0.005
        return {**options, "detail_bias": 8.0, "readiness": {0: 0.0, 1: 0.0}} if gone else options

    drawn = Redrawn(good, nearly)
    result = sweep(drawn, fade_window(drawn, good.levels[1]))
    assert result.blink_ratio > 10.0


# ------------------------------------------------------------------ planted in the finer level


def test_shifted_colours_are_inconsistent(photo: Array, good: wz.World) -> None:
    world = made(photo, Recipe(picture=lambda true, coarse: true + 0.04))
    assert scale_psnr_db(world, world.levels[1]) < 32.0 <= scale_psnr_db(good, good.levels[1])


def between_pixels(photo: Array, *, moved: int = 0) -> wz.World:
    """The true detail through a lens whose view starts half a coarse pixel aside; `moved`: misplaced by so many px."""
    home = wz.Camera.home(WIDTH, HEIGHT, focal=FOCAL)
    world = wz.World()
    whole = np.ones((HEIGHT, WIDTH), np.float32)
    world.commit(level(home, area_resize(photo, WIDTH, HEIGHT), hilly(home), whole, None), parent=None)
    lens = home.zoomed(RATIO)
    lens = replace(lens, principal=(lens.principal[0] + 1.0, lens.principal[1] + 1.0))
    x, y = WIDTH // 2 - 1 + moved, HEIGHT // 2 - 1 + moved
    true = photo[y : y + HEIGHT, x : x + WIDTH]
    world.commit(level(lens, true, hilly(lens), soft(HEIGHT, WIDTH), home), parent=0)
    return world


def test_true_detail_is_consistent_wherever_its_view_starts_and_misplaced_detail_is_not(photo: Array) -> None:
    honest, misplaced = between_pixels(photo), between_pixels(photo, moved=2)
    assert scale_psnr_db(honest, honest.levels[1]) >= 32.0
    assert scale_psnr_db(misplaced, misplaced.levels[1]) < 32.0


def test_pixels_under_a_view_are_whole_and_the_outer_cameras_own() -> None:
    outer = wz.Camera.home(544, 400, focal=512.0)
    inner = outer.zoomed(8**0.5, at=(0.31, 0.62))
    small, (x0, y0, x1, y1) = pixels_under(outer, inner)
    ratio = inner.focal / outer.focal
    assert small.focal == outer.focal
    assert all((a - b) % 1.0 == 0.0 for a, b in zip(outer.principal, small.principal, strict=True))
    assert 0.0 <= x0 < ratio and 0.0 <= y0 < ratio and inner.width - ratio < x1 <= inner.width
    assert inner.height - ratio < y1 <= inner.height
    assert (x1 - x0, y1 - y0) == pytest.approx((small.width * ratio, small.height * ratio))
    corner = small.project_directions(inner.ray(np.array([x0]), np.array([y0])))[0]
    assert corner == pytest.approx((0.0, 0.0), abs=1e-6)


def test_depth_off_by_a_fortieth_is_reported(photo: Array) -> None:
    world = made(photo, Recipe(depth=lambda camera: hilly(camera) * (1.0 + 0.025 / RATIO * 2.0)))
    fit = depth_fit(world, world.levels[1])
    assert fit.median_rel > 0.02


def test_flat_plane_has_no_relief(photo: Array) -> None:
    world = made(photo, Recipe(depth=slanted, home_depth=slanted))
    assert relief_parallax_px(world, world.levels[1]) < 0.1
    assert not BARS["relief_parallax_px"].holds(relief_parallax_px(world, world.levels[1]))


def test_parallax_of_known_bumps() -> None:
    x, y = np.meshgrid(np.arange(64.0), np.arange(48.0))
    bumps = np.where((x + y) % 2 == 0, 5.0, -5.0)
    points = np.stack([x, y, bumps + 0.3 * x], axis=-1).reshape(-1, 3)
    wanted = 5.0 / np.sqrt(1 + 0.3**2) * np.sin(np.radians(5.0))
    assert plane_parallax_px(points, np.ones(len(points))) == pytest.approx(wanted, rel=0.01)


def test_hard_rectangle_is_a_seam(photo: Array, good: wz.World) -> None:
    hard = made(photo, Recipe(picture=lambda true, coarse: true + 0.03, cover=np.ones_like))
    assert level_seam_ratio(hard, hard.levels[1]) > 1.2
    assert level_seam_ratio(good, good.levels[1]) <= 1.1


def bicubic(true: Array, coarse: Array) -> Array:
    return bicubic_resize(coarse, true.shape[1], true.shape[0])


def noise(true: Array, coarse: Array) -> Array:
    big = bicubic(true, coarse)
    grain = np.random.default_rng(5).standard_normal(true.shape[:2])[..., None]
    return big + grain * 2.0 * float((true - big).std())


def test_bicubic_lacks_energy_and_looks_no_better_than_itself(photo: Array, good: wz.World) -> None:
    world = made(photo, Recipe(picture=bicubic))
    cheat, honest = invention(world, world.levels[1]), invention(good, good.levels[1])
    assert cheat.detail_energy < 0.3 < honest.detail_energy
    assert not BARS["niqe"].holds(cheat.niqe / min(cheat.niqe_bicubic, cheat.niqe_noise))
    assert BARS["niqe"].holds(honest.niqe / min(honest.niqe_bicubic, honest.niqe_noise))


def test_white_noise_looks_worse_than_the_truth(photo: Array, good: wz.World) -> None:
    world = made(photo, Recipe(picture=noise))
    cheat, honest = invention(world, world.levels[1]), invention(good, good.levels[1])
    assert cheat.niqe > 1.5 * honest.niqe
    assert not BARS["niqe"].holds(cheat.niqe / min(cheat.niqe_bicubic, cheat.niqe_noise))


@pytest.mark.parametrize("cheat", [bicubic, noise])
def test_cheats_fail_against_the_truth_in_a_world_too(
    photo: Array, cheat: Callable[[Array, Array], Array]
) -> None:
    world = made(photo, Recipe(picture=cheat))
    fit = truth_fit(world, world.levels[1], photo)
    assert fit is not None
    assert fit.amplitude_error_octaves > 0.7 or fit.truth_correlation < 0.2


# ----------------------------------------------------------------------- planted in the orbit


def test_missing_discs_are_holes(photo: Array, good: wz.World) -> None:
    def without_patch(cover: Array) -> Array:
        keep = np.ones(cover.shape, bool)
        keep[170:230, 240:300] = False
        return keep

    world = made(photo, Recipe(keep=without_patch))
    assert orbit(world, world.levels[1]).holes_fraction > 0.005 >= orbit(good, good.levels[1]).holes_fraction


def stepped(camera: wz.Camera) -> Array:
    """The plane, and to the right of its middle another one 1.2 times as far."""
    reach = slanted(camera)
    return np.where(camera.unproject(reach)[..., 0] > 0.0, 1.2 * reach, reach)


def test_rubber_sheet_across_a_depth_edge_is_stretched(photo: Array, good: wz.World) -> None:
    sheet = made(photo, Recipe(depth=stepped, home_depth=stepped, bridging=True))
    assert orbit(sheet, sheet.levels[1]).stretched_fraction > 0.005
    assert orbit(good, good.levels[1]).stretched_fraction <= 0.005


def test_round_disc_of_a_coarser_level_is_not_long_and_a_drawn_out_one_is() -> None:
    camera = wz.Camera.home(WIDTH, HEIGHT, focal=FOCAL)
    layer = lift(np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), np.full((HEIGHT, WIDTH), 4.0), camera)
    index = np.array([(HEIGHT // 2) * WIDTH + WIDTH // 2])
    near = camera.zoomed(3.0)
    assert screen_length(layer, index, camera) == pytest.approx(1.53, abs=0.01)
    assert screen_length(layer, index, near) == pytest.approx(1.53, abs=0.01)
    extents = layer.extents.copy()
    extents[:, 0] *= 4.0
    drawn_out = replace(layer, extents=extents)
    assert screen_length(drawn_out, index, camera) > 4.0 < screen_length(drawn_out, index, near)


def test_world_of_one_level_and_truth_that_is_no_photograph(photo: Array, tmp_path: Path) -> None:
    world = wz.World()
    home = wz.Camera.home(WIDTH, HEIGHT, focal=FOCAL)
    small = area_resize(photo, WIDTH, HEIGHT)
    world.commit(level(home, small, hilly(home), np.ones((HEIGHT, WIDTH), np.float32), None), parent=None)
    report = evaluate(world)
    assert set(report.worst) == {
        "photo_psnr_db",
        "relief_parallax_px",
        "holes_fraction",
        "stretched_fraction",
    }
    (tmp_path / "no.jpg").write_bytes(b"not a picture")
    with pytest.raises(wz.InputError, match="could not read no"):
        evaluate(world, truth=tmp_path / "no.jpg")
    with pytest.raises(wz.InputError, match=r"truth: expected the photograph at 1\.5 times .* got 1 x 1"):
        evaluate(world, truth=np.zeros((1, 1, 3)))


def beside_a_drop(camera: wz.Camera) -> Array:
    """A wall 4 wu away that ends a little right of the middle; behind it another, 10 times as far."""
    wall = 4.0 / camera.rays()[..., 2]
    return np.where(camera.unproject(wall)[..., 0] > 0.22, 10.0 * wall, wall)


def test_orbit_turns_about_the_level_and_not_about_what_is_far_behind_it(photo: Array) -> None:
    world = made(photo, Recipe(depth=beside_a_drop, home_depth=beside_a_drop))
    level, layer = world.levels[1], world.surfels(1)
    reach = float(np.linalg.norm(level_centre(level, layer.positions) - level.approach.eye))
    assert reach == pytest.approx(4.0 * FOCAL / level.lens.focal, rel=0.05)
