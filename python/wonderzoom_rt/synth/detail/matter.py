# SPDX-License-Identifier: Apache-2.0
"""Procedural matter: which micro-structures a place is made of at the depth reached, and their sum.

A place's colour says which materials it may be (softly): leaf, earth, stone, pale. Each material shows other
structures at other depths, as under a microscope: strands, then cells, then granules... Two structures share
each material, parted by an irregular world-anchored mask, over a common lit relief.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

from wonderzoom_rt.synth.detail import micro
from wonderzoom_rt.synth.detail.bandnoise import fractal, smooth_noise
from wonderzoom_rt.synth.detail.filters import gaussian, luma
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.resample import FloatArray, Resampler
from wonderzoom_rt.synth.detail.statistics import LowStatistics

STEP_OCTAVES = 1.5
"""Depth after which matter shows its next structure: one call of a x8 zoom."""

Pair = tuple[str, str]
_SEQUENCES: dict[str, tuple[Pair, ...]] = {
    "leaf": (
        ("fibres", "speckle"),
        ("cells", "fibres"),
        ("cells", "speckle"),
        ("relief", "granules"),
        ("pebbles", "fibres"),
        ("cells", "cracks"),
    ),
    "earth": (
        ("relief", "fibres"),
        ("pebbles", "cracks"),
        ("fibres", "granules"),
        ("pebbles", "relief"),
        ("speckle", "facets"),
        ("fibres", "cracks"),
    ),
    "stone": (
        ("relief", "cracks"),
        ("facets", "cracks"),
        ("pebbles", "relief"),
        ("facets", "speckle"),
        ("relief", "granules"),
        ("facets", "cracks"),
    ),
    "pale": (
        ("relief", "relief"),
        ("facets", "relief"),
        ("facets", "granules"),
        ("fibres", "relief"),
        ("pebbles", "facets"),
        ("relief", "cells"),
    ),
}
MATERIALS = tuple(_SEQUENCES)


def material_weights(image: FloatArray) -> FloatArray:
    """(H, W, 3) low picture -> (H, W, 4) soft weights of MATERIALS that sum to 1, from its blurred
    colours.
    """
    smooth = gaussian(np.clip(image, 0, 1), 5.0)
    plane = luma(smooth)
    bright = plane + np.float32(0.08)
    red, green, blue = smooth[..., 0], smooth[..., 1], smooth[..., 2]
    leaf = (green - 0.5 * (red + blue)) / bright * 9.0 + (green - red) / bright * 3.0
    earth = (red - blue) / bright * 4.0 - np.maximum(green - red, 0) / bright * 8.0
    pale = (plane - 0.62) * 9.0 + (blue - red) / bright * 4.0
    scores = np.stack([leaf, earth, np.full_like(plane, 0.6), pale], axis=-1)
    weights = np.exp(3.0 * (scores - scores.max(axis=-1, keepdims=True)))
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True), dtype=np.float32)


def _directions(grids: Resampler, statistics: LowStatistics, patch: Patch) -> tuple[FloatArray, FloatArray]:
    """Unit (cos, sin) across the strands: the picture's structure where it has one, else a slow
    world-anchored turn.
    """
    cos, sin, coherence = statistics.cos, statistics.sin, statistics.coherence
    double_cos = grids.up(coherence * (cos * cos - sin * sin))
    double_sin = grids.up(coherence * (2 * cos * sin))
    turn = smooth_noise(patch, 901, 160) * np.float32(1.7)
    angle = 0.5 * np.arctan2(double_sin + 0.25 * np.sin(turn), double_cos + 0.25 * np.cos(turn))
    return np.cos(angle), np.sin(angle)


def _field(name: str, grids: Resampler, statistics: LowStatistics, patch: Patch) -> FloatArray:
    """A micro-structure of the patch, brought to unit variance."""
    if name == "fibres":
        cos, sin = _directions(grids, statistics, patch)
        field = micro.fibres(patch, 40, cos, sin)
    else:
        field = _plain(name, patch)
    mean, deviation = _moments(name)
    return np.asarray((field - np.float32(mean)) / np.float32(deviation), dtype=np.float32)


def _plain(name: str, patch: Patch) -> FloatArray:
    if name == "relief":
        return micro.relief(patch, 10)
    if name == "cells":
        return micro.cells(patch, 12, 9)
    if name == "pebbles":
        return micro.pebbles(patch, 16, 7)
    if name == "facets":
        return micro.facets(patch, 20, 7)
    if name == "speckle":
        return micro.speckle(patch, 24, 6.0)
    if name == "granules":
        return micro.speckle(patch, 26, 4.5)
    return micro.cracks(patch, 30, 22)


@lru_cache(maxsize=16)
def _moments(name: str) -> tuple[float, float]:
    """Mean and deviation of a structure, measured once on a fixed patch, so that crops agree."""
    patch = Patch(0, 0, 256, 256, 12345)
    if name == "fibres":
        ones = np.ones((256, 256), np.float32)
        field = micro.fibres(patch, 40, ones * np.float32(0.6), ones * np.float32(0.8))
    else:
        field = _plain(name, patch)
    return float(field.mean()), float(field.std())


def matter(
    low: FloatArray, grids: Resampler, statistics: LowStatistics, patch: Patch, octave: float
) -> FloatArray:
    """(rows, columns) of the high grid: a field of about unit variance, made of what lies there at this
    depth.
    """
    depth = max(0, round(octave / STEP_OCTAVES) - 1)
    weights = material_weights(low)
    shown = [
        (weights[..., index], *_pair(name, depth, patch.seed))
        for index, name in enumerate(MATERIALS)
        if float(weights[..., index].max()) >= 0.03
    ]
    names = dict.fromkeys(["relief", *(name for _, *pair in shown for name in pair)])
    with ThreadPoolExecutor(
        max_workers=2
    ) as aside:  # the outlines take less time than the structures of one thread
        fields = {name: aside.submit(_field, name, grids, statistics, patch) for name in names}
        part = smooth_noise(patch, 900, 90) + 0.5 * smooth_noise(patch, 902, 28)
        mask = (0.5 + 0.5 * np.tanh(2.5 * part)).astype(np.float32)
        total = 0.2 * fractal(patch, 60)
        total = 0.35 * fields["relief"].result() + total
        for weight, first, second in shown:
            mixed = mask * fields[first].result() + (1 - mask) * fields[second].result()
            total = total + np.clip(grids.up(weight), 0, 1) * mixed
    return np.asarray(total, dtype=np.float32)


def _pair(material: str, depth: int, seed: int) -> Pair:
    """The two structures of a material at a depth: the sequence, then on in an order drawn by the seed."""
    sequence = _SEQUENCES[material]
    if depth < len(sequence):
        return sequence[depth]
    draw = np.random.default_rng((seed & 0xFFFFFFFF, depth, len(material)))
    return sequence[int(draw.integers(len(sequence)))]
