# SPDX-License-Identifier: Apache-2.0
"""Frames: arrays that nobody can change, and pictures of each output."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt as wz
from wonderzoom_rt.frame import OUTPUTS, Frame, level_color

CAMERA = wz.Camera.home(48, 32, focal=40.0)


def wall(distance: float = 2.0) -> wz.World:
    """A flat coloured wall that fills the lower half of the view, nothing above it."""
    column, row = np.meshgrid(np.arange(48) + 0.5, np.arange(16, 32) + 0.5)
    points = np.stack([(column - 24) / 40, (row - 16) / 40, np.ones_like(row)], axis=-1) * distance
    colors = np.stack([column / 48, row / 32, np.full_like(row, 0.25)], axis=-1)
    layer = wz.SurfelLayer.from_arrays(
        points.reshape(-1, 3), colors=colors.reshape(-1, 3), extents=0.7 * distance / 40, now=distance / 40
    )
    return wz.World.from_surfels(layer, CAMERA)


@pytest.fixture(scope="module")
def frame() -> Frame:
    return wall().render(CAMERA, outputs=OUTPUTS)


@pytest.mark.parametrize("output", OUTPUTS)
def test_arrays_have_the_documented_shape_and_type(frame: Frame, output: str) -> None:
    values = getattr(frame, output)
    tail = (3,) if output in ("color", "normal") else ()
    kind = np.uint64 if output == "surfel_id" else np.float32
    assert values.shape == (32, 48, *tail)
    assert values.dtype == kind


@pytest.mark.parametrize("output", OUTPUTS)
def test_arrays_are_read_only(frame: Frame, output: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(frame, output)[0, 0] = 0


def test_arrays_outlive_their_frame_and_engine() -> None:
    frame = wall().render(CAMERA)
    color = frame.color
    assert color is not None
    copy = color.copy()
    del frame
    for _ in range(3):
        wall(3.0).render(CAMERA)
    assert np.array_equal(color, copy)


def test_outputs_that_were_not_asked_for_are_none() -> None:
    frame = wall().render(CAMERA, outputs=("depth",))
    assert frame.depth is not None
    assert [name for name in OUTPUTS if getattr(frame, name) is not None] == ["depth"]


def test_empty_pixels_hold_the_values_that_stand_for_nothing(frame: Frame) -> None:
    empty = (slice(0, 12), slice(None))
    assert (frame.coverage[empty] == 0).all()
    assert np.isinf(frame.depth[empty]).all()
    assert np.isinf(frame.depth_median[empty]).all()
    assert (frame.surfel_id[empty] == np.uint64(2**64 - 1)).all()
    assert (frame.color[empty] == 0).all()


def test_the_background_shows_where_nothing_is() -> None:
    frame = wall().render(CAMERA, background=(0.25, 0.5, 1.0))
    assert np.allclose(frame.color[:12], (0.25, 0.5, 1.0))


def test_depth_is_the_radial_distance_to_the_wall(frame: Frame) -> None:
    inside = (slice(20, 30), slice(4, 44))
    wanted = 2.0 / CAMERA.rays()[..., 2]
    assert np.abs(frame.depth[inside] - wanted[inside]).max() < 0.02
    assert np.abs(frame.depth_median[inside] - wanted[inside]).max() < 0.02


def test_depth_along_z_is_the_same_for_the_whole_wall() -> None:
    frame = wall().render(CAMERA, depth_kind="z")
    assert np.abs(frame.depth[20:30, 4:44] - 2.0).max() < 1e-3


def test_a_depth_reference_is_taken_off_before_the_depth_becomes_a_float32(frame: Frame) -> None:
    relative = wall().render(CAMERA, depth_reference=2.0)
    inside = (slice(20, 30), slice(4, 44))
    assert relative.depth_reference == 2.0
    assert np.abs(relative.depth[inside] + 2.0 - frame.depth[inside]).max() < 1e-5


def test_normals_point_towards_the_camera(frame: Frame) -> None:
    middle = frame.normal[24, 24]
    assert middle[2] < -0.99 * np.linalg.norm(middle)


# ----------------------------------------------------------------------------- pictures


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_has_a_picture(frame: Frame, output: str) -> None:
    picture = frame.image(output)
    assert picture.shape == (32, 48, 3)
    assert picture.dtype == np.uint8


def test_a_saved_png_holds_the_colours_to_half_a_step(frame: Frame, tmp_path: Path) -> None:
    frame.save_png(tmp_path / "view.png")
    with Image.open(tmp_path / "view.png") as image:
        stored = np.asarray(image, dtype=np.float64) / 255
    assert np.abs(stored - frame.color).max() <= 0.5 / 255 + 1e-6


def test_a_notebook_shows_the_colours(frame: Frame) -> None:
    with Image.open(io.BytesIO(frame._repr_png_())) as image:
        assert np.array_equal(np.asarray(image), frame.image())


def test_a_notebook_shows_what_there_is_when_there_are_no_colours() -> None:
    frame = wall().render(CAMERA, outputs=("normal",))
    shown = frame._repr_png_()
    assert shown is not None
    with Image.open(io.BytesIO(shown)) as image:
        assert np.array_equal(np.asarray(image), frame.image("normal"))
    assert Frame(camera=CAMERA)._repr_png_() is None


def test_printed_it_says_its_size_and_outputs_and_no_numbers() -> None:
    frame = wall().render(CAMERA, outputs=("color", "depth"))
    assert repr(frame) == "<Frame 48x32: color, depth>"


def test_asking_for_an_output_that_is_not_there_says_which_are() -> None:
    frame = wall().render(CAMERA, outputs=("color", "level"))
    with pytest.raises(wz.InputError, match=r"no output 'depth'; it was asked for: color, level"):
        frame.image("depth")
    with pytest.raises(wz.InputError, match="no output 'stats'"):
        frame.image("stats")


def test_nearer_is_brighter_in_the_picture_of_depth() -> None:
    depth = np.full((4, 6), np.inf, dtype=np.float32)
    depth[2], depth[3] = 8.0, 2.0
    picture = Frame(camera=wz.Camera.home(6, 4, focal=5.0), depth=depth).image("depth")
    assert picture[3].min() > picture[2].max() > picture[:2].max() == 0


def test_a_picture_of_one_depth_is_not_black() -> None:
    frame = Frame(camera=CAMERA, depth=np.full((32, 48), 3.0, dtype=np.float32))
    assert frame.image("depth").min() > 100


def test_neighbouring_levels_have_colours_far_apart() -> None:
    for level in range(30):
        one, other = np.array(level_color(level)), np.array(level_color(level + 1))
        assert np.abs(one - other).max() > 0.25


def test_a_pixel_between_two_levels_is_between_their_colours() -> None:
    level = np.array([[3.0, 3.5, 4.0]], dtype=np.float32)
    low, mixed, high = (
        Frame(camera=wz.Camera.home(3, 1, focal=1.0), level=level).image("level")[0].astype(int)
    )
    assert np.abs(mixed - (low + high) / 2).max() <= 1


def test_statistics_hold_times_and_the_funnel(frame: Frame) -> None:
    assert frame.stats["total_ms"] > 0
    funnel = frame.stats["funnel"]
    assert 0 < funnel["contributions"] <= funnel["evaluations"]


def scattered(seed: int) -> wz.SurfelLayer:
    """Discs before, beside and behind the camera, some of them in the sky."""
    random = np.random.default_rng(seed)
    sky = np.arange(300) < 40
    points = random.normal(0.0, 2.0, (300, 3)) + np.array([0.0, 0.0, 2.0])
    points[sky] /= np.linalg.norm(points[sky], axis=1, keepdims=True)
    return wz.SurfelLayer.from_arrays(
        points, colors=random.random((300, 3)), normals=random.normal(size=(300, 3)), extents=0.2, is_sky=sky
    )


def test_a_layer_drawn_again_in_other_colours_is_drawn_the_same_to_the_last_bit() -> None:
    engine, fresh = wz.Engine(), wz.Engine()
    layer = scattered(1)
    engine.render_layer(layer, CAMERA, outputs=("color",))
    for seed in range(3):
        random = np.random.default_rng(seed)
        other = layer.with_colors(random.uniform(-1, 2, (300, 3)).astype(np.float32))
        again = engine.render_layer(other, CAMERA, outputs=("color", "coverage"), recolored=True)
        whole = fresh.render_layer(other, CAMERA, outputs=("color", "coverage"))
        assert again.color is not None and whole.color is not None and whole.coverage is not None
        assert whole.coverage.max() > 0.5
        assert again.color.tobytes() == whole.color.tobytes()
        assert again.coverage is not None and again.coverage.tobytes() == whole.coverage.tobytes()
        assert again.stats["funnel"] == whole.stats["funnel"]


@pytest.mark.parametrize("between", ["nothing", "a world", "another layer", "details"])
def test_a_layer_that_is_not_the_last_one_drawn_is_drawn_anew(between: str) -> None:
    engine, layer = wz.Engine(), scattered(2)
    whole = wz.Engine().render_layer(layer, CAMERA, outputs=("color", "depth"))
    if between != "nothing":
        engine.render_layer(layer, CAMERA, outputs=("color",))
    if between == "a world":
        engine.render(wall().snapshot(), CAMERA)
    elif between == "another layer":
        engine.render_layer(scattered(3), CAMERA)
    elif between == "details":
        engine.render_layer(layer, CAMERA, outputs=("depth",))
    again = engine.render_layer(layer, CAMERA, outputs=("color", "depth"), recolored=True)
    assert again.color is not None and whole.color is not None
    assert again.color.tobytes() == whole.color.tobytes()
    assert again.depth is not None and whole.depth is not None
    assert again.depth.tobytes() == whole.depth.tobytes()
