# SPDX-License-Identifier: Apache-2.0
"""Jobs: their states, what supersedes what, and that a zoom is in the world whole or not at all."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from small_pipelines import DyingPipeline, EnlargingPipeline, SpoiltPipeline, WaitingPipeline, first_level
from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import CancelledError, GeneratorError, InputError
from wonderzoom_rt.jobs import Generator, Job, JobState
from wonderzoom_rt.jobs.queue import JobQueue, overlaps
from wonderzoom_rt.synth.types import Cancelled, LevelResult, Progress, ZoomRequest
from wonderzoom_rt.world import World

WORKERS = ("in-process", "process")
DEADLINE_S = 60.0


def make_world() -> World:
    random = np.random.default_rng(2)
    picture = np.clip(0.5 + 0.2 * random.standard_normal((48, 64, 3)), 0, 1)
    distance = 4.0 + 0.01 * np.add.outer(np.arange(48.0), np.arange(64.0))
    world = World()
    world.commit(first_level(picture, distance, focal=60.0), parent=None)
    return world


@pytest.fixture
def world() -> World:
    return make_world()


def fingerprint(world: World) -> list[tuple[Any, ...]]:
    """All that a user can see of a world, but for the epoch."""
    return [
        (
            level.id,
            level.parent,
            level.lens,
            level.surfel_count,
            world.picture(level).tobytes(),
            world.surfels(level).positions.tobytes(),
        )
        for level in world.levels
    ]


def shown(world: World) -> bytes:
    frame = world.render(world.home, outputs=("color", "level"))
    assert frame.color is not None and frame.level is not None
    return frame.color.tobytes() + frame.level.tobytes()


# ------------------------------------------------------------------------- whole lives


@pytest.mark.parametrize("worker", WORKERS)
def test_a_zoom_commits_its_levels_coarse_first(world: World, worker: Any) -> None:
    with Generator(EnlargingPipeline(), worker=worker) as generator:
        job = generator.zoom(world, world.home.zoomed(8, at=(0.4, 0.6)), seed=3)
        level = job.result(timeout=DEADLINE_S)
    assert job.state is JobState.COMMITTED and job.progress == (1.0, "done") and job.error is None
    assert [entry.id for entry in job.levels] == [1, 2] and level == job.levels[-1]
    assert [entry.parent for entry in world.levels] == [None, 0, 1]
    assert level.lens.focal == pytest.approx(8 * 60) and level.metadata["seed"] == 3


def test_both_workers_make_the_same_world() -> None:
    worlds = []
    for worker in WORKERS:
        world = make_world()
        with Generator(EnlargingPipeline(), worker=worker) as generator:  # type: ignore[arg-type]
            generator.zoom(world, world.home.zoomed(8), seed=9).result(timeout=DEADLINE_S)
        worlds.append(fingerprint(world))
    assert worlds[0] == worlds[1]


def test_zooms_follow_one_another_into_the_deep(world: World) -> None:
    with Generator(EnlargingPipeline()) as generator:
        camera = world.home
        for _ in range(3):
            camera = camera.zoomed(8, at=(0.3, 0.7))
            generator.zoom(world, camera).result(timeout=DEADLINE_S)
    assert len(world.levels) == 7
    assert world.levels[-1].lens.focal == pytest.approx(60 * 512)


def test_a_job_becomes_visible_only_after_it_is_committed(world: World) -> None:
    with Generator(EnlargingPipeline(), worker="in-process") as generator:
        job = generator.zoom(world, world.home.zoomed(8))
        job.result(timeout=DEADLINE_S)
        job.shown()
        assert job.state is JobState.VISIBLE
        assert not job.cancel()
        assert job.result() == job.levels[-1]


def test_poll_tells_of_each_change_once_and_never_waits(world: World) -> None:
    with Generator(WaitingPipeline(), worker="in-process") as generator:
        assert generator.poll() == []
        job = generator.zoom(world, world.home.zoomed(8))
        job.cancel()
        job.wait(DEADLINE_S)
        seen = generator.poll()
        assert seen == [job]
        assert generator.poll() == []


# ------------------------------------------------------------------------------ failing


@pytest.mark.parametrize(
    ("seed", "words"), [(1, "exit code 7"), (2, "SIGKILL"), (3, "ZeroDivisionError"), (4, "no paint left")]
)
def test_a_worker_that_fails_leaves_the_world_as_it_was(world: World, seed: int, words: str) -> None:
    before, epoch, picture = fingerprint(world), world.epoch, shown(world)
    with Generator(DyingPipeline()) as generator:
        job = generator.zoom(world, world.home.zoomed(8), seed=seed)
        with pytest.raises(GeneratorError, match=words):
            job.result(timeout=DEADLINE_S)
        assert job.state is JobState.FAILED and isinstance(job.error, GeneratorError) and job.levels == ()
        assert (fingerprint(world), world.epoch, shown(world)) == (before, epoch, picture)
        assert generator.zoom(world, world.home.zoomed(8)).result(timeout=DEADLINE_S).id == 2
    if seed == 1:
        assert "the last words of this worker" in job.log


def test_a_worker_killed_from_outside_fails_its_job(world: World) -> None:
    before = fingerprint(world)
    running = threading.Event()
    with Generator(WaitingPipeline()) as generator:
        job = generator.zoom(world, world.home.zoomed(8))
        watch_progress(job, running)
        assert running.wait(DEADLINE_S)
        os.kill(generator._transport.process_id, signal.SIGKILL)  # type: ignore[attr-defined]
        with pytest.raises(GeneratorError, match=r"killed by signal 9 \(SIGKILL\)"):
            job.result(timeout=DEADLINE_S)
    assert fingerprint(world) == before


def watch_progress(job: Job, running: threading.Event) -> None:
    """Sets `running` once the pipeline has reported progress."""
    report = job.report

    def told(fraction: float, words: str) -> None:
        report(fraction, words)
        running.set()

    job.report = told  # type: ignore[method-assign]
    if job.progress[0] > 0:
        running.set()


@pytest.mark.parametrize("worker", WORKERS)
def test_levels_that_are_wrong_never_reach_the_world(world: World, worker: Any) -> None:
    before, epoch = fingerprint(world), world.epoch
    with Generator(SpoiltPipeline(), worker=worker) as generator:
        job = generator.zoom(world, world.home.zoomed(8), prompt="second level")
        with pytest.raises(GeneratorError, match="cover of level 1"):
            job.result(timeout=DEADLINE_S)
    assert (fingerprint(world), world.epoch) == (before, epoch)


class HalfWrongPipeline(EnlargingPipeline):
    """Its second level looks right, but its metadata is nothing that a world can keep."""

    def run(self, request: ZoomRequest, *, progress: Progress, cancelled: Cancelled) -> list[LevelResult]:
        good = super().run(request, progress=progress, cancelled=cancelled)
        return [good[0], replace(good[1], metadata={"broken": object()})]


def test_when_the_second_level_cannot_be_committed_the_first_is_taken_back(world: World) -> None:
    before, picture = fingerprint(world), shown(world)
    with Generator(HalfWrongPipeline(), worker="in-process") as generator:
        job = generator.zoom(world, world.home.zoomed(8))
        with pytest.raises(TypeError):
            job.result(timeout=DEADLINE_S)
        assert job.state is JobState.FAILED
    assert (fingerprint(world), shown(world)) == (before, picture)


# --------------------------------------------------------------------------- cancelling


@pytest.mark.parametrize("worker", WORKERS)
def test_a_cancelled_job_leaves_the_world_as_it_was(world: World, worker: Any) -> None:
    before, epoch = fingerprint(world), world.epoch
    with Generator(WaitingPipeline(), worker=worker) as generator:
        job = generator.zoom(world, world.home.zoomed(8))
        assert job.cancel()
        assert job.wait(DEADLINE_S)
        assert job.state is JobState.CANCELLED
        with pytest.raises(CancelledError):
            job.result()
        assert not job.cancel()
    assert (fingerprint(world), world.epoch) == (before, epoch)


def test_a_job_cancelled_between_its_two_commits_is_taken_back_whole(world: World) -> None:
    before, picture = fingerprint(world), shown(world)
    commit = world.commit
    jobs: list[Job] = []
    ready = threading.Event()

    def commit_then_cancel(result: LevelResult, *, parent: Any) -> Any:
        level = commit(result, parent=parent)
        ready.wait(DEADLINE_S)
        assert jobs[0].cancel()
        return level

    world.commit = commit_then_cancel  # type: ignore[method-assign]
    for steps in (2, 1):  # between two commits, and between the last commit and the end
        ready.clear()
        jobs.clear()
        with Generator(EnlargingPipeline(steps=steps), worker="in-process") as generator:
            jobs.append(generator.zoom(world, world.home.zoomed(2.0**steps)))
            ready.set()
            assert jobs[0].wait(DEADLINE_S)
        assert jobs[0].state is JobState.CANCELLED and jobs[0].levels == ()
        assert (fingerprint(world), shown(world)) == (before, picture)


def test_leaving_the_generator_cancels_what_is_not_committed(world: World) -> None:
    with Generator(WaitingPipeline()) as generator:
        running = generator.zoom(world, world.home.zoomed(8, at=(0.2, 0.2)))
        waiting = generator.zoom(world, world.home.zoomed(8, at=(0.8, 0.8)))
    assert running.state is JobState.CANCELLED and waiting.state is JobState.CANCELLED
    assert len(world.levels) == 1


def test_result_gives_up_after_its_timeout(world: World) -> None:
    with Generator(WaitingPipeline(), worker="in-process") as generator:
        job = generator.zoom(world, world.home.zoomed(8))
        with pytest.raises(TimeoutError, match="not done after 0 s"):
            job.result(timeout=0.0)
        assert not job.state.is_done


# ----------------------------------------------------------------------------- the queue


def view(world: World, at: tuple[float, float], factor: float = 8.0) -> ZoomRequest:
    return world.request(world.home.zoomed(factor, at=at), parent=0)


def test_requests_overlap_when_each_shows_half_of_the_other(world: World) -> None:
    base = view(world, (0.5, 0.5))
    assert overlaps(base, view(world, (0.5, 0.5)))
    assert overlaps(base, view(world, (0.5 + 0.4 / 8, 0.5)))
    assert not overlaps(base, view(world, (0.5 + 0.6 / 8, 0.5)))
    assert not overlaps(base, view(world, (0.5, 0.5), factor=2.0)), "a far wider view is another wish"
    assert not overlaps(base, replace(base, parent=1))


def test_overlap_holds_for_cameras_that_stand_elsewhere(world: World) -> None:
    base = view(world, (0.5, 0.5))
    middle = float(base.context.distance[24, 32])
    target = base.camera.eye + middle * base.camera.central_ray
    aside = Camera.look_at(
        base.camera.eye + np.array([0.4, 0.0, 0.0]), target, focal=base.camera.focal, width=64, height=48
    )
    away = Camera.look_at(
        base.camera.eye, target + np.array([1.5, 0, 0]), focal=base.camera.focal, width=64, height=48
    )
    assert overlaps(base, replace(base, camera=aside)) and overlaps(replace(base, camera=aside), base)
    assert not overlaps(base, replace(base, camera=away))


def test_a_newer_view_of_a_place_supersedes_a_queued_one_but_never_a_running_one(world: World) -> None:
    queue = JobQueue()
    requests = [view(world, at) for at in ((0.5, 0.5), (0.2, 0.2), (0.5, 0.5), (0.52, 0.5))]
    jobs = [Job(world, request) for request in requests]
    queue.put(jobs[0])
    assert queue.take() is jobs[0] and jobs[0].state is JobState.RUNNING
    queue.put(jobs[1])
    queue.put(jobs[2])
    assert queue.put(jobs[3]) == [jobs[2]]
    assert [job.state for job in jobs] == [
        JobState.RUNNING,
        JobState.QUEUED,
        JobState.SUPERSEDED,
        JobState.QUEUED,
    ]
    with pytest.raises(CancelledError, match="superseded"):
        jobs[2].result()
    assert queue.take() is jobs[1] and queue.take() is jobs[3]


def test_another_world_supersedes_nothing(world: World) -> None:
    queue = JobQueue()
    other = make_world()
    queue.put(Job(world, view(world, (0.5, 0.5))))
    assert queue.put(Job(other, view(other, (0.5, 0.5)))) == []
    assert len(queue) == 2


def test_a_closed_queue_gives_nothing_more(world: World) -> None:
    queue = JobQueue()
    job = Job(world, view(world, (0.5, 0.5)))
    queue.put(job)
    queue.close()
    assert queue.take() is None and job.state is JobState.CANCELLED


def test_a_job_cancelled_in_the_queue_is_passed_over(world: World) -> None:
    queue = JobQueue()
    first, second = Job(world, view(world, (0.2, 0.2))), Job(world, view(world, (0.8, 0.8)))
    queue.put(first)
    queue.put(second)
    first.cancel()
    assert queue.take() is second


def test_progress_never_falls(world: World) -> None:
    job = Job(world, view(world, (0.5, 0.5)))
    for fraction in (0.2, 0.1, float("nan"), 0.5, 7.0):
        job.report(fraction, "x")
    assert job.progress == (1.0, "x")


# ----------------------------------------------------------------------------- bad wishes


def test_the_offline_generator_says_that_it_cannot_paint_words(world: World) -> None:
    with Generator() as generator, pytest.raises(GeneratorError, match=r"cannot paint words.*--picture FILE"):
        generator.zoom(world, world.home.zoomed(8), prompt="a ladybug on the leaf")


@pytest.mark.parametrize("factor", [1.0, 1e9])
def test_a_zoom_of_an_impossible_factor_is_refused_at_once(world: World, factor: float) -> None:
    with Generator(EnlargingPipeline(), worker="in-process") as generator, pytest.raises(InputError):
        generator.zoom(world, world.home.zoomed(factor))


def test_a_closed_generator_takes_no_wishes(world: World) -> None:
    with Generator(EnlargingPipeline(), worker="in-process") as generator:
        pass
    with pytest.raises(GeneratorError, match="the generator was closed"):
        generator.zoom(world, world.home.zoomed(8))


def test_an_unknown_kind_of_worker_is_refused() -> None:
    with pytest.raises(InputError, match="'process' or 'in-process', got 'thread'"):
        Generator(worker="thread")  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    names = [thread.name for thread in threading.enumerate()]
    assert "wonderzoom-generator" not in names
