# SPDX-License-Identifier: Apache-2.0
"""Depth of a zoom: agrees with its context, jumps where the picture does, has relief, at every depth."""

from __future__ import annotations

import numpy as np
import pytest

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.guide import coarse_means, coarse_view, guided_distance
from wonderzoom_rt.synth.register import fit_scale_shift, register_estimate, zoom_distance
from wonderzoom_rt.synth.relief import RELIEF_MOST_PX, relief_px
from wonderzoom_rt.synth.slopes import measure_slopes
from wonderzoom_rt.synth.types import Context

cv2 = pytest.importorskip("cv2")

HOME = Camera.home(272, 184, focal=1024.0)
RATIO = 2.0**1.5


def noise(shape: tuple[int, int], seed: int, grain: float = 2.0) -> np.ndarray:
    values = cv2.GaussianBlur(
        np.random.default_rng(seed).normal(size=shape).astype(np.float32), (0, 0), grain
    )
    return (values / values.std()).astype(np.float32)


def picture_of(camera: Camera, seed: int = 0) -> np.ndarray:
    grey = np.clip(0.45 + 0.12 * noise((camera.height, camera.width), seed), 0, 1)
    return np.repeat(grey[..., None], 3, axis=2)


def hillside(camera: Camera, away: float = 9.0) -> np.ndarray:
    """Distances to a slanted plane through the view's middle, for any zoom of HOME."""
    normal = np.array([0.2, -0.75, -0.6])
    normal /= np.linalg.norm(normal)
    return away * (normal @ camera.central_ray) / (camera.rays() @ normal)


