# SPDX-License-Identifier: Apache-2.0
"""What the machine can do at most, measured now, and how much of that a frame used."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from .. import _core
from .measure import Samples, Settings

SECONDS = 0.6
"""For each of the three limits."""
_BANDWIDTH_BYTES = 1 << 28
_SORT_PAIRS, _LEAST_SORT_PAIRS = 1 << 20, 1 << 12
_SURFEL, _RECORD, _RECT_AND_KEY, _DETAIL, _ENTRY = 32, 64, 12, 32, 8
"""Bytes of a surfel in a page and of what a frame keeps of it: record, rectangle and key, what depth and normals
need, an entry of a tile's list."""
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


def limits_for(settings: Settings, samples: Samples) -> dict[str, float]:
    """The limits under the settings of a benchmark, measured once a run of the program.

    Sorted are as many entries as the tiles of a frame have, to a power of two.
    """
    pairs = max(samples.funnel["tile_entries"], _LEAST_SORT_PAIRS)
    return measure_limits(settings.threads, settings.instructions, 1 << round(np.log2(pairs)))


def utilisation(samples: Samples, limits: dict[str, float], outputs: tuple[str, ...]) -> dict[str, float]:
    """Parts of the limits, of medians: 1 is the machine's best.

    blend: evaluations a second of the blend stage. sort: pairs a second of the sort stage. memory: what a frame must
    move at least (`frame_bytes`) over the whole frame's time.
    """
    return {
        "blend": _share(samples, "blend", samples.funnel["evaluations"], limits["blended_evaluations_per_s"]),
        "sort": _share(samples, "sort", samples.funnel["tile_entries"], limits["sorted_pairs_per_s"]),
        "memory": frame_bytes(samples, outputs)
        / (1e-3 * float(np.median(samples.frame_ms)))
        / limits["read_bytes_per_s"],
    }


def frame_bytes(samples: Samples, outputs: tuple[str, ...]) -> float:
    """Bytes that a frame moves at least: each array once written and once read, rectangles once more to count."""
    count: dict[str, Any] = samples.funnel
    detail = _DETAIL if set(outputs) - {"color", "coverage"} else 0
    projected = 2 * (_RECORD + detail) + 3 * _RECT_AND_KEY
    image = sum(_PIXEL_BYTES.get(name, 4) for name in outputs) * samples.pixels
    return float(
        count["tested"] * _SURFEL
        + count["projected"] * projected
        + count["tile_entries"] * 2 * _ENTRY
        + image
    )


def _share(samples: Samples, stage: str, count: float, limit: float) -> float:
    times = samples.stages_ms.get(stage)
    median = 0.0 if times is None else float(np.median(times))
    return count / (1e-3 * median) / limit if median > 0.0 else 0.0
