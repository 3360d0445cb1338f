# SPDX-License-Identifier: Apache-2.0
"""Zones, counters and instants of Python code, on the same axis as those of the engine.

Importable from everywhere and nearly free while nothing records; `wonderzoom_rt.profile` starts and reads.
Times are nanoseconds of the system's monotonic clock, which all processes of a Linux machine share.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from .frame import Frame

_named = threading.local()

frame_listeners: list[Callable[[Frame], None]] = []
"""Called with each frame that an `Engine` draws of a world, in the thread that drew it."""


class zone:
    """`with zone("depth"):` shows how long the block took. value: a number beside it, such as a count of bytes.

    Blocks of one thread must nest, so none may be left open across a generator's `yield`.
    """

    __slots__ = ("_begin", "_name", "_value")

    def __init__(self, name: str, value: float | None = None) -> None:
        self._name, self._value, self._begin = name, value, 0

    def __enter__(self) -> None:
        self._begin = _core.profiler_now_ns() if _core.profiler_is_recording() else 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begin and _core.profiler_is_recording():
            _name_thread()
            _core.profiler_zone(self._name, self._begin, _core.profiler_now_ns(), self._value)


def counter(name: str, value: float) -> None:
    """A number at this moment; a trace shows it as a graph over time."""
    if _core.profiler_is_recording():
        _name_thread()
        _core.profiler_counter(name, float(value))


def instant(name: str, value: float | None = None) -> None:
    """Marks this moment."""
    if _core.profiler_is_recording():
        _name_thread()
        _core.profiler_instant(name, value)


def is_recording() -> bool:
    """Whether anything is recorded now."""
    return _core.profiler_is_recording()


def _name_thread() -> None:
    """Gives the thread the name it has in Python, once; the main thread has one already."""
    if getattr(_named, "done", False):
        return
    _named.done = True
    thread = threading.current_thread()
    if thread is not threading.main_thread():
        _core.profiler_name_thread(thread.name)


# --------------------------------------------------------------- zones of other processes

foreign: list[dict[str, Any]] = []
"""Captures that worker processes sent with their results, as `exported` makes them; the newest last."""
_MOST_FOREIGN = 64
_EVENTS_OF_A_RUN = 1 << 15


def exported(process_name: str, since_ns: int) -> dict[str, Any]:
    """What this process recorded since then, as plain values that another process's `take` can show."""
    names, tracks = _core.profiler_capture(since_ns)
    plain = []
    for track in tracks:
        lists = {key: track[key].tolist() for key in ("begin_ns", "end_ns", "name_index", "kind")}
        value = [None if number != number else number for number in track["value"].tolist()]
        plain.append(
            {"name": track["name"], "id": track["id"], "lost": track["lost"], **lists, "value": value}
        )
    return {"process": os.getpid(), "process_name": process_name, "names": list(names), "tracks": plain}


@contextlib.contextmanager
def recorded_apart(process_name: str, *, wanted: bool) -> Iterator[Callable[[], dict[str, Any]]]:
    """Records while the block runs, for another process that asked for it.

    What the block gets returns {"recorded": what was recorded so far}, or {} when it was not wanted.
    """
    if not wanted:
        yield dict
        return
    _core.profiler_start(False, _EVENTS_OF_A_RUN)
    try:
        yield lambda: {"recorded": exported(process_name, 0)}
    finally:
        _core.profiler_stop()


def take(recorded: dict[str, Any]) -> None:
    """Keeps what another process recorded, for the captures of this one."""
    if _core.profiler_is_recording():
        foreign.append(recorded)
        del foreign[:-_MOST_FOREIGN]


def take_foreign() -> list[dict[str, Any]]:
    """Empties the list of what other processes sent, and returns it."""
    taken = list(foreign)
    foreign.clear()
    return taken
