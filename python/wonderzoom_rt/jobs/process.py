# SPDX-License-Identifier: Apache-2.0
"""The parent's side of one worker process: start it, ask it, read its answer, end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import IO, Any

from .. import errors, zones
from ..errors import CancelledError, GeneratorError, WonderzoomError
from ..synth.types import Cancelled, LevelResult, Progress, ZoomRequest
from .block import read_block, write_block
from .channel import Channel, ChannelClosed
from .pipelines import PipelineRecipe
from .wire import pack_request, unpack_results

CANCEL_GRACE_S = 5.0
"""A worker that has not stopped so long after it was told to is killed."""
CANCEL_CHECK_S = 0.05
_EXIT_WAIT_S = 10.0
_BOOT = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from wonderzoom_rt.jobs.worker import main; main(int(sys.argv[1]))"
)


class WorkerProcess:
    """A spawned Python that runs `jobs.worker`. Used from one thread, but `end` from any."""

    def __init__(self, recipe: PipelineRecipe, log: IO[bytes]) -> None:
        """Starts it and returns at once. log: an open file that takes all it prints."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-c", _BOOT, str(theirs.fileno()), json.dumps(sys.path)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(theirs.fileno(),)
            )
        self._channel = Channel(ours)
        self._count = 0
        self._channel.send({"kind": "pipeline", "recipe": recipe.to_dict()})

    @property
    def process_id(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs still."""
        return self._process.poll() is None

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        """The checked levels of a request.

        Raises ChannelClosed when the process has died, CancelledError when it stopped or was killed because
        `cancelled()`, GeneratorError and the like when its pipeline failed or returned what is no level.
        """
        self._count += 1
        descriptor = write_block(*pack_request(request))
        try:
            self._channel.send(
                {"kind": "run", "run": self._count, "record": zones.is_recording()}, descriptor=descriptor
            )
        finally:
            os.close(descriptor)
        deadline = float("inf")
        while True:
            if deadline == float("inf") and cancelled():
                self._channel.send({"kind": "cancel", "run": self._count})
                deadline = time.monotonic() + CANCEL_GRACE_S
            if self._channel.ready(CANCEL_CHECK_S):
                message, block = self._channel.receive()
                if message.get("kind") == "progress":
                    progress(float(message["fraction"]), str(message["words"]))
                    continue
                return _answer(message, block)
            if time.monotonic() > deadline:
                self.end()
                raise CancelledError("the zoom was cancelled; its worker process did not stop and was ended")

    def end(self) -> int:
        """Ends it, if it has not ended itself, and returns its exit code (minus the signal that ended it)."""
        self._channel.close()
        try:
            # A worker that died on its own has its code for us in a moment; one that lives sees the hang-up.
            return self._process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait(timeout=_EXIT_WAIT_S)


def death_words(code: int) -> str:
    """What an exit code says, for a sentence that begins with "the worker process"."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed by signal {-code}"


def _answer(message: dict[str, Any], block: int | None) -> list[LevelResult]:
    kind = message.get("kind")
    if "recorded" in message:
        zones.take(message["recorded"])
    if kind == "done" and block is not None:
        return unpack_results(*read_block(block))
    if block is not None:
        os.close(block)
    if kind == "cancelled":
        raise CancelledError("the zoom was cancelled; the world is as it was")
    if kind == "failed":
        known = getattr(errors, str(message.get("error")), None)
        if isinstance(known, type) and issubclass(known, WonderzoomError):
            raise known(str(message.get("text")))
        raise GeneratorError(f"the generator failed: {message.get('error')}: {message.get('text')}")
    raise ChannelClosed(f"an answer of kind {kind!r}")
