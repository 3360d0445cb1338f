# SPDX-License-Identifier: Apache-2.0
"""Where a photograph shows sky."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

WORK_WIDTH = 320
"""The search runs on a picture this wide; the border is then drawn on the full one."""
LEAST_FRACTION = 0.01
_STRIP = 0.06
_SMOOTH = 0.035
"""Local contrast (0..1) below which a bright or blue patch may be sky."""

_SPILL_COLOR = 0.13
"""Difference of colour (of 1 a channel, all together) up to which a patch counts as the sky beside it."""


def sky_mask(picture: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Sky (H,W) of a picture (H,W,3) 0..1: what hangs together with the top, is smooth and bright or blue.

    Candidates at the top are grown by colour into what looks alike (an iterated colour-model cut), then the border
    is laid on the picture's own edges. Empty where no hundredth of the picture qualifies.
    """
    import cv2

    height, width = picture.shape[:2]
    small_size = (min(WORK_WIDTH, width), max(8, round(height * min(WORK_WIDTH, width) / width)))
    small = cv2.resize(picture, small_size, interpolation=cv2.INTER_AREA)
    seeds = _seeds(small)
    if seeds.mean() < 0.5 * LEAST_FRACTION:
        return np.zeros((height, width), dtype=bool)
    sky = _grown(small, seeds)
    clouds = _clouds(small, sky)
    if clouds.any():
        sky = _grown(small, sky | clouds)
    if sky.mean() < LEAST_FRACTION:
        return np.zeros((height, width), dtype=bool)
    return _on_edges(picture, sky)


