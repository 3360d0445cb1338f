# SPDX-License-Identifier: Apache-2.0
"""Interleaved pairs: one setting against another, A B B A, so that a machine that slows down slows both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from .measure import Progress, Settings, make_engine
from .scene import Scene

PAIRS = 30
_RESAMPLES = 4000


@dataclass(frozen=True)
class Pairs:
    """Milliseconds of each side (pairs, cameras), by the clock and of all threads' processor time."""

    clock_ms: tuple[NDArray[np.float64], NDArray[np.float64]]
    processor_ms: tuple[NDArray[np.float64], NDArray[np.float64]]

    def worst(self, *, processor: bool = False) -> tuple[int, tuple[float, float, float]]:
        """The camera whose ratio is the largest, and that ratio with its interval."""
        count = self.clock_ms[0].shape[1]
        ratios = [self.ratio(processor=processor, camera=camera) for camera in range(count)]
        camera = max(range(count), key=lambda number: ratios[number][0])
        return camera, ratios[camera]

    def ratio(self, *, processor: bool = False, camera: int | None = None) -> tuple[float, float, float]:
        """B over A: the median over the pairs of the ratio of their sums, and its 95 % bootstrap interval.

        camera: of this one alone.
        """
        first, second = self.processor_ms if processor else self.clock_ms
        which = slice(None) if camera is None else slice(camera, camera + 1)
        ratios = second[:, which].sum(axis=1) / np.maximum(first[:, which].sum(axis=1), 1e-9)
        random = np.random.default_rng(0)
        picked = ratios[random.integers(0, len(ratios), (_RESAMPLES, len(ratios)))]
        low, high = np.percentile(np.median(picked, axis=1), (2.5, 97.5))
        return float(np.median(ratios)), float(low), float(high)


def run_pairs(
    scene: Scene,
    cameras: Sequence[Camera],
    first: Settings,
    second: Settings,
    *,
    second_cameras: Sequence[Camera] | None = None,
    pairs: int = PAIRS,
    until_level: tuple[int | None, int | None] = (None, None),
    progress: Progress | None = None,
) -> Pairs:
    """Draws all cameras with A, then with B, then the other way round, `pairs` times in all, after one of each.

    second_cameras: as many, for B; the same when left out. until_level: leave out the levels above, for A and for B.
    """
    if pairs < 2:
        raise InputError(f"a comparison needs at least 2 pairs, got {pairs}")
    views = (cameras, cameras if second_cameras is None else second_cameras)
    if len(views[0]) != len(views[1]):
        raise InputError(f"both sides need as many cameras, got {len(views[0])} and {len(views[1])}")
    tell = progress or (lambda fraction, words: None)
    sides = [
        _side(scene, settings, level) for settings, level in zip((first, second), until_level, strict=True)
    ]
    for draw, seen in zip(sides, views, strict=True):
        for camera in seen:
            draw(camera)
    clock = np.zeros((2, pairs, len(cameras)))
    busy = np.zeros_like(clock)
    for pair in range(pairs):
        for side in (0, 1) if pair % 2 == 0 else (1, 0):
            for number, camera in enumerate(views[side]):
                start, used = time.perf_counter(), time.process_time()
                sides[side](camera)
                clock[side, pair, number] = 1e3 * (time.perf_counter() - start)
                busy[side, pair, number] = 1e3 * (time.process_time() - used)
        tell((pair + 1) / pairs, "drawing pairs")
    return Pairs((clock[0], clock[1]), (busy[0], busy[1]))


def parse_settings(text: str, base: Settings | None = None) -> tuple[Settings, int | None]:
    """Settings from "cull=off,lod=off,threads=1,isa=avx2,outputs=color+depth,until=3", and the last level to draw.

    Raises InputError for an unknown word.
    """
    settings, until = base or Settings(), None
    readers: dict[str, Callable[[str], dict[str, Any]]] = {
        "cull": lambda value: {"cull": _switch(value)},
        "lod": lambda value: {"lod": _switch(value)},
        "threads": lambda value: {"threads": _count(value)},
        "isa": lambda value: {"instructions": value},
        "backend": lambda value: {"backend": value},
        "outputs": lambda value: {"outputs": tuple(value.split("+"))},
    }
    for part in filter(None, text.split(",")):
        key, _, value = part.partition("=")
        if key == "until":
            until = _count(value)
        elif key in readers:
            settings = replace(settings, **readers[key](value))
        else:
            raise InputError(f"a setting must be one of {', '.join([*readers, 'until'])}, got {key!r}")
    return settings, until


def _side(scene: Scene, settings: Settings, until: int | None) -> Callable[[Camera], Any]:
    engine, snapshot = make_engine(settings), scene.world.snapshot(until_level=until)
    return lambda camera: settings.draw(engine, snapshot, camera)


def _switch(value: str) -> bool:
    if value not in ("on", "off"):
        raise InputError(f"expected on or off, got {value!r}")
    return value == "on"


def _count(value: str) -> int:
    if not value.isdecimal():
        raise InputError(f"expected a whole number of at least 0, got {value!r}")
    return int(value)
