# SPDX-License-Identifier: Apache-2.0
"""From samples to the result of a benchmark: plain values, the same keys for ever."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .limits import frame_bytes, utilisation
from .machine import commit, peak_memory_bytes
from .measure import Samples, Settings
from .scene import Scene

FORMAT = 1
FUNNEL = ("tested", "projected", "visible", "tile_entries", "evaluations", "contributions")
PAGES = ("pages_tested", "pages_selected")
_DIGITS = 5
Array = NDArray[np.float64]


def result_of(
    scene: Scene,
    samples: Samples,
    settings: Settings,
    limits: dict[str, float | None],
    *,
    where: dict[str, Any],
    path: str,
    size: tuple[int, int],
    warmup: int,
) -> dict[str, Any]:
    """Everything that `wonderzoom bench` reports; times in ms, counts a frame (means), sizes in bytes.

    where: the machine as it was before.
    """
    runs, frames = samples.frame_ms.shape
    fps, low = rates(samples.frame_ms)
    return {
        "format": FORMAT,
        "scene": {"name": scene.name, **scene.facts},
        "frame_ms": {**percentiles(samples.frame_ms), "mean": rounded(samples.frame_ms.mean())},
        "fps": rounded(fps),
        "low1_fps": rounded(low),
        "stages_ms": {
            name: {key: percentiles(times)[key] for key in ("p50", "p95")}
            for name, times in samples.stages_ms.items()
        },
        "processor_ms": {"p50": rounded(np.median(samples.processor_ms))},
        "gpu_ms": None if samples.gpu_ms is None else percentiles(samples.gpu_ms),
        "host_ms": None if samples.host_ms is None else percentiles(samples.host_ms),
        "funnel": funnel(samples),
        "memory": {
            "peak_bytes": peak_memory_bytes(),
            "world_bytes": world_bytes(scene),
            "frame_bytes_moved": round(float(frame_bytes(samples, settings.outputs).mean())),
        },
        "limits": {name: known(rate) for name, rate in limits.items()},
        "utilisation": {
            name: known(part) for name, part in utilisation(samples, limits, settings.outputs).items()
        },
        "machine": where,
        "commit": commit(),
        "settings": {
            "path": path,
            "size": list(size),
            "frames": frames,
            "warmup": warmup,
            "runs": runs,
            "outputs": list(settings.outputs),
            "backend": settings.backend,
            "instructions": settings.instructions,
            "instructions_used": instructions_used(settings),
            "threads": settings.threads,
            "cull": settings.cull,
            "lod": settings.lod,
        },
        "samples": {
            "frame_ms": compact(samples.frame_ms),
            "processor_ms": compact(samples.processor_ms),
            "stages_ms": {name: compact(times) for name, times in samples.stages_ms.items()},
        },
    }


def instructions_used(settings: Settings) -> str | None:
    """What the wish for instructions comes to on this machine; None where the processor does not draw."""
    from .. import _core

    return _core.instructions_used(settings.instructions) if settings.backend == "cpu" else None


def percentiles(times: Array) -> dict[str, float]:
    """P50, P95, P99 and P99.9 of all samples, in their own unit."""
    found = np.percentile(times, (50.0, 95.0, 99.0, 99.9))
    return {name: rounded(value) for name, value in zip(("p50", "p95", "p99", "p999"), found, strict=True)}


def rates(frame_ms: Array) -> tuple[float, float]:
    """Frames a second over all frames, and over the slowest hundredth of them (at least one)."""
    slowest = np.sort(frame_ms.ravel())[-max(1, math.ceil(frame_ms.size / 100)) :]
    return 1e3 / float(frame_ms.mean()), 1e3 / float(slowest.mean())


def funnel(samples: Samples) -> dict[str, float]:
    """Mean counts a frame, from surfels looked at to contributions, and contributions a pixel."""
    counts = samples.funnel
    pages = [name for name in counts if name not in FUNNEL]
    made: dict[str, float] = {name: round(counts[name], 1) for name in (*pages, *FUNNEL)}
    made["contributions_per_pixel"] = rounded(counts["contributions"] / samples.pixels)
    return made


def world_bytes(scene: Scene) -> int:
    """Bytes of the surfels of the whole world as its pages hold them."""
    from .. import _core

    return sum(level.surfel_count for level in scene.world.levels) * int(_core.SURFEL_BYTES)


def rounded(value: Any) -> float:
    """To five digits: no timer knows more, and files stay small."""
    number = float(value)
    return float(f"{number:.{_DIGITS}g}") if math.isfinite(number) else number


def known(value: float | None) -> float | None:
    """The value, rounded; None where it is not known."""
    return None if value is None else rounded(value)


def compact(times: Array) -> list[list[float]]:
    """Samples (runs, frames) for JSON."""
    return [[float(f"{value:.4g}") for value in run] for run in times]