def local_contrast(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Root of the smoothed squared gradient (H,W) of a grey picture, per pixel."""
    import cv2

    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.125)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.125)
    result: NDArray[np.float32] = np.sqrt(cv2.GaussianBlur(gx * gx + gy * gy, (0, 0), 2.0))
    return result


def _seeds(small: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Patches that hang together with the top row, smooth, and bright or blue."""
    import cv2

    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    bluish = (blue > 1.08 * red) & (blue > 1.02 * green) & (grey > 0.18)
    pale = (grey > 0.62) & (small.max(axis=2) - small.min(axis=2) < 0.35)
    glow = (grey > 0.72) & (red >= green) & (green > 0.5)
    plain = local_contrast(grey) < _SMOOTH
    candidates = ((bluish | pale | glow) & plain).astype(np.uint8)
    candidates = cv2.morphologyEx(candidates, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=4)
    strip = max(2, round(_STRIP * len(small)))
    touching = {int(label) for label in np.unique(labels[:strip]) if label}
    large = [
        label
        for label in range(1, count)
        if label in touching
        and stats[label, cv2.CC_STAT_AREA] > 0.002 * labels.size
        and stats[label, cv2.CC_STAT_TOP] <= strip // 2
    ]
    return np.isin(labels, large)


def _grown(small: NDArray[np.float32], seeds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The sky after a colour-model cut that starts from the seeds; only what hangs together with them."""
    import cv2

    rows = np.flatnonzero(seeds.any(axis=1))
    reach = min(len(small) - 1, int(rows[-1] + 0.12 * len(small)))
    trimap = np.full(seeds.shape, cv2.GC_PR_BGD, dtype=np.uint8)
    trimap[seeds] = cv2.GC_PR_FGD
    trimap[cv2.erode(seeds.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=1) > 0] = cv2.GC_FGD
    contrast = local_contrast(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    trimap[(contrast > 3 * _SMOOTH) & ~seeds] = cv2.GC_BGD
    trimap[reach:] = cv2.GC_BGD
    eight_bit = (small[..., ::-1] * 255).astype(np.uint8)
    cv2.setRNGSeed(1)
    cv2.grabCut(eight_bit, trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    sky = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    sky = cv2.morphologyEx(sky, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(sky, connectivity=4)
    kept = np.setdiff1d(np.unique(labels[seeds]), [0])
    return _without_islands(np.isin(labels, kept))


def _clouds(small: NDArray[np.float32], sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pale patches that share much of their outline with the sky; snow shares its with rock."""
    import cv2

    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    red, blue = small[..., 0], small[..., 2]
    pale = (grey > 0.55) & (small.max(axis=2) - small.min(axis=2) < 0.3) & (blue > 0.97 * red)
    candidates = (pale & (local_contrast(grey) < 2 * _SMOOTH) & ~sky).astype(np.uint8)
    candidates = cv2.morphologyEx(candidates, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(candidates, connectivity=4)
    near_sky = cv2.dilate(sky.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    outline = candidates - cv2.erode(candidates, np.ones((3, 3), np.uint8), borderValue=1)
    found = np.zeros(sky.shape, dtype=bool)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] > 0.002 * labels.size:
            rim = (labels == label) & (outline > 0)
            if rim.any() and near_sky[rim].mean() > 0.3:
                found |= labels == label
    return found


def _without_islands(sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Small patches that the sky encloses belong to it: clouds, birds, flare."""
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats((~sky).astype(np.uint8), connectivity=8)
    small = [
        label
        for label in range(1, count)
        if stats[label, cv2.CC_STAT_AREA] < 0.02 * sky.size
        and stats[label, cv2.CC_STAT_TOP] + stats[label, cv2.CC_STAT_HEIGHT] < len(sky)
        and not _touches_ground(labels == label, sky)
    ]
    return sky | np.isin(labels, small)


def _touches_ground(patch: NDArray[np.bool_], sky: NDArray[np.bool_]) -> bool:
    below = np.zeros_like(patch)
    below[1:] = patch[:-1]
    return bool((below & ~patch & ~sky).any())


def _on_edges(picture: NDArray[np.float32], sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The border laid on the picture's edges: in a band around it each pixel joins the side whose colour it has."""
    import cv2

    height, width = picture.shape[:2]
    coarse = cv2.resize(sky.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    scale = width / sky.shape[1]
    radius = max(2, round(1.5 * scale))
    inside = (
        cv2.erode((coarse > 0.5).astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8), borderValue=1)
        > 0
    )
    outside = (
        cv2.dilate((coarse > 0.5).astype(np.uint8), np.ones((2 * radius + 1,) * 2, np.uint8), borderValue=0)
        == 0
    )
    band = ~(inside | outside)
    window = (8 * radius + 1, 8 * radius + 1)
    to_sky = _color_distance(picture, inside.astype(np.float32), window)
    to_rest = _color_distance(picture, outside.astype(np.float32), window)
    belongs = np.where(band, to_sky - to_rest + 0.06 * (0.5 - coarse) < 0, inside).astype(np.uint8)
    belongs = cv2.medianBlur(belongs, 5)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(belongs, connectivity=4)
    large = [label for label in range(1, len(stats)) if stats[label, cv2.CC_STAT_AREA] > 0.001 * labels.size]
    kept = np.isin(labels, large)
    _, labels, stats, _ = cv2.connectedComponentsWithStats((~kept).astype(np.uint8), connectivity=4)
    specks = [
        label for label in range(1, len(stats)) if stats[label, cv2.CC_STAT_AREA] < 0.0005 * labels.size
    ]
    return _with_spill(picture, kept | np.isin(labels, specks))


def _with_spill(picture: NDArray[np.float32], sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Parts just beyond the border that have the colour of the sky beside them, and not that of the rest, join it.

    A cloud behind a ridge looks unlike most of the sky, but like its neighbours.
    """
    import cv2

    reach = 2 * max(2, picture.shape[1] // 70) + 1
    near = cv2.dilate(sky.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    window = (4 * reach + 1, 4 * reach + 1)
    to_sky = _color_distance(picture, sky.astype(np.float32), window)
    to_rest = _color_distance(picture, (~near).astype(np.float32), window)
    alike = near & ~sky & (to_sky < _SPILL_COLOR) & (to_rest > 2.0 * to_sky) & (to_rest > 2.0 * _SPILL_COLOR)
    joined = cv2.morphologyEx((sky | alike).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    _, labels = cv2.connectedComponents((joined | sky).astype(np.uint8), connectivity=4)
    touching = np.setdiff1d(np.unique(labels[sky]), [0])
    result: NDArray[np.bool_] = cv2.medianBlur(np.isin(labels, touching).astype(np.uint8), 5) > 0
    return result


def _color_distance(
    picture: NDArray[np.float32], weight: NDArray[np.float32], window: tuple[int, int]
) -> Array:
    """Distance of each pixel's colour to the mean colour of the weighted pixels near it."""
    import cv2

    total = cv2.blur(weight, window)
    mean = cv2.blur(picture * weight[..., None], window) / np.maximum(total, 1e-4)[..., None]
    distance: Array = np.sqrt(((picture - mean) ** 2).sum(axis=2))
    return np.where(total > 1e-3, distance, 10.0)
