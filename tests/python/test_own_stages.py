# SPDX-License-Identifier: Apache-2.0
"""Stages of one's own: found by entry point or handed over, alone or together."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.jobs import pipelines
from wonderzoom_rt.synth.protocols import DepthEstimator, Synthesizer, ViewCompleter

MODULE = '''
import numpy as np


class Plain:
    """Enlarges, and invents nothing."""

    name = "plain"

    def synthesize(self, request, context, camera, *, octave, progress, cancelled):
        points = context.camera.project_directions(camera.rays())
        column = points[..., 0].astype(int).clip(0, context.camera.width - 1)
        row = points[..., 1].astype(int).clip(0, context.camera.height - 1)
        return context.picture[row, column].astype(np.float32)


class Wall:
    """Everything stands at one distance."""

    name = "wall"

    def estimate(self, request, context, camera, picture):
        return np.full(picture.shape[:2], np.median(context.distance[np.isfinite(context.distance)]))


class Nothing:
    """Completes nothing."""

    name = "nothing"

    def complete(self, picture, distance, camera, home):
        return []


def number():
    return 7
'''
ENTRIES = "[wonderzoom_rt.pipelines]\n" + "".join(
    f"{name} = own_stages_of_a_test:{attribute}\n"
    for name, attribute in (
        ("plain", "Plain"),
        ("wall", "Wall"),
        ("nothing", "Nothing"),
        ("number", "number"),
    )
)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with stages, as pip leaves one behind."""
    info = tmp_path / "own_stages-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-stages\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    (tmp_path / "own_stages_of_a_test.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.fixture
def world(small_photograph: np.ndarray) -> wz.World:
    height, width = small_photograph.shape[:2]
    camera = wz.Camera.home(width, height, focal=240.0)
    return wz.World.from_rgbd(small_photograph, np.full((height, width), 5.0), camera)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "part", "protocol"),
    [
        ("plain", "generator", Synthesizer),
        ("wall", "depth", DepthEstimator),
        ("nothing", "completer", ViewCompleter),
    ],
)
def test_a_stage_found_by_its_entry_point_works_beside_the_offline_ones(
    world: wz.World, name: str, part: str, protocol: type
) -> None:
    assert name in pipelines.pipeline_names()
    with wz.Generator(name, worker="in-process") as generator:
        level = generator.zoom(world, world.home.zoomed(2), quality="fast").result()
    offline = {"generator": "offline", "depth": "guided relief", "completer": "mirrored push-pull"}
    assert {key: level.metadata[key] for key in offline} == {**offline, part: name}
    assert level.metadata["opencv"] and level.metadata["numpy"] == np.__version__
    made = pipelines.make_pipeline(name)
    assert isinstance(getattr(made, {"generator": "synthesizer"}.get(part, part)), protocol)


@pytest.mark.usefixtures("installed")
def test_a_worker_process_finds_it_too(world: wz.World) -> None:
    with wz.Generator("plain") as generator:
        level = generator.zoom(world, world.home.zoomed(2)).result()
    assert level.metadata["generator"] == "plain"
    assert world.picture(level).std() > 0.1


@pytest.mark.usefixtures("installed")
def test_what_is_neither_pipeline_nor_stage_is_refused() -> None:
    with pytest.raises(
        wz.GeneratorError, match=r"'number' must have a method run.* or be one of its stages, got a int"
    ):
        pipelines.make_pipeline("number")


def test_all_three_together(world: wz.World) -> None:
    scope: dict[str, type] = {}
    exec(MODULE, scope)  # the classes above, here
    stages = wz.Pipeline(synthesizer=scope["Plain"](), depth=scope["Wall"](), completer=scope["Nothing"]())
    (result,) = stages.run(world.request(world.home.zoomed(2)))
    assert {result.metadata[key] for key in ("generator", "depth", "completer")} == {
        "plain",
        "wall",
        "nothing",
    }
    assert (result.distance == 5.0).all()
    assert len(result.layer) == result.picture.shape[0] * result.picture.shape[1]


class Breaking:
    """A completer that cannot."""

    name = "breaking"

    def complete(self, *images: object) -> list[object]:
        raise ZeroDivisionError("nothing to complete with")


def ending_of(run: Callable[[], object]) -> BaseException | None:
    """What ended it, within a minute: whoever waits for a thread that waits for it would never end."""
    ended: list[BaseException | None] = []

    def call() -> None:
        try:
            run()
        except BaseException as problem:
            ended.append(problem)
        else:
            ended.append(None)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60.0)
    assert ended, "it hangs"
    return ended[0]


def test_a_zoom_ends_whenever_it_is_cancelled(world: wz.World) -> None:
    scope: dict[str, type] = {}
    exec(MODULE, scope)
    request = world.request(world.home.zoomed(8))
    endings = []
    for last in range(40):
        questions = itertools.count()
        stages = wz.Pipeline(
            synthesizer=scope["Plain"](), depth=scope["Wall"](), completer=scope["Nothing"]()
        )

        def cancelled(questions: Iterator[int] = questions, last: int = last) -> bool:
            return next(questions) >= last

        endings.append(ending_of(partial(stages.run, request, cancelled=cancelled)))
        if endings[-1] is None:
            break
    assert len(endings) > 5 and endings[-1] is None
    assert all(isinstance(problem, wz.CancelledError) for problem in endings[:-1])


def test_a_completer_that_fails_ends_the_zoom(world: wz.World) -> None:
    stages = wz.Pipeline(completer=Breaking())  # type: ignore[arg-type]
    request = world.request(world.home.zoomed(2), quality="fast")
    assert isinstance(ending_of(lambda: stages.run(request)), ZeroDivisionError)
