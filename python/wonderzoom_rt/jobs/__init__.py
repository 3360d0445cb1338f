# SPDX-License-Identifier: Apache-2.0
"""Zooms as jobs: a queue, a worker process, and the commit of what it made."""

from __future__ import annotations

from .generator import Generator
from .job import Job, JobState
from .pipelines import ENTRY_POINTS, RunsZooms, pipeline_names

__all__ = ["ENTRY_POINTS", "Generator", "Job", "JobState", "RunsZooms", "pipeline_names"]
