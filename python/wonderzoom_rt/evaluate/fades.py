# SPDX-License-Identifier: Apache-2.0
"""Do levels dissolve into each other without a dip, a wrong mixture or a blink?

The pure parts work on stacks of images; `fade_window` and `sweep` look at a pair of levels of a world: a
still camera, and the detail bias swept in 1/64 octave. They look at real pixel size through a window of the
child's approach view that holds its border as well as its inside, because a reduced picture would average
holes away.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.engine import BAND_REST
from wonderzoom_rt.frame import Frame
from wonderzoom_rt.layer import FLAG_HIDDEN_FILL
from wonderzoom_rt.level import Level

from .images import FloatArray
from .scene import Scene, octaves, part_of, points_of, sample, window, zoom_of

COVERAGE_DIP_BAR = 1.0 / 255.0
FADE_ERROR_BAR = 0.02
BLINK_BAR = 2.0
STEPS_PER_OCTAVE = 64
BLOCK_PX = 8
#: The least that a block's fair step is taken for (RMS of colours, 0..1). A block that hardly changes has no ratio
#: to speak of: with this floor it meets the bar of 2 while none of its steps is more than 1/255, the least that an
#: 8-bit screen can show.
SMALL_STEP = 0.5 / 255.0
WINDOW_PX = (256, 160)
#: How much of the window lies outside the level's frame, px.
OUTSIDE_PX = 40
#: Coverage above which a level covers a pixel alone.
WHOLE = 0.9
#: Octaves swept beyond the fade of the middle pixel at most, where relief makes others fade earlier or later.
MOST_BEYOND = 0.3
#: Octaves by which a pixel's fade is watched beyond its two ends, where it meets the fades of other levels.
ENDS = 0.03
_SWEEP_OUTPUTS = ("color", "coverage", "level")


class BlinkMeter:
    """Fed the pictures of a fade in order; says how much the worst 8 x 8 block jumps.

    The ratio is the largest step of a block (RMS over its pixels and channels of the change from one picture
    to the next) over its fair step: its whole change, last picture against first, over the number of steps
    that the ramp should take. An even ramp gives 1; a block that flashes and comes back has no whole change
    and gives much.
    """

    def __init__(self) -> None:
        self._last: FloatArray | None = None
        self._first = np.zeros(0)
        self._end = np.zeros(0)
        self._begun = np.zeros(0, bool)
        self._largest = np.zeros(0)

    def add(self, color: NDArray[Any], active: NDArray[np.bool_] | None = None) -> None:
        """The next picture (H, W, 3), 0..1; active (H // 8, W // 8): the blocks that are in their fade now,
        all unless given.
        """
        now = _blocks(np.asarray(color, np.float64))
        if active is None:
            active = np.ones(now.shape[:2], bool)
        if self._last is None:
            self._last, self._first, self._end = now, now.copy(), now.copy()
            self._begun, self._largest = active.copy(), np.zeros(now.shape[:2])
            return
        starting = active & ~self._begun
        self._first[starting] = self._last[starting]
        self._begun |= active
        self._end[active] = now[active]
        step = np.where(active, _rms(now - self._last), 0.0)
        self._largest = np.maximum(self._largest, step)
        self._last = now

    def ratio(self, steps: float) -> float:
        """The worst block's ratio for a ramp of `steps` steps; 0 before two pictures were added."""
        if self._last is None or not self._begun.any():
            return 0.0
        fair = np.maximum(_rms(self._end - self._first) / steps, SMALL_STEP)
        return float((self._largest / fair)[self._begun].max())


def _blocks(image: FloatArray) -> FloatArray:
    """(rows, columns, values) of the whole blocks of an image (H, W[, channels])."""
    rows, columns = image.shape[0] // BLOCK_PX, image.shape[1] // BLOCK_PX
    cut = image[: rows * BLOCK_PX, : columns * BLOCK_PX].reshape(rows, BLOCK_PX, columns, BLOCK_PX, -1)
    return np.ascontiguousarray(cut.transpose(0, 2, 1, 3, 4)).reshape(rows, columns, -1)


def _rms(values: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt((values**2).mean(axis=-1)), np.float64)


def coverage_dip(coverage: NDArray[Any], fine_alone: NDArray[Any], coarse_alone: NDArray[Any]) -> float:
    """How far `coverage` (H, W) falls anywhere below the smaller of the two levels' own coverages; 0 when
    nowhere.

    Where the finer level is not meant to be (its own coverage there is given as 1) the coarse one alone
    counts.
    """
    least = np.minimum(np.asarray(fine_alone, np.float64), np.asarray(coarse_alone, np.float64))
    return max(0.0, float((least - coverage).max()))


def expected_weight(octave: FloatArray, prior: FloatArray, now: FloatArray, mask: FloatArray) -> FloatArray:
    """The weight of the finer level: its soft mask times the ramp from its parent's octave (0) to its own
    (1), which rests at either end for `engine.BAND_REST` of the band.
    """
    even = (octave - prior) / (now - prior)
    ramp = np.clip((even - BAND_REST) / (1.0 - 2.0 * BAND_REST), 0.0, 1.0)
    return np.asarray(mask * ramp, np.float64)


@dataclass(frozen=True, eq=False)
class FadePair:
    """A child and its parent in one window, each alone, and the octaves that matter, all (H, W).

    octave, prior, now: at bias 0 of the child's surface in this view, and of its parent's and its own lens.
    most_shown: how much of a pixel the child can show at all: what it covers, less what stands before the two.
    coarse_octave: of the parent's surface. mask_range: least and largest cover of the child within half a
    coarse pixel of either surface.
    """

    camera: Camera
    parent: Level
    child: Level
    fine_alone: FloatArray
    coarse_alone: FloatArray
    both_alone: NDArray[np.bool_]
    most_shown: FloatArray
    mask: FloatArray
    mask_range: tuple[FloatArray, FloatArray]
    octave: FloatArray
    coarse_octave: FloatArray
    prior: FloatArray
    now: FloatArray

    @property
    def biases(self) -> tuple[float, float]:
        """Detail biases between which this window goes from the coarse picture to the fine one."""
        seen = self.mask > 0.0
        if not seen.any():
            return (0.0, 0.0)
        start, end = (self.prior - self.octave)[seen], (self.now - self.octave)[seen]
        low, high = float(np.percentile(start, 1)) - ENDS, float(np.percentile(end, 99)) + ENDS
        return (
            max(low, float(np.median(start)) - MOST_BEYOND),
            min(high, float(np.median(end)) + MOST_BEYOND),
        )

    def active(self, bias: float) -> NDArray[np.bool_]:
        """Pixels (H, W) that are between the two levels at that bias, ends included; others belong to other
        pairs.
        """
        octave = self.octave + bias
        return np.asarray((octave >= self.prior - ENDS) & (octave <= self.now + ENDS), bool)

    @property
    def ramp_steps(self) -> float:
        """Steps of 1/64 octave that the fade of one pixel should take."""
        seen = self.mask > 0.0
        return STEPS_PER_OCTAVE * float(np.median((self.now - self.prior)[seen])) if seen.any() else 1.0


@dataclass
class FadeResult:
    """What one pair of levels measures; `at_bias` says where in octaves the worst of each was."""

    coverage_dip: float = 0.0
    fade_error: float = 0.0
    blink_ratio: float = 0.0
    blink_ratio_arriving: float = 0.0
    at_bias: dict[str, float] = field(default_factory=dict)


def fade_window(
    scene: Scene, child: Level, *, corner: tuple[int, int] | None = None, size: tuple[int, int] = WINDOW_PX
) -> FadePair:
    """The pair that `child` makes with its parent, in a window of the child's approach view.

    corner: the window's top left in that view, px; left out: across the left border, at half the height.
    """
    levels = scene.levels
    assert child.parent is not None
    parent = levels[child.parent]
    view = child.approach
    width, height = min(size[0], view.width), min(size[1], view.height)
    x, y = corner if corner is not None else (-min(OUTSIDE_PX, width // 4), (view.height - height) // 2)
    camera = window(view, x, y, width, height)
    outputs = ("coverage", "depth_median", "level")
    fine = scene.engine.render_layer(scene.surfels(child.id), camera, outputs=outputs)
    coarse = scene.render(
        camera, until_level=parent.id, outputs=outputs, detail_bias=8.0, level_share=parent.id
    )
    points = points_of(fine)
    # Where the finer level draws nothing, stand on the coarse surface: only the range of octaves is taken
    # from there.
    bare = part_of(fine.coverage) < 0.5
    points[bare] = points_of(coarse)[bare]
    image = _image_points(child.lens, points, camera)
    cover = scene.cover(child.id)
    mask = np.where(bare, 0.0, sample(cover, image, outside=0.0))
    reach = 0.5 * zoom_of(child, parent) + 0.5
    around = [
        sample(cover, at + reach * np.array(d), outside=0.0)
        for at in (image, _image_points(child.lens, points_of(coarse), camera))
        for d in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    ]
    mask_range = np.minimum.reduce([mask, *around]), np.maximum.reduce([mask, *around])
    with np.errstate(invalid="ignore"):
        apart = np.abs(part_of(fine.depth_median) - part_of(coarse.depth_median))
    same = np.nan_to_num(apart, nan=0.0) < 16.0 * np.linalg.norm(points - camera.eye, axis=-1) / camera.focal
    both = (
        (part_of(fine.coverage) >= WHOLE)
        & (part_of(coarse.coverage) * part_of(coarse.level) >= WHOLE)
        & (same | np.isnan(points[..., 0]))
        & ~_behind_fill(scene, parent, coarse)
    )
    return FadePair(
        camera=camera,
        parent=parent,
        child=child,
        fine_alone=np.where(mask > 0.0, part_of(fine.coverage), 1.0),
        coarse_alone=part_of(coarse.coverage),
        both_alone=both,
        most_shown=np.minimum(part_of(fine.coverage), part_of(coarse.level)),
        mask=mask,
        mask_range=mask_range,
        octave=octaves(camera, points),
        coarse_octave=octaves(camera, points_of(coarse)),
        prior=octaves(parent.lens, points),
        now=octaves(child.lens, points),
    )


def _behind_fill(scene: Scene, parent: Level, coarse: Frame) -> NDArray[np.bool_]:
    """Pixels (H, W) of `coarse` where something that the parent invented stands before its own surface.

    No child takes that over: in its place there is nothing of the child's, and nothing that fades.
    """
    surfels = scene.surfels(parent.id)
    invented = ((surfels.flags & FLAG_HIDDEN_FILL) != 0) & ~surfels.is_sky
    if not invented.any():
        return np.zeros(part_of(coarse.coverage).shape, bool)
    fill = scene.engine.render_layer(surfels.select(invented), coarse.camera, outputs=("coverage", "depth"))
    own = scene.engine.render_layer(surfels.select(~invented), coarse.camera, outputs=("coverage", "depth"))
    distance = part_of(fill.depth)
    with np.errstate(invalid="ignore"):
        before = distance * (1.0 + 2.0 / coarse.camera.focal) < part_of(own.depth)
    return np.asarray(before & (part_of(fill.coverage) > FADE_ERROR_BAR), bool)


def _image_points(lens: Camera, points: FloatArray, seen_by: Camera) -> FloatArray:
    """Where `lens` sees the world points that `seen_by` shows; a NaN point is the sky in that pixel's
    direction.
    """
    image, _ = lens.project(np.nan_to_num(points))
    sky = np.isnan(points[..., 0])
    if sky.any():
        image[sky] = lens.project_directions(seen_by.rays())[sky]
    return np.asarray(image, np.float64)


def _frames(
    scene: Scene, pair: FadePair, biases: FloatArray, readiness: list[Mapping[int, float]] | None = None
) -> Iterator[tuple[float, Frame]]:
    for index, bias in enumerate(biases):
        ready = readiness[index] if readiness is not None else None
        yield (
            float(bias),
            scene.render(
                pair.camera,
                until_level=pair.child.id,
                outputs=_SWEEP_OUTPUTS,
                detail_bias=float(bias),
                readiness=ready,
                level_share=pair.child.id,
            ),
        )


def fade_errors(pair: FadePair, frame: Frame, bias: float) -> FloatArray:
    """How far the shown fraction of the finer level is from its weight, at the pixels (n,) both levels cover
    alone.

    The two surfaces of a pixel need not be at one distance, and a coarse surfel has one weight for all the
    pixels under it: the weight is known as a range, from that of the child's surface to that of the parent's,
    with the covers found within half a coarse pixel of either (the child's lens sees them apart). Nor can a level
    show more than it covers (a few percent of what lies behind come through its discs) or than what stands before
    it lets through. The error is the distance to that range.

    frame: its output `level` is the child's share.
    """
    shown = part_of(frame.level)
    ramps = [
        expected_weight(o + bias, pair.prior, pair.now, np.ones_like(o))
        for o in (pair.octave, pair.coarse_octave)
    ]
    low = np.minimum(*ramps) * pair.mask_range[0] * pair.most_shown
    high = np.maximum(*ramps) * pair.mask_range[1]
    error = np.maximum(0.0, np.maximum(low - shown, shown - high))
    return np.asarray(error[pair.both_alone & pair.active(bias)], np.float64)


def sweep(scene: Scene, pair: FadePair) -> FadeResult:
    """Sweeps the bias over the pair in 1/64 octave, then lets the child's pages arrive and leave on the
    way.
    """
    low, high = pair.biases
    result = FadeResult()
    if high <= low:
        return result
    biases = (
        np.arange(math.floor(low * STEPS_PER_OCTAVE), math.ceil(high * STEPS_PER_OCTAVE) + 1)
        / STEPS_PER_OCTAVE
    )
    meter = BlinkMeter()
    errors: list[FloatArray] = []
    largest = 0.0
    for bias, frame in _frames(scene, pair, biases):
        active = pair.active(bias)
        dip = coverage_dip(part_of(frame.coverage), np.where(active, pair.fine_alone, 0.0), pair.coarse_alone)
        if dip > result.coverage_dip:
            result.coverage_dip, result.at_bias["coverage_dip"] = dip, bias
        errors.append(fade_errors(pair, frame, bias))
        if errors[-1].size and errors[-1].max() > largest:
            largest, result.at_bias["fade_error"] = float(errors[-1].max()), bias
        meter.add(part_of(frame.color), _blocks(active.astype(np.float64)).mean(axis=-1) > 0.5)
    together = np.concatenate(errors)
    result.fade_error = float(np.percentile(together, 99)) if together.size else 0.0
    result.blink_ratio = meter.ratio(pair.ramp_steps)
    result.blink_ratio_arriving = _arriving(scene, pair, float(biases[-1]))
    return result


def _arriving(scene: Scene, pair: FadePair, fine_bias: float, *, steps: int = 16) -> float:
    """The worst blink while readiness goes 0 -> 1 at half the fade, the fade goes on, and readiness goes 1 ->
    0.

    Each of the three legs is an even ramp of the weight, so each is measured like a sweep of its own; the
    fade goes on in steps of the sweep's size: in larger ones the blocks around, which are in the fades of
    other pairs, would seem to jump.
    Readiness that jumps is the streamer's fault, not the picture's: here it moves evenly, as it does on
    screen in a quarter of a second.
    """
    seen = (pair.mask > 0.0) & pair.both_alone
    if not seen.any():
        return 0.0
    half_bias = float(np.median((0.5 * (pair.prior + pair.now) - pair.octave)[seen]))
    ready = np.linspace(0.0, 1.0, steps + 1)
    onward = np.arange(half_bias, fine_bias + 1.0 / STEPS_PER_OCTAVE, 1.0 / STEPS_PER_OCTAVE)
    legs = [
        (np.full(steps + 1, half_bias), ready, float(steps)),
        (onward, np.ones(len(onward)), 0.5 * pair.ramp_steps),
        (np.full(steps + 1, fine_bias), ready[::-1], float(steps)),
    ]
    worst = 0.0
    for biases, readiness, ramp in legs:
        meter = BlinkMeter()
        states: list[Mapping[int, float]] = [{pair.child.id: float(r)} for r in readiness]
        for bias, frame in _frames(scene, pair, np.asarray(biases, np.float64), states):
            meter.add(part_of(frame.color), _blocks(pair.active(bias).astype(np.float64)).mean(axis=-1) > 0.5)
        worst = max(worst, meter.ratio(ramp))
    return worst
