# SPDX-License-Identifier: Apache-2.0
"""The worker process and what crosses its border."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from small_pipelines import (
    DeafPipeline,
    DyingPipeline,
    EnlargingPipeline,
    SpoiltPipeline,
    WaitingPipeline,
)
from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import CancelledError, GeneratorError
from wonderzoom_rt.jobs import block, process
from wonderzoom_rt.jobs.block import read_block, write_block
from wonderzoom_rt.jobs.pipelines import PipelineRecipe, make_pipeline
from wonderzoom_rt.jobs.transport import InProcessTransport, ProcessTransport
from wonderzoom_rt.jobs.wire import pack_request, pack_results, unpack_request, unpack_results
from wonderzoom_rt.layer import SurfelLayer
from wonderzoom_rt.synth.types import Context, ZoomRequest

SIDE = (32, 48)


def make_request(seed: int = 0, prompt: str | None = None) -> ZoomRequest:
    random = np.random.default_rng(11)
    home = Camera.home(SIDE[1], SIDE[0], focal=40.0)
    distance = random.uniform(3.0, 4.0, SIDE)
    distance[:4] = np.inf
    context = Context(
        camera=home,
        picture=random.random((*SIDE, 3), dtype=np.float32),
        distance=distance,
        mask=np.ones(SIDE, dtype=np.float32),
    )
    return ZoomRequest(
        camera=home.zoomed(8, at=(0.4, 0.6)),
        parent=0,
        parent_lens=home,
        home=home,
        context=context,
        seed=seed,
        prompt=prompt,
    )


def ignore(fraction: float, words: str) -> None:
    """Progress nobody looks at."""


def never() -> bool:
    return False


def same_layer(a: SurfelLayer, b: SurfelLayer) -> bool:
    return all(np.array_equal(getattr(a, f.name), getattr(b, f.name)) for f in fields(SurfelLayer))


# ----------------------------------------------------------------------------- blocks


def test_a_block_gives_back_header_and_arrays_bit_for_bit() -> None:
    arrays = {
        "a": np.arange(7, dtype=np.float64) * np.pi,
        "b": np.zeros((0, 3), dtype=np.float32),
        "c": np.array([[True, False]]),
        "d": np.array(5, dtype=np.uint16),
        "e": np.array([np.nan, np.inf], dtype=np.float32),
    }
    header, back = read_block(write_block({"x": [1, None, "é"], "far": float("inf")}, arrays))
    assert header == {"x": [1, None, "é"], "far": float("inf")}
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()
        assert not back[name].flags.writeable


def test_a_finished_block_can_be_neither_changed_nor_cut() -> None:
    descriptor = write_block({}, {"a": np.ones(100)})
    try:
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 10)
        with pytest.raises(PermissionError):
            os.pwrite(descriptor, b"x", 0)
    finally:
        os.close(descriptor)


def hostile_block(layout: dict[str, object], *, magic: bytes = block.MAGIC, extra_length: int = 0) -> int:
    text = json.dumps({"header": {}, "arrays": layout}).encode()
    descriptor = os.memfd_create("hostile")
    os.write(descriptor, magic + (len(text) + extra_length).to_bytes(8, "little") + text + bytes(256))
    return descriptor


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "float64", "shape": [10**9], "offset": 0},
        {"dtype": "float64", "shape": [-4], "offset": 0},
        {"dtype": "float64", "shape": [2**40, 2**40], "offset": 0},
        {"dtype": "float64", "shape": [2], "offset": -64},
        {"dtype": "float64", "shape": [2], "offset": 3},
        {"dtype": "float64", "shape": [2], "offset": 2**62},
        {"dtype": "object", "shape": [2], "offset": 0},
        {"dtype": "float64", "shape": ["two"], "offset": 0},
        {"dtype": "float64"},
        None,
    ],
)
def test_a_block_whose_arrays_lie_outside_it_is_refused(entry: object) -> None:
    with pytest.raises(GeneratorError):
        read_block(hostile_block({"a": entry}))


def test_a_block_that_is_cut_short_or_of_another_kind_is_refused() -> None:
    empty = os.memfd_create("empty")
    with pytest.raises(GeneratorError, match="at least 16 bytes, got 0"):
        read_block(empty)
    with pytest.raises(GeneratorError, match="must begin with"):
        read_block(hostile_block({}, magic=b"WZBLOCK9"))
    with pytest.raises(GeneratorError, match="claims"):
        read_block(hostile_block({}, extra_length=10**6))


def test_reading_a_block_closes_its_file_even_when_it_is_refused() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(GeneratorError):
            read_block(hostile_block({"a": None}))
    assert len(os.listdir("/proc/self/fd")) == before


# ----------------------------------------------------------------------- values on the wire


def test_a_request_crosses_unchanged() -> None:
    request = replace(
        make_request(seed=2**40, prompt="ein Käfer"), picture=np.full((4, 6, 3), 0.3, np.float32)
    )
    back = unpack_request(*read_block(write_block(*pack_request(request))))
    for name in ("camera", "parent", "parent_lens", "home", "seed", "prompt", "quality"):
        assert getattr(back, name) == getattr(request, name), name
    assert back.context.camera == request.context.camera
    assert np.array_equal(back.context.picture, request.context.picture)
    assert np.array_equal(back.context.distance, request.context.distance)
    assert np.array_equal(back.context.mask, request.context.mask)
    assert back.picture is not None and np.array_equal(back.picture, request.picture)


def test_levels_cross_unchanged() -> None:
    results = EnlargingPipeline().run(make_request(), progress=ignore, cancelled=never)
    results[1] = replace(results[1], edit_mask=results[1].cover, color_change=results[1].picture * -0.5)
    back = unpack_results(*read_block(write_block(*pack_results(results))))
    assert len(back) == len(results)
    for a, b in zip(results, back, strict=True):
        assert (a.lens, a.approach, a.metadata) == (b.lens, b.approach, b.metadata)
        assert same_layer(a.layer, b.layer)
        for name in ("picture", "distance", "cover", "color_change", "edit_mask"):
            ours, theirs = getattr(a, name), getattr(b, name)
            assert (ours is None and theirs is None) or np.array_equal(ours, theirs), name


# --------------------------------------------------------------------------- the process


def test_a_worker_makes_what_the_pipeline_makes_here() -> None:
    request = make_request(seed=5)
    here = InProcessTransport(EnlargingPipeline()).run(request, progress=ignore, cancelled=never)
    transport = ProcessTransport(EnlargingPipeline())
    try:
        seen: list[tuple[float, str]] = []
        there = transport.run(request, progress=lambda *step: seen.append(step), cancelled=never)
        again = transport.run(request, progress=ignore, cancelled=never)
    finally:
        transport.close()
    assert seen[0] == (0.0, "level 1") and (0.5, "level 2") in seen
    for a, b, c in zip(here, there, again, strict=True):
        assert same_layer(a.layer, b.layer) and same_layer(a.layer, c.layer)
        assert np.array_equal(a.picture, b.picture)


@pytest.mark.parametrize(
    ("seed", "words"),
    [(1, "exit code 7; the end of its log: the last words of this worker"), (2, r"signal 9 \(SIGKILL\)")],
)
def test_a_worker_that_dies_fails_its_request_and_is_replaced(seed: int, words: str) -> None:
    transport = ProcessTransport(DyingPipeline())
    try:
        with pytest.raises(GeneratorError, match=words):
            transport.run(make_request(seed=seed), progress=ignore, cancelled=never)
        first = transport.process_id
        assert len(transport.run(make_request(), progress=ignore, cancelled=never)) == 2
        assert transport.process_id != first
        assert "last words" not in transport.log()
    finally:
        transport.close()


def test_a_worker_outlives_the_errors_of_its_pipeline() -> None:
    transport = ProcessTransport(DyingPipeline())
    try:
        first = transport.process_id
        with pytest.raises(GeneratorError, match="ZeroDivisionError: one over nothing"):
            transport.run(make_request(seed=3), progress=ignore, cancelled=never)
        assert "Traceback" in transport.log()
        with pytest.raises(GeneratorError, match=r"^no paint left$"):
            transport.run(make_request(seed=4), progress=ignore, cancelled=never)
        assert len(transport.run(make_request(), progress=ignore, cancelled=never)) == 2
        assert transport.process_id == first
    finally:
        transport.close()


def test_a_cancelled_worker_stops_and_takes_the_next_request() -> None:
    transport = ProcessTransport(WaitingPipeline())
    stop = threading.Event()
    try:
        first = transport.process_id
        for _ in range(2):
            stop.clear()
            with pytest.raises(CancelledError):
                transport.run(make_request(), progress=lambda *_: stop.set(), cancelled=stop.is_set)
        assert transport.process_id == first
    finally:
        transport.close()


def test_a_worker_that_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "CANCEL_GRACE_S", 0.1)
    transport = ProcessTransport(DeafPipeline())
    stop = threading.Event()
    try:
        with pytest.raises(CancelledError, match="did not stop"):
            transport.run(make_request(), progress=lambda *_: stop.set(), cancelled=stop.is_set)
        worker = transport._worker
        assert worker is not None and not worker.is_alive()
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        ("nothing", "at least one level"),
        ("no surfels", "level 0 .*no surfels"),
        ("nan picture", "picture of level 0 must be finite"),
        ("negative distance", "distance of level 0 .*-1.0"),
        ("wrong size", r"picture of level 0 must be float32 \(32, 48, 3\), got float32 \(31, 48, 3\)"),
        ("cover above one", r"cover of level 0 must lie in 0\.\.1"),
        ("second level", "cover of level 1"),
    ],
)
def test_levels_that_no_world_could_take_are_refused(spoilt: str, words: str) -> None:
    with pytest.raises(GeneratorError, match=words):
        InProcessTransport(SpoiltPipeline()).run(
            make_request(prompt=spoilt), progress=ignore, cancelled=never
        )


def test_a_worker_refuses_them_too_and_lives_on() -> None:
    transport = ProcessTransport(SpoiltPipeline())
    try:
        first = transport.process_id
        for spoilt, words in (("nothing", "at least one level"), ("second level", "cover of level 1")):
            with pytest.raises(GeneratorError, match=words):
                transport.run(make_request(prompt=spoilt), progress=ignore, cancelled=never)
        assert transport.process_id == first
    finally:
        transport.close()


def test_what_arrives_is_checked_again_here() -> None:
    good = EnlargingPipeline().run(make_request(), progress=ignore, cancelled=never)
    header, arrays = pack_results(good)
    for name, bad in (
        ("0.layer.now", np.full(len(good[0].layer), -1.0)),
        ("1.picture", np.full_like(good[1].picture, np.nan)),
        ("0.cover", arrays["0.cover"][:3]),
    ):
        with pytest.raises(GeneratorError):
            unpack_results(header, {**arrays, name: bad})
    with pytest.raises(GeneratorError, match="cannot be read"):
        unpack_results({"levels": [{}]}, arrays)


def test_no_worker_outlives_its_parent() -> None:
    script = (
        "import sys, os, signal\n"
        "from small_pipelines import DeafPipeline\n"
        "from wonderzoom_rt.jobs.transport import ProcessTransport\n"
        "t = ProcessTransport(DeafPipeline())\n"
        "from test_worker import make_request\n"
        "def told(*_):\n"
        "    print(t.process_id, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "t.run(make_request(), progress=told, cancelled=lambda: False)\n"
    )
    here = Path(__file__).resolve().parent
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(here), str(here.parent)])}
    done = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, env=env, check=False)
    orphan = int(done.stdout)
    # The orphan holds no pipe of ours; wait for it by its process file descriptor.
    try:
        handle = os.pidfd_open(orphan)
    except ProcessLookupError:
        return
    import select

    readable, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    assert readable, "the worker still runs although its parent was killed"


# ------------------------------------------------------------------------------ recipes


def test_an_unknown_generator_is_named_with_those_there_are() -> None:
    with pytest.raises(GeneratorError, match=r"no generator called 'nosuch', only: .*offline"):
        make_pipeline("nosuch")


def test_a_pipeline_that_cannot_be_pickled_is_refused_at_once() -> None:
    class Local(EnlargingPipeline):
        pass

    with pytest.raises(GeneratorError, match="picklable"):
        PipelineRecipe.of(Local())


def test_a_recipe_survives_json() -> None:
    recipe = PipelineRecipe.of(EnlargingPipeline(noise=0.25))
    back = PipelineRecipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    made = back.make()
    assert isinstance(made, EnlargingPipeline) and made.noise == 0.25


def test_an_installed_generator_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "someones_generator-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-generator\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wonderzoom_rt.pipelines]\nenlarging = small_pipelines:EnlargingPipeline\nbroken = nowhere:Nothing\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(make_pipeline("enlarging"), EnlargingPipeline)
    with pytest.raises(GeneratorError, match=r"'broken'.*cannot be loaded"):
        make_pipeline("broken")
    transport = ProcessTransport("enlarging")
    try:
        assert len(transport.run(make_request(), progress=ignore, cancelled=never)) == 2
    finally:
        transport.close()


def test_a_pipeline_defined_in_the_script_itself_reaches_the_worker(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(
        "from small_pipelines import EnlargingPipeline\n"
        "class Mine(EnlargingPipeline):\n    pass\n"
        "if __name__ == '__main__':\n"
        "    from test_worker import make_request\n"
        "    from wonderzoom_rt.jobs.transport import ProcessTransport\n"
        "    t = ProcessTransport(Mine())\n"
        "    print(len(t.run(make_request(), progress=lambda *_: None, cancelled=lambda: False)))\n"
        "    t.close()\n"
    )
    here = Path(__file__).resolve().parent
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(here), str(here.parent)])}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "2"
