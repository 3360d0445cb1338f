# SPDX-License-Identifier: Apache-2.0
"""Invented texture: band noise near the photograph, procedural matter deeper, as strong as the low picture
asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wonderzoom_rt.synth.detail.bandnoise import fractal, smear
from wonderzoom_rt.synth.detail.filters import gaussian, luma
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.matter import matter
from wonderzoom_rt.synth.detail.outlines import Directions, local_rms
from wonderzoom_rt.synth.detail.resample import FloatArray, Resampler
from wonderzoom_rt.synth.detail.statistics import LowStatistics, rise

BODY_CHANGE = 0.009
"""How far (0..1 of luma) matter may change a low pixel: bodies larger than a low pixel need a little
contrast of their own. Keeps the area means within about 41 dB of the low picture at full depth."""

# Matter's own contrast: rms of luma in 1.5 octaves. A place fainter than this gains, by no more per step
# than the limits below, which keep a level's energy within what the coarser one predicts.
_MATTER_RMS = 0.06
_MOST_GAIN = 1.25
_LEAST_GAIN = 0.85
_ROUGHEST_RMS = 0.05
_JUST_SEEN = 1.5 / 255
_STRENGTH, _STRENGTH_DEEP = 0.6, 0.88
# Of the missing energy, what the finest band (in 1.5 octaves) and the middle one get, near the photograph and deep.
# A camera's lens and sensor leave little near the pixel's own Nyquist: a 1/f picture has up to 1.4 octaves more
# there than photographs at their own resolution, and discs cannot show it. So near the photograph the finest band is
# blurred by a lens of so many px, too: the originals hold about 0.6 of the band before in 0.35 to 0.42 cycles/px, and a
# third in 0.42 to 0.5.
_LENS = 0.8
_SHARES, _SHARES_DEEP = (0.38, 0.48), (0.4, 0.58)
# Very rough places are softer in photographs than any power law says; a little of the law is kept.
_ROUGH_GAIN = 0.4


@dataclass(frozen=True)
class Field:
    """Texture before its strength is set, on the high grid: `finest` and `middle`, two bands above the
    coarse Nyquist without area means, and `body`, what is below, on the low grid."""

    finest: FloatArray
    middle: FloatArray
    body: FloatArray


def texture_field(
    low: FloatArray,
    grids: Resampler,
    statistics: LowStatistics,
    patch: Patch,
    along: Callable[[], Directions],
    *,
    octave: float,
    depth: float,
) -> Field:
    """The texture of a place; `depth` 0 (photograph) to 1 (all invented) leads from band noise to matter. `along`
    answers `direction` of the high grid.

    A round high-pass goes before the exact one: the grid's own pass band is square, and noise shaped by it
    alone shows the coarse pixel grid as a weave.
    """
    field = np.zeros(grids.high_shape, np.float32)
    if depth < 1:
        noise = fractal(patch, 0)
        cos, sin = along()
        strands = smear(noise, cos, sin, length=3)
        field += np.float32(1 - depth) * (
            noise + np.clip(grids.up(statistics.coherence), 0, 1) * (strands - noise)
        )
    if depth > 0:
        field += np.float32(depth) * matter(low, grids, statistics, patch, octave)
    body = np.float32(0.5 + 0.5 * depth) * gaussian(field, 0.32 * grids.ratio)
    sharp = field - body
    finest = sharp - gaussian(sharp, 0.7)
    middle = sharp - finest
    if depth < 1:
        finest += np.float32(1 - depth) * (gaussian(finest, _LENS) - finest)
    return Field(grids.detail(finest), grids.detail(middle), grids.down(body))


def wanted_rms(statistics: LowStatistics, depth: float) -> FloatArray:
    """Low grid: the rms that the detail should have. With depth, faint places are drawn towards matter's
    contrast.
    """
    hidden = statistics.hidden
    wished = np.sqrt(_MATTER_RMS * np.maximum(hidden, 1e-5))
    most = np.sqrt(_MOST_GAIN * hidden**2 + 1.2 * _JUST_SEEN**2)
    wished = np.clip(wished, np.minimum(_LEAST_GAIN * hidden, _ROUGHEST_RMS), most)
    return np.asarray(hidden + depth * (wished - hidden), dtype=np.float32)


def textured(
    base: FloatArray, low: FloatArray, grids: Resampler, statistics: LowStatistics, field: Field, depth: float
) -> FloatArray:
    """`base` (outlines) with as much of the field as makes up for the energy that the outlines leave
    wanting.
    """
    wanted = wanted_rms(statistics, depth)
    present = local_rms(luma(base) - grids.lift(luma(low)), grids, 1.5)
    missing = np.sqrt(np.maximum(wanted**2 - present**2, 0.1 * wanted**2))
    missing *= np.float32(_STRENGTH + depth * (_STRENGTH_DEEP - _STRENGTH))
    missing *= 1 + np.float32(_ROUGH_GAIN * max(0.0, 1 - 2.5 * depth)) * rise(wanted, 0.04, 0.08)
    plane = np.clip(luma(low), 0, 1)
    room = np.minimum(plane, 1 - plane) + np.float32(0.02)
    missing = missing * room / np.sqrt(room**2 + np.float32(1.5 + 2.5 * depth) * missing**2)
    finest, middle = (a + depth * (b - a) for a, b in zip(_SHARES, _SHARES_DEEP, strict=True))
    finest *= min(1.0, 1.0 / float(np.log2(grids.ratio)))
    detail = _scaled(field.finest, missing, finest, grids) + _scaled(field.middle, missing, middle, grids)
    detail = grids.detail(detail)
    if depth > 0:
        unit = np.sqrt(gaussian(field.body**2, 8.0)) + np.float32(1e-6)
        limited = np.float32(BODY_CHANGE) * np.tanh(field.body * missing / (unit * np.float32(BODY_CHANGE)))
        detail += np.float32(depth) * grids.lift(limited)
    return np.asarray(base + detail[..., None] * grids.up(statistics.color), dtype=np.float32)


def _scaled(band: FloatArray, rms: FloatArray, share: float, grids: Resampler) -> FloatArray:
    unit = local_rms(band, grids, 8.0) + np.float32(1e-6)
    return np.asarray(band * grids.up(np.float32(np.sqrt(share)) * rms / unit), dtype=np.float32)
