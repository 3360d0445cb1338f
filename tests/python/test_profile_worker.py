# SPDX-License-Identifier: Apache-2.0
"""The zones of a worker process come back with its result and lie on the parent's axis."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_worker import ignore, make_request, never

from chrome_trace import problems_of, read_trace, zones_of
from small_pipelines import ZonedPipeline
from wonderzoom_rt import profile, zones
from wonderzoom_rt.jobs.transport import InProcessTransport, ProcessTransport


@pytest.fixture(scope="module")
def transport() -> Iterator[ProcessTransport]:
    transport = ProcessTransport(ZonedPipeline(steps=2))
    yield transport
    transport.close()


def test_a_workers_zones_lie_inside_the_parents(transport: ProcessTransport, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    with profile.recording(file), profile.zone("asked"):
        transport.run(make_request(), progress=ignore, cancelled=never)
    trace = read_trace(file)
    assert problems_of(trace) == []
    (asked,), (enlarge,) = zones_of(trace, "asked"), zones_of(trace, "enlarge")
    assert asked["pid"] == os.getpid() and enlarge["pid"] == transport.process_id
    assert asked["ts"] < enlarge["ts"] and enlarge["ts"] + enlarge["dur"] < asked["ts"] + asked["dur"]
    assert enlarge["args"] == {"value": 2}
    names = {e["pid"]: e["args"]["name"] for e in trace["traceEvents"] if e["name"] == "process_name"}
    assert names == {os.getpid(): "wonderzoom", transport.process_id: "worker"}


def test_each_run_sends_its_own_zones(transport: ProcessTransport, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    with profile.recording(file) as session:
        for _ in range(2):
            transport.run(make_request(), progress=ignore, cancelled=never)
    assert len(session.capture().durations_ms("enlarge")) == 2
    trace = read_trace(file)
    assert problems_of(trace) == [] and len(zones_of(trace, "enlarge")) == 2


def test_a_worker_records_nothing_unasked(transport: ProcessTransport) -> None:
    zones.take_foreign()
    transport.run(make_request(), progress=ignore, cancelled=never)
    assert zones.take_foreign() == []


def test_a_pipeline_in_this_process_shows_without_being_sent() -> None:
    with profile.recording() as session:
        InProcessTransport(ZonedPipeline(steps=1)).run(make_request(), progress=ignore, cancelled=never)
    (track,) = (t for t in session.capture().tracks if len(t.selected("enlarge")))
    assert track.process == os.getpid()
