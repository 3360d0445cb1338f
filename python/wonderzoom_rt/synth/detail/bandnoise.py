# SPDX-License-Identifier: Apache-2.0
"""Band noise: detail above the coarse Nyquist with 1/f amplitude, anchored in the world, following the
structure.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from wonderzoom_rt.synth.detail.filters import gaussian, sample
from wonderzoom_rt.synth.detail.lattice import Patch, white
from wonderzoom_rt.synth.detail.resample import FloatArray
from wonderzoom_rt.synth.opencv import opencv

_OCTAVE_SIGMAS = (0.5, 1.0, 2.0)
_HALO = 12
_REFERENCE = 192


def fractal(patch: Patch, channel: int) -> FloatArray:
    """(height, width) noise of amplitude ~ 1/f down to a period of about 25 px, of variance about 1.

    The sum over sigma of sigma * Gaussian(sigma) has a 1/f response; the lattice supplies the halo, so crops
    agree.
    """
    source = white(patch.grown(_HALO), channel)
    total = sum((np.float32(s) * gaussian(source, s) for s in _OCTAVE_SIGMAS), np.float32(0.35) * source)
    inner = np.asarray(total)[_HALO:-_HALO, _HALO:-_HALO]
    return np.ascontiguousarray(inner * np.float32(1 / _fractal_deviation()), dtype=np.float32)


@lru_cache(maxsize=1)
def _fractal_deviation() -> float:
    impulse = np.zeros((65, 65), np.float32)
    impulse[32, 32] = 1
    kernel = sum((np.float32(s) * gaussian(impulse, s) for s in _OCTAVE_SIGMAS), np.float32(0.35) * impulse)
    return float(np.sqrt(np.square(np.asarray(kernel, dtype=np.float64)).sum()))


def smooth_noise(patch: Patch, channel: int, cell: int) -> FloatArray:
    """(height, width) smooth noise of about unit variance, with features of `cell` px."""
    cv2 = opencv()
    lattice, left, top = patch.cells(cell)
    lattice = lattice.grown(2)
    size = lattice.width * cell, lattice.height * cell
    whole = cv2.resize(white(lattice, channel), size, interpolation=cv2.INTER_CUBIC)
    left, top = left + 2 * cell, top + 2 * cell
    return np.asarray(
        whole[top : top + patch.height, left : left + patch.width] * np.float32(1.4), dtype=np.float32
    )


def smear(field: FloatArray, cos: FloatArray, sin: FloatArray, *, length: int) -> FloatArray:
    """Line integral of `field` over 2 `length` + 1 px along (-sin, cos), straight at each pixel; keeps the
    variance of white noise about right by dividing by the root of the sample count."""
    rows, columns = field.shape
    x = np.broadcast_to(np.arange(columns, dtype=np.float32), (rows, columns))
    y = np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], (rows, columns))
    total = field.copy()
    for step in (s for distance in range(1, length + 1) for s in (distance, -distance)):
        total += sample(field, x - np.float32(step) * sin, y + np.float32(step) * cos)
    return np.asarray(total / np.float32(np.sqrt(2 * length + 1)), dtype=np.float32)
