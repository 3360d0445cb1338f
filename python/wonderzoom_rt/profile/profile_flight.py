# SPDX-License-Identifier: Apache-2.0
"""A flight through a world, frame by frame, under a recording."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import InputError
from .session import Recording, recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..flight import CameraPath
    from ..world import World

PLAIN_OUTPUTS = ("color", "coverage")


def profile_flight(
    world: World,
    path: CameraPath,
    *,
    frames: int = 120,
    seconds: float | None = None,
    size: tuple[int, int] = (960, 540),
    warmup: int = 0,
    outputs: Sequence[str] = PLAIN_OUTPUTS,
    fine: bool = False,
    trace: str | Path | None = None,
    tell: Callable[[float, str], None] | None = None,
) -> Recording:
    """Draws `frames` views spread evenly over a path, the first and the last included, and records them.

    seconds: draw for so long instead, starting over at the end of the path. warmup: frames drawn before the recording
    begins, at the path's start. fine: record each tile. trace: a file for the trace. tell: told of progress.
    Raises InputError for numbers out of range.
    """
    if not 1 <= frames <= 1_000_000:
        raise InputError(f"frames must lie in 1..1000000, got {frames}")
    if seconds is not None and not 0.0 < seconds <= 3600.0:
        raise InputError(f"seconds must lie above 0 and up to 3600, got {seconds!r}")
    if not 0 <= warmup <= 100_000:
        raise InputError(f"warmup must lie in 0..100000 frames, got {warmup}")
    cameras = [path.at(path.seconds * i / max(frames - 1, 1)).resized(*size) for i in range(frames)]
    snapshot, engine = world.snapshot(), world.engine
    for _ in range(warmup):
        engine.render(snapshot, cameras[0], outputs=outputs)
    with recording(trace, fine=fine) as session:
        begin = time.monotonic()
        number = 0
        while True:
            engine.render(snapshot, cameras[number % frames], outputs=outputs)
            number += 1
            spent = time.monotonic() - begin
            part = number / frames if seconds is None else min(spent / seconds, 1.0)
            if tell is not None:
                tell(part, f"frame {number}")
            if part >= 1.0:
                return session
