# SPDX-License-Identifier: Apache-2.0
"""`Generator`: takes zooms, has them made elsewhere, and commits what comes back."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from ..camera import Camera
from ..errors import CancelledError, GeneratorError, InputError, WonderzoomError, WorldError
from ..synth.types import Cancelled, LevelResult, Quality
from ..zones import zone
from . import worker as worker_module
from .job import Job, JobState
from .pipelines import OFFLINE, RunsZooms
from .queue import JobQueue
from .transport import InProcessTransport, ProcessTransport, Transport

if TYPE_CHECKING:
    from ..level import Level
    from ..world import World


class Generator:
    """Makes zooms, one at a time, in a worker process of its own; use it in a `with` statement.

    pipeline: None for the offline one, the name of an installed one (entry point group
    `wonderzoom_rt.pipelines`), or an object with the method `run` of `synth.pipeline.Pipeline`. worker:
    "process", or "in-process" to run it on a thread of this process. Leaving the `with` cancels what is not
    committed. Every method may be called from any thread. Raises GeneratorError when it cannot start.
    """

    def __init__(
        self, pipeline: RunsZooms | str | None = None, *, worker: Literal["process", "in-process"] = "process"
    ) -> None:
        if worker not in ("process", "in-process"):
            raise InputError(f"worker must be 'process' or 'in-process', got {worker!r}")
        if worker_module.is_worker:
            raise GeneratorError(
                "a worker process is loading this script and came upon a Generator; put the "
                'script\'s own work under: if __name__ == "__main__":'
            )
        self._offline = pipeline is None or pipeline == OFFLINE
        self._transport: Transport = (
            ProcessTransport(pipeline) if worker == "process" else InProcessTransport(pipeline)
        )
        self._queue = JobQueue()
        self._changes: list[Job] = []
        self._changes_lock = threading.Lock()
        self._current: Job | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="wonderzoom-generator", daemon=True)
        self._thread.start()

    def __enter__(self) -> Generator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def zoom(
        self,
        world: World,
        camera: Camera,
        *,
        parent: int | None = None,
        prompt: str | None = None,
        picture: Any = None,
        quality: Quality = "best",
        seed: int = 0,
    ) -> Job:
        """Asks for the levels that `camera`, a lens view into `world`, would show; returns at once.

        parent: id of the level zoomed into, None to find it. prompt: words on what is to be there. picture:
        the user's own picture of the view: a path or (H,W,3) floats in 0..1. Raises InputError for a camera
        that cannot be zoomed to, and GeneratorError for a prompt that the offline generator cannot paint, or once
        the generator is closed.
        """
        if self._offline and prompt is not None and picture is None:
            raise GeneratorError(
                f"the offline generator cannot paint words ({prompt!r}): give a picture of "
                "the view (picture=, --picture FILE) or install another generator"
            )
        request = world.request(
            camera, parent=parent, seed=seed, prompt=prompt, picture=picture, quality=quality
        )
        job = Job(world, request, changed=self._note)
        self._queue.put(job)
        return job

    def poll(self) -> list[Job]:
        """The jobs that changed (state or progress) since the last call, each once; never waits."""
        with self._changes_lock:
            changed, self._changes = self._changes, []
        return changed

    def close(self) -> None:
        """Cancels what is not committed and ends the worker; jobs keep what they know."""
        self._closing.set()
        self._queue.close()
        current = self._current
        if current is not None:
            current.cancel()
        self._thread.join()
        self._transport.close()

    # --------------------------------------------------------------- on its thread

    def _note(self, job: Job) -> None:
        with self._changes_lock:
            if job not in self._changes:
                self._changes.append(job)

    def _serve(self) -> None:
        while (job := self._queue.take()) is not None:
            self._current = job
            if self._closing.is_set():
                job.cancel()
            try:
                levels = self._make(job)
            except CancelledError:
                job.advance(JobState.CANCELLED, log=self._transport.log())
            except BaseException as problem:
                job.advance(JobState.FAILED, error=problem, log=self._transport.log())
            else:
                if not job.advance(JobState.COMMITTED, levels=levels, log=self._transport.log()):
                    self._take_back(job, levels)
            self._current = None

    def _make(self, job: Job) -> tuple[Level, ...]:
        with zone("generate"):
            results = self._transport.run(job.request, progress=job.report, cancelled=lambda: job.is_stopping)
        job.advance(JobState.READY)
        return commit_all(job.world, results, parent=job.request.parent, cancelled=lambda: job.is_stopping)

    def _take_back(self, job: Job, levels: tuple[Level, ...]) -> None:
        """The job was cancelled between its last commit and its end."""
        try:
            _undo_all(job.world, levels)
        except WonderzoomError as problem:
            job.advance(JobState.FAILED, error=problem, log=self._transport.log())
        else:
            job.advance(JobState.CANCELLED, log=self._transport.log())


def commit_all(
    world: World, results: Sequence[LevelResult], *, parent: int, cancelled: Cancelled = lambda: False
) -> tuple[Level, ...]:
    """Commits a chain of levels coarse first, each the child of the one before; all of them or none.

    Raises what the world raised, or CancelledError when `cancelled()` between two of them; then the levels
    that were committed are taken back.
    """
    levels: list[Level] = []
    try:
        for result in results:
            if cancelled():
                raise CancelledError("the zoom was cancelled; the world is as it was")
            levels.append(world.commit(result, parent=levels[-1].id if levels else parent))
    except BaseException:
        _undo_all(world, levels)
        raise
    return tuple(levels)


def _undo_all(world: World, levels: Sequence[Level]) -> None:
    """Takes levels back, newest first. When that fails too, the error says which level has stayed."""
    for level in reversed(levels):
        try:
            world.undo(level)
        except WonderzoomError as problem:
            raise WorldError(
                f"the zoom failed half way, and its level {level.id} could not be taken back: {problem}"
            ) from problem
