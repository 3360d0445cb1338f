# SPDX-License-Identifier: Apache-2.0
"""Frames in GPU memory: how other libraries take them, what they say of themselves, and how they are measured.

Run with a GPU, or with `make emulated`, which draws with the CUDA backend on an emulated one.
"""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt import _core, profile
from wonderzoom_rt.bench.measure import Settings, measure, stats_of
from wonderzoom_rt.bench.run import Wishes, run_bench
from wonderzoom_rt.bench.scene import Scene
from wonderzoom_rt.bench.table import table_of
from wonderzoom_rt.device_frame import DeviceFrame
from wonderzoom_rt.engine import Engine

CAMERA = wz.Camera.home(40, 28, focal=36.0)
STATUS = _core.gpu_status()
pytestmark = pytest.mark.skipif(not STATUS["available"], reason=STATUS["words"])

CUDA, HOST = 2, 1  # DLPack's numbers of kinds of devices


@pytest.fixture(scope="module")
def world() -> wz.World:
    points = np.random.default_rng(6).uniform((-1, -1, 2), (1, 1, 4), (300, 3))
    return wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.1, now=0.1), CAMERA)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return wz.Engine(backend="cuda")


@pytest.fixture
def frame(world: wz.World, engine: Engine) -> DeviceFrame:
    return engine.render_on_device(world.snapshot(), CAMERA, outputs=("color", "depth", "surfel_id"))


def test_numpy_takes_a_copy_on_the_cpu(frame: DeviceFrame) -> None:
    host = frame.to_host()
    for name in ("color", "depth", "surfel_id"):
        taken = np.from_dlpack(getattr(frame, name), device="cpu")
        expected = getattr(host, name)
        assert taken.dtype == expected.dtype and taken.shape == expected.shape
        np.testing.assert_array_equal(taken, expected)


def test_a_copy_outlives_its_frame_and_its_engine(world: wz.World) -> None:
    engine = wz.Engine(backend="cuda")
    frame = engine.render_on_device(world.snapshot(), CAMERA, outputs=("color",))
    expected, taken = frame.to_host().color, np.from_dlpack(frame.color, device="cpu")
    del frame, engine
    gc.collect()
    np.testing.assert_array_equal(taken, expected)


def test_capsules_are_of_the_version_that_the_reader_knows(frame: DeviceFrame) -> None:
    assert frame.color is not None
    for wished, name in (
        (None, "dltensor"),
        ((0, 8), "dltensor"),
        ((1, 0), "dltensor_versioned"),
        ((2, 3), "dltensor_versioned"),
    ):
        assert f'"{name}"' in repr(frame.color.__dlpack__(max_version=wished, stream=-1))
        assert f'"{name}"' in repr(frame.color.__dlpack__(max_version=wished, copy=True))


def test_what_cannot_be_had_is_a_buffer_error(frame: DeviceFrame) -> None:
    color: Any = frame.color
    here = color.__dlpack_device__()
    assert here == (CUDA, frame.device)
    color.__dlpack__(dl_device=here, copy=False, stream=1)
    color.__dlpack__(dl_device=here, copy=True, stream=2)
    refused: list[dict[str, Any]] = [
        {"dl_device": (CUDA, frame.device + 7)},
        {"dl_device": (HOST, 1)},
        {"dl_device": (HOST, 0), "copy": False},
        {"dl_device": (HOST, 0), "stream": 1},
        {"stream": 0},
        {"stream": -2},
    ]
    for wish in refused:
        with pytest.raises(BufferError):
            color.__dlpack__(**wish)
    with pytest.raises((BufferError, RuntimeError, ValueError)):
        np.from_dlpack(color, device="cpu", copy=False)


def test_a_finished_frame_says_what_the_gpu_did(world: wz.World, engine: Engine) -> None:
    engine.render(world.snapshot(), CAMERA)
    frame = engine.render_on_device(world.snapshot(), CAMERA)
    stats = frame.finished_stats()
    assert {"select", "load", "list", "project", "sort", "bin", "blend"} <= set(stats["stages_ms"])
    assert stats["funnel"]["projected"] > 100 and stats["funnel"]["pages_selected"] > 0
    assert stats["complete"] is True and stats["uploaded_bytes"] == 0  # it is all there already
    assert frame.to_host().stats == stats


