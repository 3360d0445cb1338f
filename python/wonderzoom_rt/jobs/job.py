# SPDX-License-Identifier: Apache-2.0
"""`Job`: one zoom's life, from the request to levels in the world."""

from __future__ import annotations

import enum
import itertools
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import CancelledError, GeneratorError
from ..synth.types import ZoomRequest

if TYPE_CHECKING:
    from ..level import Level
    from ..world import World


class JobState(enum.Enum):
    """Where a job stands. The last four never change again."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    COMMITTED = "committed"
    VISIBLE = "visible"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"

    @property
    def is_done(self) -> bool:
        """Whether the world has what the job makes, or never will."""
        return self not in (JobState.QUEUED, JobState.RUNNING, JobState.READY)


_NEXT: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.SUPERSEDED, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.READY, JobState.CANCELLED, JobState.FAILED}),
    JobState.READY: frozenset({JobState.COMMITTED, JobState.CANCELLED, JobState.FAILED}),
    JobState.COMMITTED: frozenset({JobState.VISIBLE}),
    JobState.VISIBLE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.SUPERSEDED: frozenset(),
}
_numbers = itertools.count(1)


class Job:
    """Made by `Generator.zoom`. Every method may be called from any thread."""

    def __init__(
        self, world: World, request: ZoomRequest, *, changed: Callable[[Job], None] = lambda job: None
    ) -> None:
        self.number = next(_numbers)
        self.world = world
        self.request = request
        self.made_s = time.monotonic()
        self._changed = changed
        self._condition = threading.Condition()
        self._state = JobState.QUEUED
        self._progress = (0.0, "waiting")
        self._levels: tuple[Level, ...] = ()
        self._error: BaseException | None = None
        self._log = ""
        self._stop = False

    def __repr__(self) -> str:
        fraction, words = self.progress
        return f"<Job {self.number} {self.state.value} {fraction:.0%} {words}>"

    # ------------------------------------------------------------- questions

    @property
    def state(self) -> JobState:
        """Where it stands now."""
        with self._condition:
            return self._state

    @property
    def progress(self) -> tuple[float, str]:
        """Fraction 0..1 of the work done, which never falls, and a word on what is being done."""
        with self._condition:
            return self._progress

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels it added to the world, coarse first; empty before that and when it came to nothing."""
        with self._condition:
            return self._levels

    @property
    def error(self) -> BaseException | None:
        """What went wrong; None unless the state is FAILED."""
        with self._condition:
            return self._error

    @property
    def log(self) -> str:
        """The end of what its worker process printed meanwhile; empty in-process."""
        with self._condition:
            return self._log

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for it to stop."""
        with self._condition:
            return self._stop

    # --------------------------------------------------------------- actions

    def cancel(self) -> bool:
        """Asks it to stop; the world will then be as it was. False when it is done already."""
        with self._condition:
            if self._state.is_done:
                return False
            self._stop = True
            if self._state is not JobState.QUEUED:
                return True
            self._state = JobState.CANCELLED
            self._condition.notify_all()
        self._changed(self)
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it is done; False when `timeout` seconds passed first."""
        with self._condition:
            return self._condition.wait_for(lambda: self._state.is_done, timeout)

    def result(self, timeout: float | None = None) -> Level:
        """The finest level it made, once that is in the world.

        Raises TimeoutError after `timeout` seconds, CancelledError when it was cancelled or superseded, and
        the job's own error (GeneratorError, WorldError, MissingExtraError..) when it failed.
        """
        if not self.wait(timeout):
            fraction, words = self.progress
            raise TimeoutError(f"the zoom is not done after {timeout:g} s ({fraction:.0%}, {words})")
        with self._condition:
            if self._state in (JobState.COMMITTED, JobState.VISIBLE):
                return self._levels[-1]
            if self._state is JobState.FAILED:
                raise self._error or GeneratorError("the zoom failed")
            if self._state is JobState.SUPERSEDED:
                raise CancelledError("the zoom was superseded by a newer one of the same view")
            raise CancelledError("the zoom was cancelled; the world is as it was")

    def shown(self) -> None:
        """Told by who draws the world: its levels are fully faded in. COMMITTED becomes VISIBLE."""
        self.advance(JobState.VISIBLE)

    # ------------------------------------------------- for the generator only

    def report(self, fraction: float, words: str) -> None:
        """Notes progress; a fraction lower than the last one, or not a number, keeps the last one."""
        with self._condition:
            last = self._progress[0]
            best = min(fraction, 1.0) if fraction > last else last
            self._progress = (best, words or self._progress[1])
        self._changed(self)

    def advance(self, state: JobState, **facts: Any) -> bool:
        """Moves on to `state` with the facts (levels, error, log) that belong to it.

        False, and nothing changed, when it cannot: a job that was asked to stop never gets COMMITTED.
        """
        with self._condition:
            if state not in _NEXT[self._state] or (state is JobState.COMMITTED and self._stop):
                return False
            self._state = state
            for name, value in facts.items():
                setattr(self, f"_{name}", value)
            if state is JobState.COMMITTED:
                self._progress = (1.0, "done")
            self._condition.notify_all()
        self._changed(self)
        return True
