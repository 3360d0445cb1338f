# SPDX-License-Identifier: Apache-2.0
"""Which pipeline a worker runs: the offline one, one found by its entry point, or the user's own object."""

from __future__ import annotations

import base64
import pickle
import runpy
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from ..errors import GeneratorError
from ..synth.types import Cancelled, LevelResult, Progress, ZoomRequest

ENTRY_POINTS = "wonderzoom_rt.pipelines"
"""Group of entry points `name = "module:factory"`; the factory takes no arguments and returns a pipeline or a stage."""
OFFLINE = "offline"
WORKER_MAIN = "__wonderzoom_worker__"
"""`__name__` of the user's script while a worker loads it to find the classes it defines."""


@runtime_checkable
class RunsZooms(Protocol):
    """All that a worker needs of a pipeline."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        """The levels that `request` asks for, coarse first.

        Raises GeneratorError or MissingExtraError when it cannot, CancelledError soon after `cancelled()`.
        """
        ...


def pipeline_names() -> list[str]:
    """Names a pipeline can be asked for by: the built-in one and those that installed packages offer."""
    from importlib import metadata

    return sorted({OFFLINE, *(point.name for point in metadata.entry_points(group=ENTRY_POINTS))})


def make_pipeline(name: str) -> RunsZooms:
    """The pipeline with this name. Raises GeneratorError when there is none or its package fails to load."""
    if name == OFFLINE:
        from ..synth.pipeline import Pipeline

        return Pipeline()
    from importlib import metadata

    points = list(metadata.entry_points(group=ENTRY_POINTS, name=name))
    if not points:
        raise GeneratorError(f"there is no generator called {name!r}, only: {', '.join(pipeline_names())}")
    try:
        made = points[0].load()()
    except Exception as problem:
        raise GeneratorError(
            f"the generator {name!r} ({points[0].value}) cannot be loaded: "
            f"{type(problem).__name__}: {problem}"
        ) from problem
    pipeline = as_pipeline(made)
    if pipeline is None:
        raise GeneratorError(
            f"the generator {name!r} must have a method run(request, *, progress, "
            f"cancelled), or be one of its stages, got a {type(made).__name__} without"
        )
    return pipeline


def as_pipeline(made: object) -> RunsZooms | None:
    """A pipeline as it is; a stage on its own in a pipeline whose other stages are the offline ones; else None."""
    from ..synth.pipeline import Pipeline
    from ..synth.protocols import DepthEstimator, Synthesizer, ViewCompleter

    if isinstance(made, RunsZooms):
        return made
    if isinstance(made, Synthesizer):
        return Pipeline(synthesizer=made)
    if isinstance(made, DepthEstimator):
        return Pipeline(depth=made)
    if isinstance(made, ViewCompleter):
        return Pipeline(completer=made)
    return None


@dataclass(frozen=True)
class PipelineRecipe:
    """What a worker process is told to build its pipeline: a name, or the pickled object.

    main_path: file of the user's script, when the object's class is defined there; None otherwise.
    """

    name: str | None = OFFLINE
    pickled: bytes | None = None
    main_path: str | None = None

    @classmethod
    def of(cls, pipeline: RunsZooms | str | None) -> PipelineRecipe:
        """The recipe for an object, a name or None (offline). Raises GeneratorError for what cannot cross."""
        if pipeline is None or isinstance(pipeline, str):
            return cls(name=pipeline or OFFLINE)
        try:
            data = pickle.dumps(pipeline)
        except Exception as problem:
            raise GeneratorError(
                "a pipeline must be picklable to reach a worker process (or use "
                f"worker='in-process'), got a {type(pipeline).__name__}: "
                f"{problem}"
            ) from problem
        if b"__main__" not in data:
            return cls(name=None, pickled=data)
        path = getattr(sys.modules.get("__main__"), "__file__", None)
        if path is None:
            raise GeneratorError(
                "a pipeline whose class is defined in an interactive session cannot reach a "
                "worker process; put the class into a file, or use worker='in-process'"
            )
        return cls(name=None, pickled=data, main_path=str(path))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        text = None if self.pickled is None else base64.b64encode(self.pickled).decode()
        return {"name": self.name, "pickled": text, "main_path": self.main_path}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PipelineRecipe:
        """The recipe that `to_dict` described."""
        text = data["pickled"]
        return cls(
            name=data["name"],
            pickled=None if text is None else base64.b64decode(text),
            main_path=data["main_path"],
        )

    def make(self) -> RunsZooms:
        """Builds the pipeline, in this process. Raises GeneratorError."""
        if self.pickled is None:
            return make_pipeline(self.name or OFFLINE)
        if self.main_path is not None:
            main = types.ModuleType(WORKER_MAIN)
            main.__dict__.update(runpy.run_path(self.main_path, run_name=WORKER_MAIN))
            sys.modules["__main__"] = main
        made = pickle.loads(self.pickled)
        if not isinstance(made, RunsZooms):
            raise GeneratorError(
                "a pipeline must have a method run(request, *, progress, cancelled), "
                f"got a {type(made).__name__} without"
            )
        return made
