# SPDX-License-Identifier: Apache-2.0
"""A photograph cut into ground, things that stand in front of their surroundings, and upright regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sky import local_contrast

Array = NDArray[Any]

WORK_WIDTH = 272
_CLUSTERS = 7
_LEAST_REGION = 0.004
_SHARP_RATIO = 2.6
"""Sharp parts must have this many times the fine contrast of the rest to count as the subject in focus."""
_FOREGROUND_FRACTION = (0.01, 0.4)


def ground_mask(small: NDArray[np.float32], blocked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The ground (h,w) of a small picture: what looks like its lowest strip and hangs together with it.

    blocked (h,w): sky and foreground, never ground. A colour-model cut between the lowest strip and what stands
    below the skyline.
    """
    import cv2

    height = len(small)
    trimap = np.full(blocked.shape, cv2.GC_PR_BGD, dtype=np.uint8)
    trimap[int(0.62 * height):] = cv2.GC_PR_FGD
    trimap[int(0.93 * height):] = cv2.GC_FGD
    trimap[:int(0.3 * height)] = cv2.GC_BGD
    top = np.where(blocked.any(axis=0), height - np.argmax(blocked[::-1], axis=0), 0)
    top = np.where(top > 0.75 * height, 0, top)
    below_sky = np.arange(height)[:, None] < top[None, :] + int(0.06 * height)
    trimap[below_sky] = cv2.GC_BGD
    trimap[blocked] = cv2.GC_BGD
    if not (trimap == cv2.GC_FGD).any():
        return np.zeros(blocked.shape, dtype=bool)
    cv2.setRNGSeed(1)
    cv2.grabCut((small[..., ::-1] * 255).astype(np.uint8), trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), 3,
                cv2.GC_INIT_WITH_MASK)
    ground = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    ground = cv2.morphologyEx(ground, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    ground = cv2.morphologyEx(ground, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels = cv2.connectedComponents(ground, connectivity=4)
    kept = np.setdiff1d(np.unique(labels[int(0.93 * height):]), [0])
    found = np.isin(labels, kept) & ~blocked
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~found).astype(np.uint8), connectivity=4)
    specks = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] < _LEAST_REGION * labels.size]
    result: NDArray[np.bool_] = found | (np.isin(labels, specks) & ~blocked)
    return result


