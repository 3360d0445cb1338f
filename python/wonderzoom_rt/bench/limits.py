# SPDX-License-Identifier: Apache-2.0
"""What the machine can do at most, measured now, and how much of that a frame used."""

from __future__ import annotations

import functools
import time

import numpy as np

from .. import _core
from ..camera import Camera
from ..errors import InputError
from ..layer import SurfelLayer
from .measure import COLOR_AND_COVERAGE, Array, Samples, Settings, make_engine

SECONDS = 0.6
"""For each of the three limits."""
_BANDWIDTH_BYTES = 1 << 28
_SORT_PAIRS, _LEAST_SORT_PAIRS = 1 << 20, 1 << 12
_SURFEL, _RECORD, _RECT_AND_KEY, _DETAIL, _ENTRY = 32, 64, 12, 32, 8
"""Bytes of a surfel in a page and of what a frame keeps of it: record, rectangle and key, what depth and normals
need, an entry of a tile's list."""
_SHEETS, _THIN = 256, 0.02
"""Discs of the blend limit; so many of this opacity leave a pixel open."""
_PIXEL_BYTES = {"color": 12, "normal": 12, "surfel_id": 8}


@functools.cache
def measure_limits(
    threads: int, instructions: str, pairs: int = _SORT_PAIRS, seconds: float = SECONDS
) -> dict[str, float]:
    """Blended evaluations, bytes read from memory and sorted pairs a second, with this many threads (0: all).

    pairs: how many are sorted at a time; fewer stay in a cache.
    """
    return {
        "blended_evaluations_per_s": _core.blend_rate(threads, instructions, seconds),
        "read_bytes_per_s": _core.read_bandwidth(threads, _BANDWIDTH_BYTES, seconds),
        "sorted_pairs_per_s": _core.sort_rate(threads, pairs, seconds),
    }


def limits_for(settings: Settings, samples: Samples) -> dict[str, float | None]:
    """The limits under the settings of a benchmark, measured once a run of the program.

    Sorted are as many entries as the tiles of a frame have, to a power of two. Of a backend that is not the processor
    the blend rate alone is measured, by drawing; the others are None.
    """
    if settings.backend != "cpu":
        rate = drawn_blend_rate(settings)
        return {"blended_evaluations_per_s": rate, "read_bytes_per_s": None, "sorted_pairs_per_s": None}
    pairs = max(samples.funnel["tile_entries"], _LEAST_SORT_PAIRS)
    return {**measure_limits(settings.threads, settings.instructions, 1 << round(np.log2(pairs)))}


def drawn_blend_rate(settings: Settings, *, side_px: int = 1024, seconds: float = SECONDS) -> float:
    """Blended evaluations a second of the engine's blend stage where it is fastest, on whatever backend.

    Drawn are discs that fill the frame, few enough for a cache and too thin to finish a pixel; the best frame counts.
    """
    place = np.arange(_SHEETS)
    sheets = SurfelLayer.from_arrays(
        np.stack([0 * place, 0 * place, 1.0 + 1e-3 * place], axis=1), extents=20.0, opacities=_THIN
    )
    camera = Camera.home(side_px, side_px, focal=float(side_px))
    engine, best, start = make_engine(settings), 0.0, time.perf_counter()
    while best == 0.0 or time.perf_counter() - start < seconds:
        stats = engine.render_layer(sheets, camera, outputs=COLOR_AND_COVERAGE, near=0.1).stats
        took, count = stats["stages_ms"].get("blend", 0.0), stats["funnel"]["evaluations"]
        best = max(best, count / (1e-3 * took) if took > 0.0 else 0.0)
        if best == 0.0 and time.perf_counter() - start > 10.0 * seconds:
            raise InputError(f"the backend {settings.backend} tells no time of a stage named blend")
    return best


def utilisation(
    samples: Samples, limits: dict[str, float | None], outputs: tuple[str, ...]
) -> dict[str, float | None]:
    """Parts of the limits, each the median over the frames: 1 is the machine's best.

    blend: evaluations a second of the blend stage. sort: pairs a second of the sort stage. memory: what a frame must
    move at least (`frame_bytes`) over the whole frame's time. None where the limit is not known.
    """
    moved = float(np.median(frame_bytes(samples, outputs) / (1e-3 * samples.frame_ms)))
    bandwidth = limits["read_bytes_per_s"]
    return {
        "blend": _share(samples, "blend", samples.counts["evaluations"], limits["blended_evaluations_per_s"]),
        "sort": _share(samples, "sort", samples.counts["tile_entries"], limits["sorted_pairs_per_s"]),
        "memory": None if bandwidth is None else moved / bandwidth,
    }


def frame_bytes(samples: Samples, outputs: tuple[str, ...]) -> Array:
    """Bytes (runs, frames) that each frame moves at least: each array once written and once read, rectangles twice."""
    count = samples.counts
    detail = _DETAIL if set(outputs) - {"color", "coverage"} else 0
    projected = 2 * (_RECORD + detail) + 3 * _RECT_AND_KEY
    image = sum(_PIXEL_BYTES.get(name, 4) for name in outputs) * samples.pixels
    return (
        count["tested"] * _SURFEL
        + count["projected"] * projected
        + count["tile_entries"] * 2 * _ENTRY
        + image
    )


def _share(samples: Samples, stage: str, counts: Array, limit: float | None) -> float | None:
    if limit is None:
        return None
    times = samples.stages_ms.get(stage, np.zeros(counts.shape))
    rates = counts[times > 0.0] / (1e-3 * times[times > 0.0])
    return float(np.median(rates)) / limit if rates.size else 0.0
