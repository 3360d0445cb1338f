# SPDX-License-Identifier: Apache-2.0
"""A flight through a world, frame by frame, under a recording."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .session import Recording, recording

if TYPE_CHECKING:
    from ..camera import Camera
    from ..engine import Engine
    from ..world import World

PLAIN_OUTPUTS = ("color", "coverage")
MOST_SECONDS = 3600.0


def profile_flight(
    world: World,
    cameras: Sequence[Camera],
    *,
    engine: Engine | None = None,
    seconds: float | None = None,
    warmup: int = 0,
    outputs: Sequence[str] = PLAIN_OUTPUTS,
    fine: bool = False,
    trace: str | Path | None = None,
    tell: Callable[[float, str], None] | None = None,
) -> Recording:
    """Draws the view of each camera once, and records it.

    engine: what draws; left out, the world's. seconds: draw for so long instead, starting over after the last camera.
    warmup: frames from the first camera before the recording begins. fine: record each tile. trace: a file for the
    trace. tell: told of progress. Raises InputError for numbers out of range.
    """
    check_flight(len(cameras), seconds, warmup)
    snapshot, engine = world.snapshot(), engine or world.engine
    for _ in range(warmup):
        engine.render(snapshot, cameras[0], outputs=outputs)
    with recording(trace, fine=fine) as session:
        begin = time.monotonic()
        number = 0
        while True:
            engine.render(snapshot, cameras[number % len(cameras)], outputs=outputs)
            number += 1
            spent = time.monotonic() - begin
            part = number / len(cameras) if seconds is None else min(spent / seconds, 1.0)
            if tell is not None:
                tell(part, f"frame {number}")
            if part >= 1.0:
                return session


def check_flight(frames: int, seconds: float | None, warmup: int) -> None:
    """Raises InputError for numbers that make no flight."""
    if not 1 <= frames <= 1_000_000:
        raise InputError(f"frames must lie in 1..1000000, got {frames}")
    if seconds is not None and not 0.0 < seconds <= MOST_SECONDS:
        raise InputError(f"seconds must lie above 0 and up to {MOST_SECONDS:g}, got {seconds!r}")
    if not 0 <= warmup <= 100_000:
        raise InputError(f"warmup must lie in 0..100000 frames, got {warmup}")
