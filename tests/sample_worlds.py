# SPDX-License-Identifier: Apache-2.0
"""Worlds of a small photograph on made-up ground, zoomed by a small pipeline, and how to look at them."""

from __future__ import annotations

from typing import Any

import numpy as np

import wonderzoom_rt as wz
from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt.synth.types import LevelResult

HORIZON = 50
FOCAL = 240.0
TARGET = (0.5, 0.7)


def made(photograph: np.ndarray) -> wz.World:
    """The dandelions on ground 1.5 wu below the eye, sky above row 50."""
    height, width = photograph.shape[:2]
    down = wz.Camera.home(width, height, focal=FOCAL).rays()[..., 1]
    ground = 1.5 / np.maximum(down, 0.06)
    ground[:HORIZON] = np.inf
    world = wz.World()
    world.commit(first_level(photograph.astype(np.float32) / 255, ground, focal=FOCAL), parent=None)
    return world


def zoomed(
    world: wz.World, factor: float = 8.0, *, at: tuple[float, float] = TARGET, seed: int = 0
) -> list[LevelResult]:
    """The levels of a zoom, not yet in the world."""
    request = world.request(world.home.zoomed(factor, at=at), seed=seed)
    return EnlargingPipeline().run(request, progress=lambda *_: None, cancelled=lambda: False)


def color(world: wz.World, camera: wz.Camera, **options: Any) -> np.ndarray:
    frame = world.render(camera, outputs=("color",), **options)
    assert frame.color is not None
    return frame.color


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a - b) ** 2)))
