# SPDX-License-Identifier: Apache-2.0
"""Zoomed-out pictures of discs smaller than a pixel against eight times eight as many pixels, averaged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import referee
from wonderzoom_rt import Camera, SurfelLayer
from wonderzoom_rt.engine import Engine

Array = NDArray[Any]
WIDTH, HEIGHT, FOCAL, DISTANCE, PERIOD = 48, 40, 400.0, 10.0, 24.0


def wall(shrink: float, *, tilt: float = 0.0, relief_px: float = 0.0, opacity: float = 0.97) -> SurfelLayer:
    """One disc a native pixel on a wall with a smooth picture, 1.4 times the frame at 1 / shrink of its size."""
    columns, rows = int(WIDTH * shrink * 1.4), int(HEIGHT * shrink * 1.4)
    y, x = np.mgrid[:rows, :columns] + 0.5
    u, v = (x - columns / 2) / shrink, (y - rows / 2) / shrink
    waves = [
        np.sin(2 * np.pi * u / PERIOD),
        np.sin(2 * np.pi * v / PERIOD + 1),
        np.sin(2 * np.pi * (u + v) / PERIOD / 1.4),
    ]
    colors = np.stack([0.5 + 0.3 * w for w in waves], -1).reshape(-1, 3)
    z = DISTANCE * (1 + tilt * (y / rows - 0.5))
    z = z + relief_px * DISTANCE / FOCAL * np.random.default_rng(5).normal(size=z.shape)
    positions = np.stack([(x - columns / 2) / FOCAL * z, (y - rows / 2) / FOCAL * z, z], -1).reshape(-1, 3)
    angle = np.arctan(tilt * FOCAL / rows)
    count = len(positions)
    side = 0.7 * z.reshape(-1, 1) / FOCAL
    return SurfelLayer(
        positions=positions,
        orientations=np.tile(np.float32([np.cos(angle / 2), -np.sin(angle / 2), 0, 0]), (count, 1)),
        extents=np.concatenate([side, side / np.cos(angle)], 1).astype(np.float32),
        colors=colors.astype(np.float32),
        opacities=np.full(count, opacity, np.float32),
        now=np.full(count, DISTANCE / FOCAL),
        prior=np.full(count, np.inf),
        mask=np.ones(count, np.float32),
        is_sky=np.zeros(count, bool),
        flags=np.zeros(count, np.uint16),
    )


def shrunk_and_averaged(
    layer: SurfelLayer, shrink: float, *, lowpass: bool = True
) -> tuple[Array, Array, Array, Array]:
    """Colour and coverage at the shrunk size, and the means of 8 x 8 as many pixels, without the border."""
    engine = Engine(threads=2)

    def draw(factor: int) -> tuple[Array, Array]:
        w, h = WIDTH * factor, HEIGHT * factor
        camera = Camera(
            position=(0, 0, 0),
            orientation=(1, 0, 0, 0),
            focal=FOCAL / shrink * factor,
            width=w,
            height=h,
            principal=(w / 2, h / 2),
        )
        frame = engine.render_layer(layer, camera, outputs=("color", "coverage"), optical_lowpass=lowpass)
        return frame.color, frame.coverage

    (color, coverage), (fine, fine_coverage) = draw(1), draw(8)
    inner = (slice(3, -3), slice(3, -3))
    mean_color = fine.reshape(HEIGHT, 8, WIDTH, 8, 3).mean((1, 3))
    mean_coverage = fine_coverage.reshape(HEIGHT, 8, WIDTH, 8).mean((1, 3))
    return color[inner], coverage[inner], mean_color[inner], mean_coverage[inner]


@pytest.mark.parametrize("shrink", [1.0, 2.0, 2.83, 4.0, 8.0])
@pytest.mark.parametrize("tilt", [0.0, 0.5])
def test_shrunk_wall_with_relief_equals_its_supersampled_picture(shrink: float, tilt: float) -> None:
    color, coverage, mean_color, mean_coverage = shrunk_and_averaged(
        wall(shrink, tilt=tilt, relief_px=2), shrink
    )
    assert referee.psnr(color, mean_color) >= 35
    assert referee.psnr(coverage, mean_coverage) >= 35


@pytest.mark.parametrize("shrink", [1.0, 2.0, 2.83, 4.0, 8.0])
def test_shrunk_flat_wall_stays_closed(shrink: float) -> None:
    # Perfectly flat: the side nearer to the axis is in front of all others, which moves the picture by half a pixel.
    color, coverage, mean_color, mean_coverage = shrunk_and_averaged(wall(shrink), shrink)
    assert coverage.min() >= 0.97
    assert referee.psnr(coverage, mean_coverage) >= 38
    assert referee.psnr(color, mean_color) >= 34


def test_without_the_correction_the_shrunk_wall_is_worse() -> None:
    layer = wall(4.0, relief_px=2)
    color, _, mean_color, _ = shrunk_and_averaged(layer, 4.0, lowpass=False)
    assert referee.psnr(color, mean_color) < 35