def deep(octaves: int) -> Camera:
    camera = HOME
    for _ in range(octaves // 3):
        camera = camera.zoomed(8, at=(0.45, 0.55))
    return camera


def context_of(camera: Camera, distance: np.ndarray, seed: int = 5) -> Context:
    return Context(
        camera=camera,
        picture=picture_of(camera, seed),
        distance=distance,
        mask=np.ones(distance.shape, np.float32),
    )


def off(distance: np.ndarray, context: Context, camera: Camera) -> np.ndarray:
    """How far means over whole coarse pixels are off, over D_eff."""
    view = coarse_view(context.picture, context.distance, context.camera, camera)
    means, whole = coarse_means(np.where(np.isfinite(distance), distance, 0), view)
    edge = (
        cv2.dilate(
            (measure_slopes(view.distance, view.focal).edge).astype(np.uint8), np.ones((3, 3), np.uint8)
        )
        > 0
    )
    chosen = whole & ~edge & np.isfinite(view.distance)
    return np.abs(means - view.distance)[chosen] / (view.distance[chosen] / camera.focal * HOME.focal)


@pytest.mark.parametrize("octaves", [0, 12, 33])
def test_coarse_means_are_the_contexts_within_the_bars(octaves):
    parent = deep(octaves)
    context = context_of(parent, hillside(parent))
    camera = parent.zoomed(RATIO, at=(0.4, 0.6))
    distance = zoom_distance(context, camera, picture_of(camera), home_focal=HOME.focal)
    deviation = off(distance, context, camera)
    assert np.median(deviation) <= 0.005 and np.percentile(deviation, 99) <= 0.02


@pytest.mark.parametrize("octaves", [0, 33])
def test_relief_is_seen_from_5_degrees(octaves):
    parent = deep(octaves)
    context = context_of(parent, hillside(parent))
    camera = parent.zoomed(RATIO, at=(0.4, 0.6))
    distance = zoom_distance(context, camera, picture_of(camera), home_focal=HOME.focal)
    heights = (
        (distance - hillside(camera, 9.0 * 1.0) * (np.median(distance) / np.median(hillside(camera))))
        * camera.focal
        / 9.0
    )
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
    basis = np.stack([rows.ravel(), columns.ravel(), np.ones(rows.size)], axis=1)
    rest = heights.ravel() - basis @ np.linalg.lstsq(basis, heights.ravel(), rcond=None)[0]
    assert np.sqrt((rest**2).mean()) * np.sin(np.radians(5)) >= 0.25
    assert np.abs(rest).max() < 40


def test_without_relief_a_plane_stays_a_plane_to_a_hundredth_of_a_pixel():
    parent = deep(0)
    camera = parent.zoomed(RATIO, at=(0.4, 0.6))
    truth = hillside(parent)
    exact = hillside(camera) * (9.0 / 9.0)
    view = coarse_view(picture_of(parent), truth, parent, camera)
    distance = guided_distance(view, picture_of(camera))
    scale = truth[92, 136] / hillside(parent)[92, 136]
    normal = np.array([0.2, -0.75, -0.6]) / np.linalg.norm([0.2, -0.75, -0.6])
    exact = 9.0 * scale * (normal @ parent.central_ray) / (camera.rays() @ normal)
    inside = (slice(8, -8), slice(8, -8))
    assert (np.abs(distance - exact) * camera.focal / exact)[inside].max() < 0.05


def test_jumps_lie_on_the_edges_of_the_new_picture():
    camera = HOME.zoomed(RATIO, at=(0.5, 0.5))
    rows, columns = np.mgrid[0:184, 0:272]
    fine_disc = (columns - 136) ** 2 + (rows - 92) ** 2 < 60**2
    big = np.kron(fine_disc.astype(np.float32), np.ones((1, 1), np.float32))
    away = HOME.zoomed(RATIO, at=(0.5, 0.5))
    x, y = np.meshgrid((np.arange(272) + 0.5 - 136) * RATIO + 136, (np.arange(184) + 0.5 - 92) * RATIO + 92)
    coarse_disc = (x - 136) ** 2 + (y - 92) ** 2 < 60**2
    picture = np.where(big[..., None] > 0, np.float32([0.8, 0.7, 0.3]), np.float32([0.1, 0.3, 0.2])).astype(
        np.float32
    )
    coarse = np.where(
        coarse_disc[..., None], np.float32([0.8, 0.7, 0.3]), np.float32([0.1, 0.3, 0.2])
    ).astype(np.float32)
    context = Context(
        camera=HOME,
        picture=coarse,
        distance=np.where(coarse_disc, 3.0, 12.0),
        mask=np.ones((184, 272), np.float32),
    )
    distance = zoom_distance(context, away, picture, home_focal=HOME.focal)
    near = distance < 6
    assert (near ^ fine_disc).mean() < 0.004
    assert not ((distance > 3.3) & (distance < 11)).any(), "nothing hangs between the two surfaces"
    assert camera == away


def test_sky_stays_sky_and_ends_where_the_picture_says():
    camera = HOME.zoomed(RATIO, at=(0.5, 0.5))
    rows = np.arange(184)[:, None] * np.ones((1, 272))
    picture = np.where(
        (rows < 92)[..., None], np.float32([0.5, 0.7, 1.0]), np.float32([0.3, 0.25, 0.2])
    ).astype(np.float32)
    context = Context(
        camera=HOME,
        picture=picture,
        distance=np.where(rows < 92, np.inf, 5.0),
        mask=np.ones((184, 272), np.float32),
    )
    distance = zoom_distance(context, camera, picture, home_focal=HOME.focal)
    assert np.isinf(distance[:90]).all() and np.isfinite(distance[94:]).all()
    all_sky = Context(camera=HOME, picture=picture, distance=np.full((184, 272), np.inf), mask=context.mask)
    assert np.isinf(zoom_distance(all_sky, camera, picture, home_focal=HOME.focal)).all()


def test_dark_is_deep_and_light_stands_out():
    picture = np.full((96, 128, 3), 0.5, np.float32)
    picture[40:56, 30:46] = 0.9
    picture[40:56, 80:96] = 0.1
    heights = relief_px(picture)
    assert heights[48, 38] > 3 and heights[48, 88] < -3
    assert np.abs(heights).max() <= RELIEF_MOST_PX and abs(heights.mean()) < 1.5


def test_a_flat_picture_gets_no_relief():
    assert np.abs(relief_px(np.full((64, 64, 3), 0.4, np.float32))).max() < 1e-3


def test_another_eye_is_refused():
    context = context_of(HOME, hillside(HOME))
    elsewhere = Camera((1.0, 0, 0), (1, 0, 0, 0), 3000.0, 272, 184)
    with pytest.raises(InputError, match="eye of its context"):
        zoom_distance(context, elsewhere, picture_of(elsewhere), home_focal=HOME.focal)


def test_scale_and_shift_are_found_among_outliers():
    generator = np.random.default_rng(0)
    truth = generator.random(5000) * 10 + 2
    estimate = (truth - 3.5) / 0.4 + generator.normal(size=5000) * 0.01
    estimate[::4] = generator.random(1250) * 50
    scale, shift = fit_scale_shift(estimate, truth)
    assert scale == pytest.approx(0.4, rel=2e-3) and shift == pytest.approx(3.5, abs=0.02)
    with pytest.raises(InputError, match="at least 8"):
        fit_scale_shift(estimate[:5], truth[:5])


@pytest.mark.parametrize("octaves", [0, 33])
def test_an_estimate_right_up_to_scale_is_brought_onto_the_context(octaves):
    parent = deep(octaves)
    context = context_of(parent, hillside(parent))
    camera = parent.zoomed(RATIO, at=(0.4, 0.6))
    truth = zoom_distance(context, camera, picture_of(camera), home_focal=HOME.focal)
    unit = truth.mean() / camera.focal
    estimate = (truth - truth.mean()) / unit * 0.013 + 4.0 + 0.02 * noise(truth.shape, 9, 20.0)
    segments = np.zeros(truth.shape, np.int32)
    segments[:, 150:] = 1
    estimate[:, 150:] += 1.0
    registered = register_estimate(estimate, context, camera, home_focal=HOME.focal, segments=segments)
    deviation = off(registered, context, camera)
    assert np.median(deviation) <= 0.005 and np.percentile(deviation, 98) <= 0.02
    fine = (registered - truth) / unit
    fine -= cv2.blur(fine, (15, 15))
    assert np.abs(fine[20:-20, 20:130]).mean() < 2.0
