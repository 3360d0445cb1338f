# SPDX-License-Identifier: Apache-2.0
"""Progress with the time left, on stderr, for all that takes over a second."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import TYPE_CHECKING, TextIO, TypeVar

if TYPE_CHECKING:
    from .. import _core

T = TypeVar("T")

FIRST_AFTER_S = 1.0
REWRITE_EVERY_S = 0.1
LINE_EVERY_S = 5.0
SAME_LINE_EVERY_S = 30.0
_BAR = 24


class ProgressLine:
    """Call it with a fraction (0..1) and a word, inside a `with`.

    On a terminal one line is rewritten; elsewhere a line is printed every few seconds, less often while nothing
    moves. Nothing is printed for what is over within a second. clock: seconds, for tests.
    """

    def __init__(
        self, label: str, *, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._label = label
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._start = clock()
        self._shown_at = -float("inf")
        self._shown = False
        self._fraction, self._words = 0.0, ""
        self._told: tuple[int, str] | None = None
        self._is_terminal = bool(self._stream.isatty())

    def __enter__(self) -> ProgressLine:
        return self

    def __call__(self, fraction: float, words: str) -> None:
        """Notes how far the work is and shows it when it is time to."""
        self._fraction = max(self._fraction, min(float(fraction), 1.0))
        self._words = words
        now = self._clock()
        stands = (round(100 * self._fraction), words) == self._told
        interval = REWRITE_EVERY_S if self._is_terminal else SAME_LINE_EVERY_S if stands else LINE_EVERY_S
        if now - self._start >= FIRST_AFTER_S and now - self._shown_at >= interval:
            self._shown_at = now
            self._show(now - self._start)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._shown:
            return
        elapsed = spoken_time(self._clock() - self._start)
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
        if kind is None:
            self._stream.write(f"{self._label}: done in {elapsed}\n")
        self._stream.flush()

    def _show(self, elapsed: float) -> None:
        left = ""
        if self._fraction >= 0.02:
            left = f", {spoken_time(elapsed * (1.0 - self._fraction) / self._fraction)} left"
        words = f" {self._words}" if self._words else ""
        text = f"{self._fraction:4.0%}{left}{words}"
        if self._is_terminal:
            full = round(_BAR * self._fraction)
            self._stream.write(f"\r\x1b[K{self._label} [{'#' * full}{'.' * (_BAR - full)}] {text}")
        else:
            self._stream.write(f"{self._label}: {text.strip()}\n")
        self._stream.flush()
        self._shown = True
        self._told = (round(100 * self._fraction), self._words)


def spoken_time(seconds: float) -> str:
    """A duration for people: 0.4 s, 12 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def watched(label: str, words: str, work: Callable[[_core.Part], T]) -> T:
    """Does native work on a thread of its own, and shows how far it is by what it notes."""
    from .. import _core

    part = _core.Part()
    with ThreadPoolExecutor(1) as pool, ProgressLine(label) as progress:
        job = pool.submit(work, part)
        while not wait([job], timeout=REWRITE_EVERY_S).done:
            progress(part.done, words)
        return job.result()
