# SPDX-License-Identifier: Apache-2.0
"""`recording`: everything that happens in a `with` block, as a trace, a list of hitches and a report."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .. import _core, zones
from ..camera import Camera
from ..errors import InputError
from ..frame import Frame
from . import rings
from .frame_log import FrameLog
from .hitches import Hitch, HitchWatch
from .rings import Capture
from .trace import write_trace


class Recording:
    """What a `recording` block has seen so far: `frames`, `hitches`, and `capture()`."""

    def __init__(self, begin_ns: int, *, fine: bool) -> None:
        self.frames = FrameLog()
        self.fine = fine
        self._begin_ns = begin_ns
        self._watch = HitchWatch()

    @property
    def hitches(self) -> list[Hitch]:
        """The frames that took more than twice the running median, each with the trace around it."""
        return self._watch.hitches

    def capture(self, seconds: float | None = None) -> Capture:
        """The events so far, or those of the last `seconds`."""
        return rings.capture_since(self._begin_ns) if seconds is None else rings.capture(seconds)

    def take_frame(self, frame: Frame) -> None:
        """Notes a frame that was drawn."""
        self.frames.add(frame)
        self._watch.feed(frame.stats, kind=(frame.width, frame.height))

    def finish(self) -> None:
        """Called when the block ends."""
        self._watch.finish()

    def lost_events(self) -> dict[str, int]:
        """How many events of each track were written over by newer ones: the trace begins later by so many."""
        lost: dict[str, int] = {}
        for track in self.capture().tracks:
            if track.lost > 0:
                lost[track.name] = lost.get(track.name, 0) + track.lost
        return lost

    def facts(self) -> dict[str, Any]:
        """What goes into a trace beside its events."""
        from .machine import machine_facts

        return {
            "summary": self.frames.summary(),
            "hitches": [hitch.words() for hitch in self.hitches],
            "fine": self.fine,
            "lost_events": self.lost_events(),
            **machine_facts(),
        }


@contextlib.contextmanager
def recording(
    path: str | Path | None = None,
    *,
    report: str | Path | None = None,
    fine: bool = False,
    events_per_thread: int | None = None,
    draw: Callable[[Camera], Frame] | None = None,
    title: str | None = None,
) -> Iterator[Recording]:
    """Records while the block runs; afterwards writes the trace to `path` and a one-page PNG to `report`, if given.

    fine: record each tile too. events_per_thread: see `start`.
    draw, title: see `save_report`. Inside another recording it joins that one and writes
    only what happened since it began. Raises InputError before the block runs when a file cannot come to lie there,
    WonderzoomError when it cannot be written afterwards. The block's own errors pass through, and the trace of what
    came before them is written.
    """
    for file in (path, report):
        if file is not None:
            check_target(file)
    joined = zones.is_recording()
    if not joined:
        rings.start(fine=fine, events_per_thread=events_per_thread)
    session = Recording(_core.profiler_now_ns(), fine=fine)
    zones.frame_listeners.append(session.take_frame)
    try:
        yield session
    finally:
        zones.frame_listeners.remove(session.take_frame)
        session.finish()
        if not joined:
            rings.stop()
        if path is not None:
            write_trace(session.capture(), path, facts=session.facts())
    if report is not None:
        from .report import save_report

        save_report(report, session, draw=draw, title=title)


def check_target(path: str | Path) -> None:
    """Raises InputError when a file cannot be written at `path`."""
    target = Path(path)
    folder = target.resolve().parent
    if not folder.is_dir():
        raise InputError(f"the folder {folder} for {target.name} does not exist")
    if target.is_dir():
        raise InputError(f"expected a file to write, got a folder: {path}")
    if not os.access(folder, os.W_OK):
        raise InputError(f"the folder {folder} for {target.name} may not be written to")