def test_a_frame_that_lacks_something_says_so() -> None:
    few, many = (
        wz.World.from_surfels(
            wz.SurfelLayer.from_arrays(
                np.random.default_rng(7).uniform((-0.6, -0.4, 2), (0.6, 0.4, 4), (count, 3)),
                extents=extent,
                now=0.1,
            ),
            CAMERA,
        )
        for count, extent in ((10, 0.05), (40000, 1.5))
    )
    engine = wz.Engine(backend="cuda")
    engine.render(few.snapshot(), CAMERA, outputs=("coverage",))
    lacking = engine.render_on_device(many.snapshot(), CAMERA, outputs=("coverage",))
    assert not lacking.wait()
    assert lacking.to_host().stats["complete"] is False
    assert engine.render(many.snapshot(), CAMERA, outputs=("coverage",)).stats["complete"] is True


def test_a_benchmark_does_not_time_the_way_back(
    world: wz.World, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("an image was read back")

    monkeypatch.setattr(DeviceFrame, "to_host", never)
    monkeypatch.setattr(Engine, "render", never)
    scene = Scene("few surfels", world, CAMERA, (0.0, 0.0, 3.0))
    samples = measure(scene, [CAMERA] * 2, Settings(backend="cuda"), warmup=1)
    assert samples.frame_ms.shape == (1, 2) and samples.funnel["projected"] > 100
    assert {"select", "project", "blend", "other"} <= set(samples.stages_ms)
    assert samples.gpu_ms is not None and samples.host_ms is not None
    drawing = sum(samples.stages_ms[name] for name in ("project", "sort", "bin", "blend"))
    assert np.allclose(samples.gpu_ms, drawing) and (samples.gpu_ms > 0.0).all()
    assert (samples.host_ms > 0.0).all() and (samples.host_ms <= samples.frame_ms).all()
    drawn = Settings(backend="cuda").draw(engine, world.snapshot(), CAMERA)
    assert isinstance(drawn, DeviceFrame) and stats_of(drawn)["complete"]


def test_a_trace_shows_the_gpu_beside_the_threads(world: wz.World, engine: Engine) -> None:
    profile.start()
    try:
        for _ in range(3):
            engine.render_on_device(world.snapshot(), CAMERA).wait()
    finally:
        profile.stop()
    recorded = profile.capture()
    (lane,) = [track for track in recorded.tracks if track.name == "GPU"]
    assert len(lane.selected("GPU frame")) == 3
    assert {"project", "sort", "bin", "blend"} <= set(lane.names)
    calls = [track for track in recorded.tracks if len(track.selected("frame"))]
    assert len(calls) == 1
    begin = calls[0].begin_ns[calls[0].selected("frame")]
    assert recorded.values("pages selected").tolist() == [world.info()["pages"]] * 3
    assert len(recorded.values("bytes uploaded")) == len(recorded.values("detail bias")) == 3
    drawn = lane.begin_ns[lane.selected("GPU frame")]
    assert np.all(drawn + np.uint64(1_000_000) > begin)  # the clocks may be a little apart


def test_a_benchmark_says_which_gpu_it_is_of() -> None:
    wishes = Wishes("needle", part=0.001, frames=1, warmup=0, settings=Settings(backend="cuda"))
    result = run_bench(wishes)
    assert result["machine"]["device"] == STATUS["words"]
    first, second = table_of(result).splitlines()[:2]
    assert first.endswith("; cuda") and second.startswith(STATUS["words"])


def test_a_trace_counts_what_is_uploaded_once(world: wz.World) -> None:
    engine = wz.Engine(backend="cuda")
    with profile.recording() as session:
        drawn = [engine.render(world.snapshot(), CAMERA).stats["uploaded_bytes"] for _ in range(2)]
    assert drawn[0] > 0 and session.capture().values("bytes uploaded").tolist() == drawn


def test_a_note_is_a_warning(world: wz.World, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = [["frames are started pass by pass"], []]
    monkeypatch.setattr(_core, "take_device_notes", lambda native: notes.pop(0))
    with pytest.warns(RuntimeWarning, match="pass by pass"):
        engine.render(world.snapshot(), CAMERA)
    engine.render(world.snapshot(), CAMERA)
    assert not notes
