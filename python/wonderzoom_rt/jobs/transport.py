# SPDX-License-Identifier: Apache-2.0
"""How a request reaches a pipeline: in this process, or in a worker process of its own."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from typing import IO, Protocol

from ..errors import GeneratorError, WonderzoomError
from ..synth.types import Cancelled, LevelResult, Progress, ZoomRequest
from .channel import ChannelClosed
from .pipelines import OFFLINE, PipelineRecipe, RunsZooms, make_pipeline
from .process import WorkerProcess, death_words
from .wire import check_results

LOG_TAIL_BYTES = 8192


class Transport(Protocol):
    """Runs one request at a time."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        """The checked levels. Raises GeneratorError, CancelledError, MissingExtraError."""
        ...

    def log(self) -> str:
        """The end of what the worker printed during the last run."""
        ...

    def close(self) -> None:
        """Ends the worker."""
        ...


class InProcessTransport:
    """Runs the pipeline here: for tests, and where a second process is not worth its start.

    What the offline one needs is imported at once, on a thread, so that it is there when the first request comes.
    """

    def __init__(self, pipeline: RunsZooms | str | None) -> None:
        self._pipeline = pipeline
        if pipeline is None or pipeline == OFFLINE:
            threading.Thread(target=_import_offline, name="wonderzoom-imports").start()

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        """See `Transport`."""
        if self._pipeline is None or isinstance(self._pipeline, str):
            self._pipeline = make_pipeline(self._pipeline or OFFLINE)
        try:
            results = self._pipeline.run(request, progress=progress, cancelled=cancelled)
        except WonderzoomError:
            raise
        except Exception as problem:
            raise GeneratorError(f"the generator failed: {type(problem).__name__}: {problem}") from problem
        check_results(results)
        return results

    def log(self) -> str:
        """Nothing: the pipeline prints where this process prints."""
        return ""

    def close(self) -> None:
        """Nothing to end."""


def _import_offline() -> None:
    with contextlib.suppress(ImportError, WonderzoomError):  # whoever needs what is missing says so
        from ..synth import pipeline  # noqa: F401
        from ..synth.detail import enlarge  # noqa: F401
        from ..synth.opencv import opencv

        opencv()
        import threadpoolctl  # noqa: F401 - for blas_threads


class ProcessTransport:
    """Runs the pipeline in a spawned process; one that died is replaced for the next request.

    The process starts at once, so that its imports are done when the first request comes.
    """

    def __init__(self, pipeline: RunsZooms | str | None) -> None:
        self._recipe = PipelineRecipe.of(pipeline)
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self._log_start = 0
        self._worker: WorkerProcess | None = WorkerProcess(self._recipe, self._log)

    @property
    def process_id(self) -> int | None:
        """Process id of the worker; None while there is none."""
        worker = self._worker
        return None if worker is None else worker.process_id

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        """See `Transport`. A worker that dies fails this request with its exit code and its last words."""
        if self._worker is None or not self._worker.is_alive():
            self._drop_worker()
            self._log_start = self._log_size()
            self._worker = WorkerProcess(self._recipe, self._log)
        try:
            return self._worker.run(request, progress=progress, cancelled=cancelled)
        except ChannelClosed:
            code = self._worker.end()
            raise GeneratorError(f"the worker process {death_words(code)}{self._last_words()}") from None

    def log(self) -> str:
        """The end of what the worker printed since it was started, errors too."""
        size = self._log_size()
        start = max(self._log_start, size - LOG_TAIL_BYTES)
        return os.pread(self._log.fileno(), size - start, start).decode(errors="replace")

    def close(self) -> None:
        """Ends the worker at once."""
        self._drop_worker()
        self._log.close()

    def _drop_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.end()

    def _log_size(self) -> int:
        return os.fstat(self._log.fileno()).st_size

    def _last_words(self) -> str:
        lines = self.log().strip().splitlines()
        return f"; the end of its log: {lines[-1].strip()[:300]}" if lines else ""
