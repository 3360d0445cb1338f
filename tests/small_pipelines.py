# SPDX-License-Identifier: Apache-2.0
"""Small pipelines that really make levels: the coarse picture enlarged, on the coarse surface.

They are what a user's own generator might be, and stand in a module so that worker processes can load them.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace

import numpy as np

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import CancelledError, GeneratorError
from wonderzoom_rt.layer import EXTENT_PER_FOOTPRINT, SurfelLayer
from wonderzoom_rt.synth.types import Cancelled, Context, LevelResult, Progress, ZoomRequest
from wonderzoom_rt.zones import zone


def view_of(context: Context, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Picture and distances of `camera`, the nearest pixels of the context (same eye)."""
    points = context.camera.project_directions(camera.rays())
    column = np.clip(points[..., 0].astype(int), 0, context.camera.width - 1)
    row = np.clip(points[..., 1].astype(int), 0, context.camera.height - 1)
    return context.picture[row, column], context.distance[row, column]


def lifted(
    lens: Camera, picture: np.ndarray, distance: np.ndarray, *, parent_focal: float, cover: np.ndarray
) -> SurfelLayer:
    """One disc a pixel, facing the eye."""
    sky = ~np.isfinite(distance)
    rays = lens.rays()
    reach = np.where(sky, 1.0, distance)
    now = reach / lens.focal
    return SurfelLayer.from_arrays(
        np.where(sky[..., None], rays, lens.eye + rays * reach[..., None]).reshape(-1, 3),
        colors=picture.reshape(-1, 3),
        normals=-rays.reshape(-1, 3),
        extents=np.repeat((EXTENT_PER_FOOTPRINT * now).reshape(-1, 1), 2, axis=1),
        now=now.reshape(-1),
        prior=(reach / parent_focal).reshape(-1) if parent_focal else np.inf,
        mask=cover.reshape(-1),
        is_sky=sky.reshape(-1),
    )


def first_level(picture: np.ndarray, distance: np.ndarray, *, focal: float) -> LevelResult:
    """Level 0 from a picture (H,W,3) and distances (H,W)."""
    lens = Camera.home(picture.shape[1], picture.shape[0], focal=focal)
    cover = np.ones(distance.shape, dtype=np.float32)
    picture = picture.astype(np.float32)
    return LevelResult(
        lens=lens,
        approach=lens,
        picture=picture,
        distance=distance,
        cover=cover,
        layer=lifted(lens, picture, distance, parent_focal=0.0, cover=cover),
        metadata={"generator": "enlarging"},
    )


def soft_cover(height: int, width: int) -> np.ndarray:
    """1 inside, falling to 0 over the outer eighth."""
    across = np.minimum(np.arange(width) + 0.5, width - np.arange(width) - 0.5) / (width / 8)
    down = np.minimum(np.arange(height) + 0.5, height - np.arange(height) - 0.5) / (height / 8)
    return np.clip(np.minimum(down[:, None], across[None, :]), 0, 1).astype(np.float32)


class EnlargingPipeline:
    """Two levels a zoom, each the nearest pixels of the context."""

    def __init__(self, *, steps: int = 2, noise: float = 0.05) -> None:
        self.steps = steps
        self.noise = noise

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        results = []
        start, end = request.parent_lens.focal, request.camera.focal
        for step in range(1, self.steps + 1):
            if cancelled():
                raise CancelledError("stopped")
            progress((step - 1) / self.steps, f"level {step}")
            results.append(
                self._level(
                    request,
                    start * (end / start) ** (step / self.steps),
                    start * (end / start) ** ((step - 1) / self.steps),
                    step,
                )
            )
        progress(1.0, "done")
        return results

    def _level(self, request: ZoomRequest, focal: float, parent_focal: float, step: int) -> LevelResult:
        camera = request.camera
        ratio = focal / camera.focal
        principal = tuple(
            (c - s / 2) * ratio + s / 2
            for c, s in zip(camera.principal, (camera.width, camera.height), strict=True)
        )
        lens = replace(camera, focal=focal, principal=principal)
        picture, distance = view_of(request.context, lens)
        random = np.random.default_rng((request.seed, step))
        picture = np.clip(picture + self.noise * random.standard_normal(picture.shape), 0, 1).astype(
            np.float32
        )
        cover = soft_cover(lens.height, lens.width)
        middle = float(distance[lens.height // 2, lens.width // 2])
        return LevelResult(
            lens=lens,
            approach=lens.approached(middle, focal=request.home.focal),
            picture=picture,
            distance=distance,
            cover=cover,
            layer=lifted(lens, picture, distance, parent_focal=parent_focal, cover=cover),
            metadata={"generator": "enlarging", "seed": request.seed, "prompt": request.prompt},
        )


class WaitingPipeline(EnlargingPipeline):
    """Waits until it is cancelled."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        progress(0.25, "waiting")
        while not cancelled():
            threading.Event().wait(0.01)
        raise CancelledError("stopped")


class DeafPipeline(EnlargingPipeline):
    """Never looks whether it was cancelled."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        progress(0.5, "deaf")
        while True:
            signal.pause()


class DyingPipeline(EnlargingPipeline):
    """Seed 1: exits with code 7; 2: is killed; 3: raises; 4: reports a GeneratorError; else works."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        if request.seed == 1:
            print("the last words of this worker", file=sys.stderr, flush=True)
            os._exit(7)
        if request.seed == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if request.seed == 3:
            raise ZeroDivisionError("one over nothing")
        if request.seed == 4:
            raise GeneratorError("no paint left")
        return super().run(request, progress=progress, cancelled=cancelled)


class SpoiltPipeline(EnlargingPipeline):
    """Returns levels that are wrong; the prompt says how."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        good = super().run(request, progress=progress, cancelled=cancelled)
        last = good[-1]
        nan = last.picture.copy()
        nan[0, 0, 0] = np.nan
        negative = last.distance.copy()
        negative[1, 1] = -1.0
        spoilt = {
            "nothing": [],
            "no surfels": [replace(last, layer=SurfelLayer.empty())],
            "nan picture": [replace(last, picture=nan)],
            "negative distance": [replace(last, distance=negative)],
            "wrong size": [replace(last, picture=last.picture[1:])],
            "cover above one": [replace(last, cover=last.cover * 2)],
            "second level": [good[0], replace(last, cover=last.cover[:, :-1])],
        }
        return spoilt[str(request.prompt)]


class ZonedPipeline(EnlargingPipeline):
    """The same, in a zone of its own."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        with zone("enlarge", value=self.steps):
            return super().run(request, progress=progress, cancelled=cancelled)
