# SPDX-License-Identifier: Apache-2.0
"""Draws a path frame by frame and keeps what each frame took."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .. import _core
from ..camera import Camera
from ..device_frame import DeviceFrame
from ..engine import BackendName, Engine
from ..errors import DeviceError, InputError
from ..frame import Frame
from .scene import Scene

Array = NDArray[np.float64]
Progress = Callable[[float, str], None]

COLOR_AND_COVERAGE = ("color", "coverage")
BACKENDS = ("cpu", "cuda")
_HOST_STAGES = ("select", "load", "list")
"""Done by the processor, whatever draws."""
_MOST_DRAWS = 5
"""Of one frame, when scratch memory of a GPU did not suffice, as in `Engine.render`."""


@dataclass(frozen=True)
class Settings:
    """How to draw. threads 0: one a hardware thread. instructions: "best" or a set by name.

    cull: leave out pages and runs that a view does not need; off, every surfel of the world is looked at and the
    picture is the same. lod: each level where its footprints are seen; off, all levels are drawn over each other.
    """

    outputs: tuple[str, ...] = COLOR_AND_COVERAGE
    backend: str = "cpu"
    instructions: str = "best"
    threads: int = 0
    cull: bool = True
    lod: bool = True

    def draw(self, engine: Engine, snapshot: _core.Snapshot, camera: Camera) -> Frame | DeviceFrame:
        """One frame as these settings want it, finished. On a GPU it stays there: reading it back is not drawing."""
        wishes: dict[str, Any] = {"outputs": self.outputs, "cull": self.cull, "apply_fade": self.lod}
        if engine.backend == "cpu":
            return engine.render(snapshot, camera, **wishes)
        for _ in range(_MOST_DRAWS):
            frame = engine.render_on_device(snapshot, camera, **wishes)
            if frame.wait():
                return frame
        raise DeviceError("a frame needs more scratch memory than the GPU gives it")


def stats_of(drawn: Frame | DeviceFrame) -> dict[str, Any]:
    """What a finished frame says of itself."""
    return drawn.stats if isinstance(drawn, Frame) else drawn.finished_stats()


@dataclass(frozen=True)
class Samples:
    """What was measured: arrays (runs, frames).

    frame_ms: from the call until the images are there, on a GPU in its memory. processor_ms: of all threads.
    stages_ms: by stage, as the engine timed them. counts: of the funnel, by name. pixels: of a frame. gpu_ms, host_ms:
    of frames on a GPU, what its own timers say of all stages, and the native call that starts a frame; else None.
    """

    frame_ms: Array
    processor_ms: Array
    stages_ms: dict[str, Array]
    counts: dict[str, Array]
    pixels: int
    gpu_ms: Array | None = None
    host_ms: Array | None = None

    @property
    def funnel(self) -> dict[str, float]:
        """Mean counts a frame."""
        return {name: float(counts.mean()) for name, counts in self.counts.items()}


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings ask for. Raises InputError or DeviceError when it is not to be had."""
    if settings.backend not in BACKENDS:
        raise InputError(f"the backend must be one of {', '.join(BACKENDS)}, got {settings.backend!r}")
    return Engine(
        threads=settings.threads,
        instructions=settings.instructions,
        backend=cast(BackendName, settings.backend),
    )


def measure(
    scene: Scene,
    cameras: Sequence[Camera],
    settings: Settings,
    *,
    warmup: int = 10,
    runs: int = 1,
    progress: Progress | None = None,
) -> Samples:
    """Draws the cameras in order, `runs` times, after `warmup` frames that are not counted."""
    engine = make_engine(settings)
    snapshot = scene.world.snapshot()
    tell = progress or (lambda fraction, words: None)
    total = warmup + runs * len(cameras)
    done = 0

    def draw(camera: Camera) -> tuple[float, float, dict[str, Any]]:
        nonlocal done
        busy, start = time.process_time(), time.perf_counter()
        drawn = settings.draw(engine, snapshot, camera)
        wall = time.perf_counter() - start
        busy = time.process_time() - busy
        done += 1
        tell(done / total, "drawing")
        return 1e3 * wall, 1e3 * busy, stats_of(drawn)

    for number in range(warmup):
        draw(cameras[number % len(cameras)])
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        drawn = [[draw(camera) for camera in cameras] for _ in range(runs)]
    finally:
        if collecting:
            gc.enable()
    return _samples(drawn, cameras, on_device=engine.backend != "cpu")


def _samples(
    drawn: Sequence[Sequence[tuple[float, float, dict[str, Any]]]],
    cameras: Sequence[Camera],
    *,
    on_device: bool,
) -> Samples:
    names = list(drawn[0][0][2]["stages_ms"])
    stages = {
        name: np.array([[stats["stages_ms"].get(name, 0.0) for _, _, stats in run] for run in drawn])
        for name in names
    }
    frame = np.array([[wall for wall, _, _ in run] for run in drawn])
    gpu = sum((times for name, times in stages.items() if name not in _HOST_STAGES), np.zeros_like(frame))
    host = np.array([[stats["total_ms"] for _, _, stats in run] for run in drawn])
    stages["other"] = np.maximum(frame - sum(stages.values()), 0.0)
    counts = {
        name: np.array([[stats["funnel"][name] for _, _, stats in run] for run in drawn], dtype=np.float64)
        for name in drawn[0][0][2]["funnel"]
    }
    return Samples(
        frame_ms=frame,
        processor_ms=np.array([[busy for _, busy, _ in run] for run in drawn]),
        stages_ms=stages,
        counts=counts,
        pixels=cameras[0].width * cameras[0].height,
        gpu_ms=gpu if on_device else None,
        host_ms=host if on_device else None,
    )
