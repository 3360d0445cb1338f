# SPDX-License-Identifier: Apache-2.0
"""The jobs that wait for a worker: first come, first served, but a new view of a place replaces an old one."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np

from ..camera import Camera
from ..errors import GeneratorError
from ..synth.types import ZoomRequest
from .job import Job, JobState

OVERLAP = 0.5
"""Two requests overlap when each shows at least this fraction of the other's view."""
_GRID = 9


class JobQueue:
    """Every method may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()
        self._condition = threading.Condition()
        self._closed = False

    def put(self, job: Job) -> list[Job]:
        """Adds a job, and returns those waiting ones that it supersedes (their state says so).

        Raises GeneratorError once the queue is closed: nobody would take the job.
        """
        with self._condition:
            if self._closed:
                raise GeneratorError("the generator was closed: make a new one to zoom")
            older = [
                other
                for other in self._waiting
                if other.world is job.world and overlaps(other.request, job.request)
            ]
            for other in older:
                self._waiting.remove(other)
            self._waiting.append(job)
            self._condition.notify()
        return [other for other in older if other.advance(JobState.SUPERSEDED)]

    def take(self) -> Job | None:
        """The next job, now RUNNING; waits for one. None once the queue is closed."""
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._waiting or self._closed)
                if self._closed:
                    return None
                job = self._waiting.popleft()
            if job.advance(JobState.RUNNING):
                return job

    def close(self) -> None:
        """Cancels all that waits; `take` returns None from now on."""
        with self._condition:
            self._closed = True
            rest = list(self._waiting)
            self._waiting.clear()
            self._condition.notify_all()
        for job in rest:
            job.cancel()

    def __len__(self) -> int:
        with self._condition:
            return len(self._waiting)


def overlaps(older: ZoomRequest, newer: ZoomRequest) -> bool:
    """Whether two requests show the same place: same parent, and each view holds half of the other."""
    if older.parent != newer.parent:
        return False
    return min(_seen_fraction(older, newer.camera), _seen_fraction(newer, older.camera)) >= OVERLAP


def _seen_fraction(request: ZoomRequest, by: Camera) -> float:
    """The fraction of a request's view, taken at the distance of its middle, that another camera shows."""
    camera = request.camera
    across, down = np.meshgrid(
        (np.arange(_GRID) + 0.5) / _GRID * camera.width, (np.arange(_GRID) + 0.5) / _GRID * camera.height
    )
    rays = camera.ray(across, down)
    middle = request.context.distance[
        request.context.distance.shape[0] // 2, request.context.distance.shape[1] // 2
    ]
    if camera.position == by.position or not np.isfinite(middle):
        points = by.project_directions(rays)
    else:
        points, _ = by.project(camera.eye + float(middle) * rays)
    with np.errstate(invalid="ignore"):
        inside = ((points >= 0.0) & (points <= (by.width, by.height))).all(axis=-1)
    return float(inside.mean())
