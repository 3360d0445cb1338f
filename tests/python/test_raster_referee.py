# SPDX-License-Identifier: Apache-2.0
"""The CPU rasteriser against the float64 referee: unpacked to 80 dB, packed to 60 dB."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import referee
from wonderzoom_rt import Camera, SurfelLayer, World, _core
from wonderzoom_rt.engine import Engine, native_camera, settings

Array = NDArray[Any]
WIDTH, HEIGHT, FOCAL, NEAR = 72, 48, 90.0, 0.05
OUTPUTS = ("color", "coverage", "depth", "depth_median", "normal", "level")
SIZES = {"below a pixel": (0.05, 0.6), "pixels": (0.5, 4.0), "large": (4.0, 40.0)}


def turned_camera(seed: int) -> Camera:
    rng = np.random.default_rng(seed)
    q = rng.normal(size=4)
    return Camera(
        position=tuple(rng.normal(size=3) * 5),
        orientation=tuple(q / np.linalg.norm(q)),
        focal=FOCAL,
        width=WIDTH,
        height=HEIGHT,
        principal=(WIDTH / 2 + 3.3, HEIGHT / 2 - 2.1),
    )


def view_of(camera: Camera) -> referee.View:
    return referee.View(
        camera.rotation.T,
        camera.eye,
        (camera.focal, camera.focal),
        camera.principal,
        camera.width,
        camera.height,
    )


def random_layer(
    seed: int,
    count: int,
    camera: Camera,
    sizes: tuple[float, float],
    *,
    crossing: int = 0,
    sky: int = 0,
    fading: bool = False,
) -> SurfelLayer:
    """Discs in view 2..12 wu away with extents of `sizes` px; the first lie about the eye, the last are sky."""
    rng = np.random.default_rng(seed)
    z = rng.uniform(2, 12, count)
    x = (rng.uniform(-0.1, 1.1, count) * WIDTH - WIDTH / 2) / FOCAL * z
    y = (rng.uniform(-0.1, 1.1, count) * HEIGHT - HEIGHT / 2) / FOCAL * z
    local = np.stack([x, y, z], 1)
    extents = np.exp(rng.uniform(*np.log(sizes), (count, 2))) * (z / FOCAL)[:, None]
    local[:crossing] = rng.normal(size=(crossing, 3)) * [1, 1, 0.6]
    extents[:crossing] = rng.uniform(0.2, 1.5, (crossing, 2))
    is_sky = np.arange(count) >= count - sky
    local[is_sky] /= np.linalg.norm(local[is_sky], axis=1, keepdims=True)
    extents[is_sky] = rng.uniform(0.5, 3, (sky, 2)) / FOCAL
    positions = local @ camera.rotation.T + np.where(is_sky[:, None], 0, camera.eye)
    orientations = rng.normal(size=(count, 4))
    orientations /= np.linalg.norm(orientations, axis=1, keepdims=True)
    seen = np.where(is_sky, 1.0, np.linalg.norm(local, axis=1)) / FOCAL
    now = seen * np.exp2(rng.uniform(-1.5, 1, count)) if fading else seen
    prior = np.where(rng.uniform(size=count) < 0.3, np.inf, now * np.exp2(rng.uniform(0.5, 2, count)))
    mask = np.where(rng.uniform(size=count) < 0.5, 1, rng.uniform(0, 1, count))
    return SurfelLayer(
        positions=positions,
        orientations=orientations.astype(np.float32),
        extents=extents.astype(np.float32),
        colors=rng.uniform(0, 1, (count, 3)).astype(np.float32),
        opacities=rng.uniform(0.02, 1, count).astype(np.float32),
        now=now,
        prior=prior if fading else np.full(count, np.inf),
        mask=mask.astype(np.float32),
        is_sky=is_sky,
        flags=np.zeros(count, np.uint16),
    )


def discs_of(layer: SurfelLayer, camera: Camera, *, fading: bool) -> referee.Discs:
    discs = referee.Discs(
        layer.positions, layer.orientations, layer.extents, layer.colors, layer.opacities, is_sky=layer.is_sky
    )
    if not fading:
        return discs
    role, weight = referee.fade(
        referee.octaves(discs, view_of(camera)), layer.now, layer.prior, layer.mask.astype(np.float64)
    )
    return replace(discs, role=role, weight=weight)


def check(images: dict[str, Array], wanted: referee.Picture, bar_db: float) -> None:
    assert wanted.coverage.max() > 0.05, "nothing was drawn"
    assert referee.psnr(images["color"], wanted.color) >= bar_db
    assert referee.psnr(images["coverage"], wanted.coverage) >= bar_db
    seen = wanted.coverage > 0.02
    assert referee.psnr(images["normal"][seen], wanted.normal[seen]) >= bar_db - 15
    for name in ("depth", "depth_median"):
        got, exact = images[name], getattr(wanted, name)
        both = np.isfinite(got) & np.isfinite(exact)
        assert np.mean(np.isfinite(got) != np.isfinite(exact)) <= 2e-3
        if both.any():
            # One surfel more or less before T = 0.5 makes a jump of the median: nearly all pixels, not all.
            assert np.mean(np.abs(got[both] - exact[both]) <= 1e-2 * exact[both]) >= 0.99, name


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("lowpass", [True, False])
def test_layer_equals_the_referee(size: str, lowpass: bool) -> None:
    camera = turned_camera(1)
    layer = random_layer(2, 150 if size == "large" else 500, camera, SIZES[size])
    frame = Engine(threads=2).render_layer(layer, camera, outputs=OUTPUTS, near=NEAR, optical_lowpass=lowpass)
    wanted = referee.render(
        discs_of(layer, camera, fading=False),
        view_of(camera),
        near=NEAR,
        optical_lowpass=lowpass,
        background=(0, 0, 0),
    )
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)


@pytest.mark.parametrize("law", ["dissolve", "opacity", "optical"])
def test_fading_layer_equals_the_referee(law: Literal["dissolve", "opacity", "optical"]) -> None:
    camera = turned_camera(3)
    layer = random_layer(4, 450, camera, SIZES["pixels"], fading=True)
    frame = Engine(threads=2).render_layer(
        layer, camera, outputs=OUTPUTS, near=NEAR, apply_fade=True, fade_law=law
    )
    wanted = referee.render(discs_of(layer, camera, fading=True), view_of(camera), near=NEAR, law=law)
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)


@pytest.mark.parametrize("fading", [False, True])
def test_leak_equals_the_referee_and_hides_what_is_behind(fading: bool) -> None:
    camera = turned_camera(17)
    layer = random_layer(18, 500, camera, (3.0, 12.0), fading=fading)
    layer = replace(layer, opacities=np.maximum(layer.opacities, 0.6).astype(np.float32), leak=0.08)
    frame = Engine(threads=2).render_layer(layer, camera, outputs=OUTPUTS, near=NEAR, apply_fade=fading)
    discs, view = discs_of(layer, camera, fading=fading), view_of(camera)
    wanted = referee.render(discs, view, near=NEAR, leak=0.08)
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)
    through = referee.render(discs, view, near=NEAR)
    assert referee.psnr(through.color, wanted.color) < 60, "the leak makes no difference here"
    assert (frame.coverage >= through.coverage - 1e-5).all()
    assert np.mean(frame.coverage == 1.0) > np.mean(through.coverage == 1.0) + 0.2


def test_discs_about_the_eye_equal_the_referee() -> None:
    camera = turned_camera(5)
    layer = random_layer(6, 150, camera, SIZES["large"], crossing=80)
    frame = Engine(threads=1).render_layer(layer, camera, outputs=OUTPUTS, near=NEAR)
    wanted = referee.render(discs_of(layer, camera, fading=False), view_of(camera), near=NEAR)
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)


def test_sky_equals_the_referee_and_is_infinitely_far() -> None:
    camera = turned_camera(7)
    layer = random_layer(8, 500, camera, SIZES["pixels"], sky=300)
    frame = Engine(threads=1).render_layer(layer, camera, outputs=OUTPUTS, near=NEAR)
    wanted = referee.render(discs_of(layer, camera, fading=False), view_of(camera), near=NEAR)
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)
    assert np.isinf(frame.depth[(wanted.coverage > 0.2) & np.isinf(wanted.depth)]).all()


def test_depth_along_z_equals_the_referee() -> None:
    camera = turned_camera(9)
    layer = random_layer(10, 300, camera, SIZES["pixels"])
    frame = Engine(threads=1).render_layer(layer, camera, outputs=OUTPUTS, near=NEAR, depth_kind="z")
    wanted = referee.render(
        discs_of(layer, camera, fading=False), view_of(camera), near=NEAR, radial_depth=False
    )
    check({name: getattr(frame, name) for name in OUTPUTS}, wanted, 80)


def test_background_shows_where_nothing_covers() -> None:
    camera = turned_camera(11)
    layer = random_layer(12, 200, camera, SIZES["pixels"])
    background = (0.2, 0.4, 0.9)
    frame = Engine(threads=1).render_layer(
        layer, camera, outputs=("color", "coverage"), near=NEAR, background=background
    )
    wanted = referee.render(
        discs_of(layer, camera, fading=False), view_of(camera), near=NEAR, background=background
    )
    assert referee.psnr(frame.color, wanted.color) >= 80


def test_packed_world_equals_the_referee_on_what_was_put_in() -> None:
    camera = Camera.home(WIDTH, HEIGHT, focal=FOCAL)
    layer = random_layer(14, 500, camera, (0.7, 3.0))
    world = World.from_surfels(layer, camera)
    chosen = settings(("color", "coverage"), near=NEAR, apply_fade=False)
    images, _ = _core.Engine(2).render(world.snapshot(), native_camera(camera), chosen)
    wanted = referee.render(discs_of(layer, camera, fading=False), view_of(camera), near=NEAR)
    assert wanted.coverage.mean() > 0.1
    assert referee.psnr(images["color"], wanted.color) >= 60
    decoded = world.surfels(0)
    exact = referee.render(discs_of(decoded, camera, fading=False), view_of(camera), near=NEAR)
    assert referee.psnr(images["color"], exact.color) >= 70


def test_referee_notices_a_shift_of_a_hundredth_of_a_pixel() -> None:
    camera = turned_camera(15)
    layer = random_layer(16, 300, camera, SIZES["pixels"])
    discs = discs_of(layer, camera, fading=False)
    view = view_of(camera)
    moved = replace(view, principal=(view.principal[0] + 0.01, view.principal[1]))
    assert (
        referee.psnr(
            referee.render(discs, view, near=NEAR).color, referee.render(discs, moved, near=NEAR).color
        )
        < 75
    )
