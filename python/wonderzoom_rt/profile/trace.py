# SPDX-License-Identifier: Apache-2.0
"""A capture as a Chrome trace: the JSON object format, which Perfetto and chrome://tracing open.

The format: "Trace Event Format", Google, 2016. Complete events (X) for zones, counters (C), instants (i) and metadata
(M) for names; times are microseconds from the capture's begin, with three digits of fraction, so that nanoseconds stay
exact and what nests in a thread still does in the file.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import WonderzoomError
from .rings import COUNTER, ZONE, Capture, Track


def write_trace(capture: Capture, path: str | Path, *, facts: dict[str, Any] | None = None) -> None:
    """Writes a capture to a JSON file. facts: what to keep beside it, plain values, shown as trace information.

    The file appears whole or not at all. Raises WonderzoomError when it cannot be written.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.part-{os.getpid()}")
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.write('{"displayTimeUnit": "ms",\n"otherData": ')
            file.write(json.dumps(facts or {}, default=str))
            file.write(',\n"traceEvents": [\n')
            first = True
            for line in event_lines(capture):
                file.write(line if first else ",\n" + line)
                first = False
            file.write("\n]}\n")
        os.replace(part, target)
    except OSError as problem:
        with contextlib.suppress(OSError):
            part.unlink()
        raise WonderzoomError(f"cannot write the trace {path}: {problem.strerror or problem}") from None


def event_lines(capture: Capture) -> Iterator[str]:
    """Each event as JSON text: names first, then each track in the order of time, outer zones before inner ones."""
    for process, name in sorted(capture.processes.items()):
        yield json.dumps(_named("process_name", process, 0, name))
    named: set[tuple[int, int]] = set()  # a worker sends a track for each of its runs
    for place, track in enumerate(capture.tracks):
        if (track.process, track.thread) in named:
            continue
        named.add((track.process, track.thread))
        yield json.dumps(_named("thread_name", track.process, track.thread, track.name))
        yield json.dumps(_sorted_at(track, place))
    for track in capture.tracks:
        yield from _track_lines(track, capture.begin_ns)


def _track_lines(track: Track, begin_ns: int) -> Iterator[str]:
    names = [json.dumps(name) for name in track.names]
    order = np.lexsort((-(track.end_ns - track.begin_ns).astype(np.int64), track.begin_ns))
    begin = (track.begin_ns[order] - np.uint64(begin_ns)).tolist()
    length = (track.end_ns[order] - track.begin_ns[order]).tolist()
    where = f'"pid": {track.process}, "tid": {track.thread}'
    for at, index in enumerate(order.tolist()):
        name, kind, value = names[track.name_index[index]], int(track.kind[index]), float(track.value[index])
        arguments = f', "args": {{"value": {_number(value)}}}' if np.isfinite(value) else ""
        moment = f'"name": {name}, {where}, "ts": {_microseconds(begin[at])}'
        if kind == ZONE:
            yield f'{{"ph": "X", {moment}, "dur": {_microseconds(length[at])}{arguments}}}'
        elif kind == COUNTER:
            if arguments:
                yield f'{{"ph": "C", {moment}{arguments}}}'
        else:
            yield f'{{"ph": "i", "s": "t", {moment}{arguments}}}'


def _number(value: float) -> str:
    """A finite number; what is whole, as most counts are, without a point."""
    return str(int(value)) if value.is_integer() else json.dumps(value)


def _microseconds(nanoseconds: int) -> str:
    return f"{nanoseconds // 1000}.{nanoseconds % 1000:03d}"


def _named(what: str, process: int, thread: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": process, "tid": thread, "ts": 0, "args": {"name": name}}


def _sorted_at(track: Track, place: int) -> dict[str, Any]:
    where = {"pid": track.process, "tid": track.thread, "ts": 0}
    return {"ph": "M", "name": "thread_sort_index", **where, "args": {"sort_index": place}}
