# SPDX-License-Identifier: Apache-2.0
"""Is the border of a refined rectangle visible? Steps across it, against steps where nothing happens.

A photograph has steps everywhere, so a step at the border says little by itself. Four things make the
measure sharp enough for a bar of 1.1 without failing pictures that have no border at all: every segment of
the border is compared with parallel lines beside itself; where the same picture *without* the finer level is
at hand, its step at the very same place says what the place itself brings; one bold segment counts at most
four times; and the spread between parts of the border (jackknife) is subtracted, so that the ratio reported
is the one that the border certainly exceeds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.errors import InputError

from .images import QUANTISATION_RMS, FloatArray, as_image

SEAM_BAR = 1.1
BAND_PX = 8
#: Lengths of the pieces of border that are looked at: short ones for texture, long ones because the eye
#: follows a line.
SEGMENTS_PX = (16, 64)
#: Parallel lines that a border is compared with, px outwards (< 0) and inwards.
PARALLEL_PX = (-40, -32, -24, 24, 32, 40)
#: What must surround the rectangle, and lie within it, on every side.
MARGIN_PX = 48
#: Standard errors taken off: for the whole border, and for the worst of its four sides (four chances to be
#: unlucky).
CERTAINTY_WHOLE, CERTAINTY_SIDE = 2.0, 3.0
_LARGEST = 4.0
_RUNS_A_SIDE = 6


class Rectangle(NamedTuple):
    """Columns x0 <= x < x1 and rows y0 <= y < y1 of a picture, px."""

    x0: int
    y0: int
    x1: int
    y1: int


def _strips(image: FloatArray, rectangle: Rectangle) -> list[FloatArray]:
    """The four sides as (2 * MARGIN_PX, length, channels): row 0 farthest outside, the border before row
    MARGIN_PX.
    """
    x0, y0, x1, y1 = rectangle
    height, width = image.shape[:2]
    m = MARGIN_PX
    if x0 < m or y0 < m or x1 > width - m or y1 > height - m or x1 - x0 < 4 * m or y1 - y0 < 4 * m:
        raise InputError(
            f"seam: expected a rectangle of at least {4 * m} px with {m} px around it, "
            f"got {tuple(rectangle)} in {width}x{height}"
        )
    rows, columns = slice(y0 + m, y1 - m), slice(x0 + m, x1 - m)
    top = image[y0 - m : y0 + m, columns]
    bottom = image[y1 - m : y1 + m, columns][::-1]
    left = image[rows, x0 - m : x0 + m].swapaxes(0, 1)
    right = image[rows, x1 - m : x1 + m].swapaxes(0, 1)[::-1]
    return [top, bottom, left, right]


def _band_statistics(strip: FloatArray, segment: int) -> tuple[FloatArray, FloatArray]:
    """Mean (rows, segments, channels) and log-variance (rows, segments) of blocks of BAND_PX x `segment` px.

    Row r is the band of rows r .. r + BAND_PX - 1. The log-variance is of grey about the
    block's mean, on a floor of rounding noise.
    """
    count = strip.shape[1] // segment
    cut = strip[:, : count * segment].reshape(strip.shape[0], count, segment, strip.shape[2])
    grey = cut.mean(axis=3)
    mean, first, second = (
        _over_bands(v) for v in (cut.mean(axis=2), grey.mean(axis=2), (grey * grey).mean(axis=2))
    )
    return mean, np.log(np.maximum(second - first * first, 0.0) + 4.0 * QUANTISATION_RMS**2)


def _over_bands(rows: FloatArray) -> FloatArray:
    """Means of BAND_PX rows that follow each other, along axis 0."""
    return np.asarray(
        np.lib.stride_tricks.sliding_window_view(rows, BAND_PX, axis=0).mean(axis=-1), np.float64
    )


def _steps(strip: FloatArray) -> list[FloatArray]:
    """For each segment length mean steps, then log-variance steps; each (lines, segments), the border's line
    first.
    """
    inner = np.array((0, *PARALLEL_PX)) + MARGIN_PX
    outer = inner - BAND_PX
    steps = []
    for segment in SEGMENTS_PX:
        mean, spread = _band_statistics(strip, segment)
        steps.append(np.abs(mean[inner] - mean[outer]).mean(axis=2) + 0.5 * QUANTISATION_RMS)
        steps.append(np.abs(spread[inner] - spread[outer]) + 0.02)
    return steps


def _relative(steps: FloatArray, parallel: FloatArray) -> FloatArray:
    """Steps (lines, segments) over those at parallel lines near each segment, bounded; line 0 is the
    border.
    """
    near = np.convolve(np.pad(parallel, 2, mode="edge"), np.ones(5) / 5.0, mode="valid")
    return np.minimum(steps / near, _LARGEST)


def _side(steps: FloatArray, bare: FloatArray | None) -> tuple[FloatArray, FloatArray]:
    """(border, usual), each (segments,): relative steps at the border, and what is usual for that segment.

    Usual is the mean over the parallel lines, or the step of the bare picture in the very same place.
    """
    parallel = steps[1:].mean(axis=0)
    if bare is None:
        relative = _relative(steps, parallel)
        return relative[0], relative[1:].mean(axis=0)
    parallel = 0.5 * (parallel + bare[1:].mean(axis=0))
    return _relative(steps, parallel)[0], _relative(bare, parallel)[0]


def _certain_ratio(border: FloatArray, usual: FloatArray, runs: NDArray[np.int64], certainty: float) -> float:
    """Mean of `border` over mean of `usual`, less `certainty` standard errors, by leaving out one run of the
    border at a time.
    """
    floor = 0.25 * border.size
    value = border.sum() / max(usual.sum(), floor)
    names = np.unique(runs)
    left_out = np.array([border[runs != n].sum() / max(usual[runs != n].sum(), floor) for n in names])
    error = np.sqrt((len(names) - 1) / len(names) * np.sum((left_out - left_out.mean()) ** 2))
    return float(value - certainty * error)


def _coherent_ratio(added: FloatArray, plain: FloatArray) -> float:
    """A step that runs along a whole side, however busy the place: what the finer level adds, against
    side-long natural steps.

    added: strip of picture - without; plain: strip of without. sqrt(natural^2 + added^2) / natural, where
    both are signed steps averaged along the side, the natural one RMS over the parallel lines.
    """
    inner = np.array((0, *PARALLEL_PX)) + MARGIN_PX
    extra, natural = (
        (b[inner] - b[inner - BAND_PX]) for b in (_over_bands(v.mean(axis=1)) for v in (added, plain))
    )
    usual = np.sqrt((natural[1:] ** 2).mean(axis=0)) + QUANTISATION_RMS
    return float(np.sqrt(1.0 + ((extra[0] / usual) ** 2).mean()))


def seam_ratio(picture: NDArray[Any], rectangle: Rectangle, *, without: NDArray[Any] | None = None) -> float:
    """How much more than elsewhere the picture (H, W, 3) steps across the border of `rectangle`; no seam: 1
        or less.

        Two steps are looked at, between 8-px bands on either side of the border, in segments of 16 and of 64 px:
        that of the local mean (all channels) and that of the local log-variance. Each is divided by its like at
        parallel lines 24, 32 and 40 px in and out, averaged over the border and over each side of it, lessened by
        its statistical error (2
    standard errors for the whole, 3 for a side), and the largest is returned. `without`: the same view without
    what the
        rectangle refines; its own step at the border, relative to the same parallel lines, is divided out, and a
        step that the finer level adds along a whole side is looked for as well. InputError where the rectangle
        has no 48 px around it.
    """
    image = as_image(picture)
    plain = None if without is None else as_image(without, name="without")
    if image.ndim == 2:
        image = image[..., None]
    if plain is not None and plain.ndim == 2:
        plain = plain[..., None]
    if plain is not None and plain.shape != image.shape:
        raise InputError(f"seam: expected two views of one size, got {image.shape} and {plain.shape}")
    own = [_steps(strip) for strip in _strips(image, rectangle)]
    bare = None if plain is None else [_steps(strip) for strip in _strips(plain, rectangle)]
    worst = -np.inf
    if plain is not None:
        pairs = zip(_strips(image - plain, rectangle), _strips(plain, rectangle), strict=True)
        worst = max(_coherent_ratio(added, natural) for added, natural in pairs)
    for kind in range(2 * len(SEGMENTS_PX)):
        pieces = [_side(side[kind], None if bare is None else bare[i][kind]) for i, side in enumerate(own)]
        runs = [
            np.arange(b.size) * _RUNS_A_SIDE // b.size + i * _RUNS_A_SIDE for i, (b, _) in enumerate(pieces)
        ]
        border, usual = (np.concatenate([piece[part] for piece in pieces]) for part in (0, 1))
        whole = _certain_ratio(border, usual, np.concatenate(runs), CERTAINTY_WHOLE)
        sides = [_certain_ratio(b, u, run, CERTAINTY_SIDE) for (b, u), run in zip(pieces, runs, strict=True)]
        worst = max(worst, whole, *sides)
    return float(worst)
