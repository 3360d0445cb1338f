# SPDX-License-Identifier: Apache-2.0
"""Choosing the GPU: where there is none the package says so, and where there is one it draws the same pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt import _core, doctor

CAMERA = wz.Camera.home(48, 36, focal=40.0)
STATUS = _core.gpu_status()
needs_gpu = pytest.mark.skipif(not STATUS["available"], reason=STATUS["words"])
needs_none = pytest.mark.skipif(STATUS["available"], reason="there is a GPU")


@pytest.fixture(scope="module")
def world() -> wz.World:
    points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (500, 3))
    return wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.1, now=0.1), CAMERA)


def test_the_status_says_what_there_is() -> None:
    assert STATUS["words"] and "\n" not in STATUS["words"]
    assert STATUS["available"] == (STATUS["devices"] > 0)
    assert STATUS["available"] or STATUS["remedy"]
    assert not STATUS["available"] or (STATUS["built"] and STATUS["memory_bytes"] > 0 and STATUS["name"])
    assert _core.gpu_status().keys() == STATUS.keys()


@needs_none
def test_insisting_on_a_gpu_that_is_not_there_says_why() -> None:
    with pytest.raises(wz.DeviceError) as caught:
        wz.Engine(backend="cuda")
    assert STATUS["words"] in str(caught.value) and STATUS["remedy"] in str(caught.value)


@needs_none
def test_the_doctor_says_how_to_get_one() -> None:
    (gpu,) = [finding for finding in doctor.examine() if finding.name == "GPU"]
    assert gpu.state == "missing" and STATUS["words"] in gpu.words and STATUS["remedy"] in gpu.remedy


def test_auto_takes_what_there_is(world: wz.World) -> None:
    engine = wz.Engine(backend="auto")
    assert engine.backend == ("cuda" if STATUS["available"] else "cpu")
    assert (engine.device_memory is not None) == (engine.backend == "cuda")
    frame = engine.render(world.snapshot(), CAMERA, outputs=("coverage",))
    assert frame.coverage is not None and frame.coverage.max() > 0.5


def test_an_unknown_backend_is_refused() -> None:
    name: Any = "gpu"
    with pytest.raises(wz.InputError, match="backend must be one of cpu, cuda, auto, got 'gpu'"):
        wz.Engine(backend=name)


def test_a_cpu_engine_keeps_no_frames_on_a_device(world: wz.World) -> None:
    engine = wz.Engine(backend="cpu")
    assert engine.backend == "cpu" and engine.device_memory is None
    with pytest.raises(wz.InputError, match="draws on the CPU"):
        engine.render_on_device(world.snapshot(), CAMERA)
    with pytest.raises(wz.InputError, match="draws on the CPU"):
        engine.texture_target(1, 16, 16)
    with pytest.raises(wz.InputError, match="sides of at least 1"):
        engine.texture_target(1, 0, 16)


@needs_gpu
def test_the_gpu_draws_the_same_picture_on_and_off_the_device(world: wz.World) -> None:
    outputs = ("color", "coverage", "depth", "normal", "level", "depth_median", "surfel_id")
    engine = wz.Engine(backend="cuda")
    cpu = wz.Engine().render(world.snapshot(), CAMERA, outputs=outputs)
    gpu = engine.render(world.snapshot(), CAMERA, outputs=outputs)
    on_device = engine.render_on_device(world.snapshot(), CAMERA, outputs=outputs)
    assert on_device.wait()
    for frame in (gpu, on_device.to_host()):
        assert cpu.color is not None and frame.color is not None
        apart = np.abs(cpu.color - frame.color).max(axis=2)
        assert np.mean(apart > 2 / 255) <= 0.002
    assert on_device.color is not None and on_device.color.shape == (36, 48, 3)
    about = on_device.color.__cuda_array_interface__
    assert about["typestr"] == "<f4" and about["shape"] == (36, 48, 3) and about["stream"] == on_device.stream
    assert on_device.color.__dlpack_device__() == (2, on_device.device)
    assert engine.render_on_device(world.snapshot(), CAMERA, outputs=("depth",)).color is None


@needs_gpu
def test_other_libraries_take_images_without_a_copy(world: wz.World) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch finds no CUDA device")
    frame = wz.Engine(backend="cuda").render_on_device(world.snapshot(), CAMERA, outputs=("color", "depth"))
    color = torch.from_dlpack(frame.color)
    host = frame.to_host().color
    address = frame.color.__cuda_array_interface__["data"][0] if frame.color is not None else 0
    del frame  # the tensor keeps the memory
    assert color.data_ptr() == address
    np.testing.assert_array_equal(color.cpu().numpy(), host)
