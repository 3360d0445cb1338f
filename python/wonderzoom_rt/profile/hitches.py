# SPDX-License-Identifier: Apache-2.0
"""`HitchWatch`: notices frames that took far longer than their neighbours, and keeps the trace around them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from .. import zones
from ..errors import InputError
from .rings import Capture, capture

FACTOR = 2.0
"""A frame is a hitch when it takes longer than this many running medians."""
WINDOW = 120
LEAST_FRAMES = 8
FRAMES_AFTER = 8


@dataclass(frozen=True, eq=False)
class Hitch:
    """A frame that took too long. frame: its number from 0. Times in ms; medians are of the frames before it.

    stage: the one that grew most. capture: the trace around it; None when it was not kept, or too little came after.
    """

    frame: int
    total_ms: float
    median_ms: float
    stage: str
    stage_ms: float
    stage_median_ms: float
    capture: Capture | None = None

    def words(self) -> str:
        """What happened, in one line."""
        return (
            f"frame {self.frame} took {self.total_ms:.1f} ms, {self.total_ms / self.median_ms:.1f} times the median "
            f"{self.median_ms:.1f} ms: {self.stage} grew from {self.stage_median_ms:.1f} to {self.stage_ms:.1f} ms"
        )


class HitchWatch:
    """Feed it the stats of each frame; `hitches` holds what it found.

    factor: how many running medians make a hitch. window: how many frames the median is of. seconds: how much trace is
    kept around each hitch, of the newest `most_captures` ones. take: makes a capture of so many seconds; None keeps
    none.
    """

    def __init__(
        self,
        *,
        factor: float = FACTOR,
        window: int = WINDOW,
        seconds: float = 3.0,
        most_captures: int = 8,
        take: Callable[[float], Capture] | None = capture,
    ) -> None:
        if not factor > 1.0:
            raise InputError(f"factor must be above 1, got {factor!r}")
        if window < LEAST_FRAMES:
            raise InputError(f"window must be at least {LEAST_FRAMES} frames, got {window}")
        self.hitches: list[Hitch] = []
        self._factor, self._window, self._seconds = factor, window, seconds
        self._most, self._take = most_captures, take
        self._totals: dict[Any, deque[float]] = {}
        self._stages: dict[Any, deque[dict[str, float]]] = {}
        self._count = 0
        self._waiting: list[tuple[int, int]] = []  # (index of a hitch, frame after which its trace is taken)

    def feed(self, stats: Mapping[str, Any], *, kind: Any = None) -> Hitch | None:
        """Takes the next frame's `Frame.stats`; the hitch when it is one.

        kind: frames are compared with those of the same kind, such as the same size.
        """
        total, stages = float(stats["total_ms"]), dict(stats["stages_ms"])
        totals = self._totals.setdefault(kind, deque(maxlen=self._window))
        history = self._stages.setdefault(kind, deque(maxlen=self._window))
        hitch = None
        if len(totals) >= LEAST_FRAMES and total > self._factor * (usual := median(totals)):
            hitch = self._found(total, usual, stages, history)
        totals.append(total)
        history.append(stages)
        self._count += 1
        self._take_due(self._count)
        return hitch

    def finish(self) -> None:
        """Takes the traces of hitches at the end, though fewer frames than usual came after them."""
        self._take_due(self._count + FRAMES_AFTER)

    def _found(
        self, total: float, usual: float, stages: dict[str, float], history: deque[dict[str, float]]
    ) -> Hitch:
        stages["other"] = max(total - sum(stages.values()), 0.0)
        before = {
            name: median(frame.get(name, 0.0) for frame in history) for name in stages if name != "other"
        }
        before["other"] = max(usual - sum(before.values()), 0.0)
        stage = max(stages, key=lambda name: stages[name] - before[name])
        hitch = Hitch(self._count, total, usual, stage, stages[stage], before[stage])
        zones.instant(f"hitch: {stage}", self._count)
        self.hitches.append(hitch)
        self._waiting.append((len(self.hitches) - 1, self._count + FRAMES_AFTER))
        return hitch

    def _take_due(self, now: int) -> None:
        due = [index for index, after in self._waiting if after < now]
        if not due:
            return
        self._waiting = [(index, after) for index, after in self._waiting if after >= now]
        if self._take is None:
            return
        kept = self._take(self._seconds)
        for index in due:
            self.hitches[index] = replace(self.hitches[index], capture=kept)
        old = [index for index, hitch in enumerate(self.hitches) if hitch.capture is not None][: -self._most]
        for index in old:
            self.hitches[index] = replace(self.hitches[index], capture=None)
