# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping the recording, and taking out what the rings hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _core, zones
from ..errors import InputError

Numbers = NDArray[np.float64]

ZONE, COUNTER, INSTANT = 0, 1, 2
"""Kinds of events, as in `Track.kind`."""
EVENTS_PER_THREAD = 1 << 16
FINE_EVENTS_PER_THREAD = 1 << 19
"""With fine zones every tile of every frame is an event; this holds some seconds of them."""
_MOST_EVENTS = 1 << 24


@dataclass(frozen=True, eq=False)
class Track:
    """The events of one thread, in the order they ended in: arrays (N,).

    begin_ns, end_ns uint64: equal but for zones. name_index uint32: into `names`. kind uint8: ZONE, COUNTER or
    INSTANT. value float64: of counters, and of zones and instants that carry one, else NaN. lost: older events that
    were written over. process: the id of the process, thread: of the thread.
    """

    name: str
    process: int
    thread: int
    lost: int
    names: tuple[str, ...]
    begin_ns: NDArray[np.uint64]
    end_ns: NDArray[np.uint64]
    name_index: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.kind)

    def selected(self, name: str, kind: int = ZONE) -> NDArray[np.intp]:
        """Indices of the events of that name and kind."""
        if name not in self.names:
            return np.zeros(0, dtype=np.intp)
        return np.flatnonzero((self.name_index == self.names.index(name)) & (self.kind == kind))


@dataclass(frozen=True, eq=False)
class Capture:
    """What was recorded between two moments, of all threads and of the worker processes that sent theirs."""

    tracks: tuple[Track, ...]
    processes: dict[int, str]
    begin_ns: int
    end_ns: int

    def durations_ms(self, name: str) -> NDArray[np.float64]:
        """How long each zone of that name took, by its begin, all threads together."""
        begins: list[Numbers] = [np.zeros(0)]
        lengths: list[Numbers] = [np.zeros(0)]
        for track in self.tracks:
            which = track.selected(name)
            begins.append(track.begin_ns[which].astype(np.float64))
            lengths.append(np.asarray((track.end_ns[which] - track.begin_ns[which]) * 1e-6, dtype=np.float64))
        order = np.argsort(np.concatenate(begins), kind="stable")
        return np.asarray(np.concatenate(lengths)[order], dtype=np.float64)

    def values(self, name: str, kind: int = COUNTER) -> NDArray[np.float64]:
        """The values of the counter of that name over time."""
        moments: list[Numbers] = [np.zeros(0)]
        values: list[Numbers] = [np.zeros(0)]
        for track in self.tracks:
            which = track.selected(name, kind)
            moments.append(track.begin_ns[which].astype(np.float64))
            values.append(track.value[which])
        order = np.argsort(np.concatenate(moments), kind="stable")
        return np.asarray(np.concatenate(values)[order], dtype=np.float64)

    def names(self, kind: int = ZONE) -> list[str]:
        """The names of all events of a kind, sorted."""
        found: set[str] = set()
        for track in self.tracks:
            found.update(track.names[i] for i in np.unique(track.name_index[track.kind == kind]))
        return sorted(found)


def start(*, fine: bool = False, events_per_thread: int | None = None) -> None:
    """Begins recording with empty rings; what was recorded before is gone.

    fine: record each tile too. events_per_thread: how many events a thread's ring holds, 40 bytes each; the oldest are
    written over. Raises InputError when it is out of 2..2^24.
    """
    events = events_per_thread or (FINE_EVENTS_PER_THREAD if fine else EVENTS_PER_THREAD)
    if not 2 <= events <= _MOST_EVENTS:
        raise InputError(f"events_per_thread must lie in 2..{_MOST_EVENTS}, got {events_per_thread!r}")
    zones.take_foreign()
    _core.profiler_start(fine, events)


def stop() -> None:
    """Ends recording. What was recorded can be captured until the next start."""
    _core.profiler_stop()


def capture(seconds: float | None = None) -> Capture:
    """What the rings hold, or what ended in the last `seconds`. Recording goes on meanwhile."""
    if seconds is not None and not seconds > 0.0:
        raise InputError(f"a capture must be of more than 0 seconds, got {seconds!r}")
    now = _core.profiler_now_ns()
    since = 0 if seconds is None else max(now - int(seconds * 1e9), 0)
    return capture_since(since)


def capture_since(since_ns: int) -> Capture:
    """What ended at `since_ns` of the profiler's clock or later."""
    names, tracks = _core.profiler_capture(since_ns)
    found = [_track(tuple(names), arrays, os.getpid()) for arrays in tracks]
    processes = {os.getpid(): "wonderzoom"}
    for foreign in zones.foreign:
        for part in foreign["tracks"]:
            track = _since(_foreign_track(foreign, part), since_ns)
            if len(track):
                found.append(track)
                processes[track.process] = str(foreign["process_name"])
    begins = [int(track.begin_ns.min()) for track in found]
    ends = [int(track.end_ns.max()) for track in found]
    return Capture(tuple(found), processes, min(begins, default=since_ns), max(ends, default=since_ns))


def _track(names: tuple[str, ...], arrays: dict[str, Any], process: int) -> Track:
    return Track(
        name=arrays["name"],
        process=process,
        thread=arrays["id"],
        lost=arrays["lost"],
        names=names,
        begin_ns=arrays["begin_ns"],
        end_ns=arrays["end_ns"],
        name_index=arrays["name_index"],
        kind=arrays["kind"],
        value=arrays["value"],
    )


def _foreign_track(foreign: dict[str, Any], part: dict[str, Any]) -> Track:
    value = np.array([np.nan if v is None else v for v in part["value"]], dtype=np.float64)
    return Track(
        name=str(part["name"]),
        process=int(foreign["process"]),
        thread=int(part["id"]),
        lost=int(part["lost"]),
        names=tuple(foreign["names"]),
        begin_ns=np.array(part["begin_ns"], dtype=np.uint64),
        end_ns=np.array(part["end_ns"], dtype=np.uint64),
        name_index=np.array(part["name_index"], dtype=np.uint32),
        kind=np.array(part["kind"], dtype=np.uint8),
        value=value,
    )


def _since(track: Track, since_ns: int) -> Track:
    keep = track.end_ns >= since_ns
    return Track(
        track.name,
        track.process,
        track.thread,
        track.lost,
        track.names,
        track.begin_ns[keep],
        track.end_ns[keep],
        track.name_index[keep],
        track.kind[keep],
        track.value[keep],
    )
