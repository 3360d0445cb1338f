# SPDX-License-Identifier: Apache-2.0
"""A worker process: builds a pipeline, then runs one request after the other until its parent hangs up.

Messages to it: `pipeline` (first, with the recipe), `run` (with a block that holds the request), `cancel`.
Messages from it: `progress`, and for each run one of `done` (with a block of levels), `cancelled`, `failed`.
A `run` that asks to `record` has `done` carry the zones of the run, as `recorded`.
"""

from __future__ import annotations

import faulthandler
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

from .. import zones
from ..errors import CancelledError, WonderzoomError
from .block import read_block, write_block
from .channel import Channel, ChannelClosed
from .pipelines import PipelineRecipe, RunsZooms
from .wire import check_results, pack_results, unpack_request

PROGRESS_INTERVAL_S = 0.05
is_worker = False
"""True in a worker process: starting a generator there is a mistake."""

_Inbox = queue.SimpleQueue[tuple[dict[str, Any], int | None]]


def main(descriptor: int) -> None:
    """The process's whole life. descriptor: its end of the socket pair."""
    global is_worker
    is_worker = True
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    sys.stdout = sys.stderr
    channel = Channel(socket.socket(fileno=descriptor))
    inbox: _Inbox = queue.SimpleQueue()
    stopped = _StoppedRuns()
    threading.Thread(target=_listen, args=(channel, inbox, stopped), daemon=True).start()
    message, _ = inbox.get()
    pipeline: RunsZooms | BaseException
    try:
        pipeline = PipelineRecipe.from_dict(message["recipe"]).make()
    except Exception as problem:
        traceback.print_exc()
        pipeline = problem
    while True:
        message, block = inbox.get()
        if block is not None:
            with zones.recorded_apart("worker", wanted=bool(message.get("record"))) as record:
                _serve(channel, pipeline, int(message["run"]), block, stopped, record)


class _StoppedRuns:
    """Numbers up to which runs were cancelled; written by the listener, read by the pipeline."""

    def __init__(self) -> None:
        self.last = 0


def _listen(channel: Channel, inbox: _Inbox, stopped: _StoppedRuns) -> None:
    """Takes messages while a pipeline works. When the parent is gone, so is the reason to go on."""
    while True:
        try:
            message, block = channel.receive()
        except ChannelClosed:
            os._exit(0)
        if message.get("kind") == "cancel":
            stopped.last = int(message["run"])
        else:
            inbox.put((message, block))


def _serve(
    channel: Channel,
    pipeline: RunsZooms | BaseException,
    number: int,
    block: int,
    stopped: _StoppedRuns,
    record: Callable[[], dict[str, Any]],
) -> None:
    last_time, last_words = 0.0, ""

    def progress(fraction: float, words: str) -> None:
        nonlocal last_time, last_words
        now = time.monotonic()
        if now - last_time >= PROGRESS_INTERVAL_S or words != last_words:
            last_time, last_words = now, words
            channel.send({"kind": "progress", "fraction": float(fraction), "words": str(words)})

    try:
        request = unpack_request(*read_block(block))
        if isinstance(pipeline, BaseException):
            raise pipeline
        results = pipeline.run(request, progress=progress, cancelled=lambda: stopped.last >= number)
        check_results(results)
        answer = write_block(*pack_results(results))
    except CancelledError:
        channel.send({"kind": "cancelled"})
    except Exception as problem:
        if not isinstance(problem, WonderzoomError):
            traceback.print_exc()
        channel.send({"kind": "failed", "error": type(problem).__name__, "text": str(problem)})
    else:
        channel.send({"kind": "done", **record()}, descriptor=answer)
        os.close(answer)