def foreground_mask(picture: NDArray[np.float32], sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is in focus before an unsharp background (H,W), full size; empty where all is about equally sharp."""
    import cv2

    height, width = picture.shape[:2]
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.5))
    size = (WORK_WIDTH, max(8, round(height * WORK_WIDTH / width)))
    energy = cv2.GaussianBlur(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    small_sky = cv2.resize(sky.astype(np.uint8), size, interpolation=cv2.INTER_AREA) > 0
    level = np.log(energy + 1e-4)
    scaled = cv2.normalize(level, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    split, _ = cv2.threshold(scaled[~small_sky].reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    sharp = (scaled > split) & ~small_sky
    share = float(sharp.mean())
    empty = np.zeros((height, width), dtype=bool)
    if not _FOREGROUND_FRACTION[0] < share < _FOREGROUND_FRACTION[1]:
        return empty
    if np.median(energy[sharp]) < _SHARP_RATIO * np.median(energy[~sharp & ~small_sky]) or np.median(energy[~sharp]) > 0.006:
        return empty
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cut = _cut_out(small, sharp)
    if not _FOREGROUND_FRACTION[0] / 2 < cut.mean() < _FOREGROUND_FRACTION[1]:
        return empty
    return sharpened_border(picture, cut)


def _cut_out(small: NDArray[np.float32], sharp: NDArray[np.bool_]) -> NDArray[np.bool_]:
    import cv2

    whole = cv2.morphologyEx(sharp.astype(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] > 0.0015 * whole.size]
    whole = np.isin(labels, large).astype(np.uint8)
    if not whole.any():
        return whole > 0
    trimap = np.full(whole.shape, cv2.GC_BGD, dtype=np.uint8)
    trimap[cv2.dilate(whole, np.ones((7, 7), np.uint8)) > 0] = cv2.GC_PR_BGD
    trimap[whole > 0] = cv2.GC_PR_FGD
    trimap[cv2.erode(whole, np.ones((7, 7), np.uint8), borderValue=1) > 0] = cv2.GC_FGD
    cv2.setRNGSeed(1)
    cv2.grabCut((small[..., ::-1] * 255).astype(np.uint8), trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), 2,
                cv2.GC_INIT_WITH_MASK)
    cut = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - cut, connectivity=4)
    holes = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] < 0.01 * cut.size]
    cut |= np.isin(labels, holes).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(cut, connectivity=8)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] > 0.002 * cut.size]
    return np.isin(labels, large)


def upright_regions(small: NDArray[np.float32], free: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Connected regions of like colour and texture within `free` (h,w): labels 1..count, 0 elsewhere."""
    import cv2

    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.2), cv2.COLOR_RGB2LAB)
    contrast = local_contrast(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    rows, columns = np.mgrid[0:small.shape[0], 0:small.shape[1]].astype(np.float32) / np.float32(small.shape[1])
    features = np.dstack([0.5 * lab[..., 0], 1.3 * lab[..., 1], 1.3 * lab[..., 2], 150 * cv2.blur(contrast, (7, 7)),
                          60 * rows, 25 * columns])
    chosen = features[free]
    if len(chosen) < 50:
        return np.zeros(free.shape, dtype=np.int32), 0
    cv2.setRNGSeed(1)
    _, _, centres = cv2.kmeans(chosen[::5].copy(), min(_CLUSTERS, max(2, len(chosen) // 400 + 1)), None,
                               (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.5), 2, cv2.KMEANS_PP_CENTERS)
    votes = np.stack([-np.sqrt(((features - centre) ** 2).sum(axis=2)) for centre in centres])
    votes = np.stack([cv2.boxFilter(vote, -1, (5, 5)) for vote in votes])
    clusters = votes.argmax(axis=0)
    labels = np.zeros(free.shape, dtype=np.int32)
    count = 0
    for cluster in range(len(centres)):
        number, parts, stats, _ = cv2.connectedComponentsWithStats(((clusters == cluster) & free).astype(np.uint8), connectivity=4)
        for part in range(1, number):
            if stats[part, cv2.CC_STAT_AREA] >= _LEAST_REGION * free.size:
                count += 1
                labels[parts == part] = count
    return _filled(labels, free), count


def _filled(labels: NDArray[np.int32], free: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Free pixels without a label take that of the nearest one that has one."""
    import cv2

    if not labels.any():
        return free.astype(np.int32)
    _, nearest = cv2.distanceTransformWithLabels((labels == 0).astype(np.uint8), cv2.DIST_L2, 5,
                                                 labelType=cv2.DIST_LABEL_PIXEL)
    lookup = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    seen = labels > 0
    lookup[nearest[seen]] = labels[seen]
    result: NDArray[np.int32] = np.where(free, lookup[nearest], 0)
    return result


def enlarged_labels(labels: NDArray[np.int32], small: NDArray[np.float32], picture: NDArray[np.float32]) -> NDArray[np.int32]:
    """Labels at the size of `picture`: each pixel takes, of its 9 coarse neighbours, the one most like it in colour."""
    import cv2

    height, width = picture.shape[:2]
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.2)
    rows = ((np.arange(height) + 0.5) * labels.shape[0] / height).astype(np.float32) - 0.5
    columns = ((np.arange(width) + 0.5) * labels.shape[1] / width).astype(np.float32) - 0.5
    near_row, near_column = np.rint(rows).astype(int), np.rint(columns).astype(int)
    best = np.full((height, width), np.inf, dtype=np.float32)
    out = np.zeros((height, width), dtype=np.int32)
    for down in (-1, 0, 1):
        row = np.clip(near_row + down, 0, labels.shape[0] - 1)
        for across in (-1, 0, 1):
            column = np.clip(near_column + across, 0, labels.shape[1] - 1)
            difference = smooth - small[row][:, column]
            away = (rows - row)[:, None] ** 2 + (columns - column)[None, :] ** 2
            cost = np.einsum("ijk,ijk->ij", difference, difference) + 0.004 * away
            better = cost < best
            best = np.where(better, cost, best)
            out = np.where(better, labels[row][:, column], out)
    return _majority(out)


def _majority(labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each pixel takes the label most common in the 7x7 around it."""
    import cv2

    best = np.zeros(labels.shape, dtype=np.float32)
    out = labels.copy()
    for label in np.unique(labels):
        share = cv2.boxFilter((labels == label).astype(np.float32), -1, (7, 7))
        better = share > best
        best[better] = share[better]
        out[better] = label
    return out


def sharpened_border(picture: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A coarse mask at the size of `picture`, its border laid on the picture's edges."""
    import cv2

    height, width = picture.shape[:2]
    small = cv2.resize(picture, mask.shape[::-1], interpolation=cv2.INTER_AREA)
    enlarged = enlarged_labels(mask.astype(np.int32), small, picture)
    result: NDArray[np.bool_] = cv2.medianBlur(enlarged.astype(np.uint8), 5) > 0
    return result
