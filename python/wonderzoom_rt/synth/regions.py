# SPDX-License-Identifier: Apache-2.0
"""A photograph cut into ground, things that stand in front of their surroundings, and upright regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sky import local_contrast

Array = NDArray[Any]

WORK_WIDTH = 272
_PATCHES = 70
_COARSER = 4
"""Mean colours around a border are taken from a picture so many times smaller."""
_MERGE_LOSS = 4.0
"""Mean squared difference of features, over the whole picture, that merging two regions may cost."""
_LEAST_REGION = 0.004
_UNSHARP_CONTRAST = 0.004
"""Fine contrast, of 1, below which a background counts as out of focus."""
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
    trimap[int(0.62 * height) :] = cv2.GC_PR_FGD
    trimap[int(0.93 * height) :] = cv2.GC_FGD
    trimap[: int(0.3 * height)] = cv2.GC_BGD
    top = np.where(blocked.any(axis=0), height - np.argmax(blocked[::-1], axis=0), 0)
    top = np.where(top > 0.75 * height, 0, top)
    below_sky = np.arange(height)[:, None] < top[None, :] + int(0.06 * height)
    trimap[below_sky] = cv2.GC_BGD
    trimap[blocked] = cv2.GC_BGD
    if not (trimap == cv2.GC_FGD).any():
        return np.zeros(blocked.shape, dtype=bool)
    cv2.setRNGSeed(1)
    cv2.grabCut(
        (small[..., ::-1] * 255).astype(np.uint8),
        trimap,
        None,
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        3,
        cv2.GC_INIT_WITH_MASK,
    )
    ground = ((trimap == cv2.GC_FGD) | (trimap == cv2.GC_PR_FGD)).astype(np.uint8)
    ground = cv2.morphologyEx(ground, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    ground = cv2.morphologyEx(ground, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels = cv2.connectedComponents(ground, connectivity=4)
    kept = np.setdiff1d(np.unique(labels[int(0.93 * height) :]), [0])
    found = np.isin(labels, kept) & ~blocked
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~found).astype(np.uint8), connectivity=4)
    specks = [
        label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] < _LEAST_REGION * labels.size
    ]
    result: NDArray[np.bool_] = found | (np.isin(labels, specks) & ~blocked)
    return result


def foreground_mask(picture: NDArray[np.float32], sky: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What is in focus before an unsharp background (H,W), full size; empty where all is about equally sharp.

    Fine contrast separates the two. Parts of middling sharpness count where they hang together with sharp ones, most
    of all below them: a plain stem under its flower.
    """
    import cv2

    height, width = picture.shape[:2]
    empty = np.zeros((height, width), dtype=bool)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 1.0))
    size = (2 * WORK_WIDTH, max(8, round(2 * height * WORK_WIDTH / width)))
    energy = cv2.GaussianBlur(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), (0, 0), 2.0)
    solid = cv2.resize(sky.astype(np.uint8), size, interpolation=cv2.INTER_AREA) == 0
    if solid.mean() < 0.1:
        return empty
    level = np.log(energy + np.float32(2e-4))
    scaled = cv2.normalize(level, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    split, _ = cv2.threshold(scaled[solid].reshape(1, -1), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    sharp = scaled > split
    if not _FOREGROUND_FRACTION[0] < sharp.mean() < _FOREGROUND_FRACTION[1]:
        return empty
    unsharp = float(np.median(energy[solid & ~sharp]))
    if np.median(energy[sharp]) < _SHARP_RATIO * unsharp or unsharp > _UNSHARP_CONTRAST:
        return empty
    strong = energy > max(4.0 * unsharp, 0.12 * float(energy.max()))
    rows = np.nonzero(strong)[0]
    below = np.arange(size[1])[:, None] > (np.median(rows) if len(rows) else size[1])
    cut = _hanging_together(energy > np.where(below, 1.7, 2.2) * unsharp, strong)
    if not _FOREGROUND_FRACTION[0] / 2 < cut.mean() < _FOREGROUND_FRACTION[1]:
        return empty
    full: NDArray[np.float32] = cv2.resize(
        cut.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR
    )
    result: NDArray[np.bool_] = cv2.GaussianBlur(full, (0, 0), 1.5) > 0.5
    return result


def _hanging_together(weak: NDArray[np.bool_], strong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Weak parts that hang together with strong ones, closed, without holes and specks, less the width of the blur."""
    import cv2

    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (15, 15))
    joined = cv2.copyMakeBorder(weak.astype(np.uint8), 16, 16, 16, 16, cv2.BORDER_REPLICATE)
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, disc)
    joined = cv2.erode(joined, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))[16:-16, 16:-16]
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    kept = [
        label
        for label in range(1, count)
        if stats[label, cv2.CC_STAT_AREA] > 0.004 * joined.size and strong[labels == label].mean() > 0.3
    ]
    found = np.isin(labels, kept)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((~found).astype(np.uint8), connectivity=4)
    holes = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] < 0.01 * joined.size]
    result: NDArray[np.bool_] = found | np.isin(labels, holes)
    return result


def upright_regions(small: NDArray[np.float32], free: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Connected regions of like colour and texture within `free` (h,w): labels 1..count, 0 elsewhere.

    Patches of a fine grouping are merged two by two, those first whose merging loses least (Ward's criterion).
    """
    import cv2

    if free.sum() < 50:
        return np.zeros(free.shape, dtype=np.int32), 0
    features = _features(small)
    patches = _patches(features, free)
    count = int(patches.max())
    if count == 0:
        return free.astype(np.int32), 1
    merged = _merged(patches, features, count, free)
    labels = np.zeros(free.shape, dtype=np.int32)
    number = 0
    for label in np.unique(merged[merged > 0]):
        parts, inside, stats, _ = cv2.connectedComponentsWithStats(
            (merged == label).astype(np.uint8), connectivity=4
        )
        for part in range(1, parts):
            if stats[part, cv2.CC_STAT_AREA] >= _LEAST_REGION * free.size:
                number += 1
                labels[inside == part] = number
    return _filled(_majority(labels), free), max(number, 1)


def _features(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Colour and texture (h,w,4), scaled so that a difference of 10 is a plain one."""
    import cv2

    lab = cv2.cvtColor(cv2.bilateralFilter(small, 7, 0.15, 4), cv2.COLOR_RGB2LAB)
    contrast = local_contrast(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    texture = 20 * np.log(cv2.GaussianBlur(contrast, (0, 0), 4) + np.float32(0.01))
    result: NDArray[np.float32] = np.dstack(
        [0.4 * lab[..., 0], 1.4 * lab[..., 1], 1.4 * lab[..., 2], 0.5 * texture]
    )
    return result.astype(np.float32)


def _patches(features: NDArray[np.float32], free: NDArray[np.bool_]) -> NDArray[np.int32]:
    """A fine grouping by colour, texture and place: labels 1..n within `free`, every patch connected."""
    import cv2

    height, width = free.shape
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(90.0 / width)
    placed = np.dstack([features, rows, columns])
    chosen = placed[free]
    cv2.setRNGSeed(1)
    _, _, centres = cv2.kmeans(
        chosen[::7].copy(),
        min(_PATCHES, len(chosen) // 50 + 1),
        None,
        (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 0.5),
        1,
        cv2.KMEANS_RANDOM_CENTERS,
    )
    norms = (centres**2).sum(axis=1)
    nearest = (norms[None, :] - 2.0 * (chosen @ centres.T)).argmin(axis=1)
    groups = np.full(free.shape, -1, dtype=np.int32)
    groups[free] = nearest
    patches = np.zeros(free.shape, dtype=np.int32)
    total = 0
    for group in range(len(centres)):
        parts, inside, stats, _ = cv2.connectedComponentsWithStats(
            (groups == group).astype(np.uint8), connectivity=4
        )
        for part in range(1, parts):
            if stats[part, cv2.CC_STAT_AREA] >= 40:
                total += 1
                patches[inside == part] = total
    return _filled(patches, free)


def _neighbours(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pairs (n,2) of labels above 0 that touch, each once."""
    found = []
    for first, second in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        touching = (first != second) & (first > 0) & (second > 0)
        found.append(np.stack([first[touching], second[touching]], axis=1))
    pairs = np.sort(np.concatenate(found).astype(np.int64), axis=1)
    return np.unique(pairs, axis=0)


def _merged(
    patches: NDArray[np.int32], features: NDArray[np.float32], count: int, free: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Patches merged while the loss stays below that of two plain, sizeable regions; labels of some patch each."""
    sizes = np.bincount(patches.ravel(), minlength=count + 1).astype(np.float64)
    means = (
        np.stack(
            [
                np.bincount(patches.ravel(), weights=features[..., k].ravel(), minlength=count + 1)
                for k in range(features.shape[2])
            ],
            axis=1,
        )
        / np.maximum(sizes, 1)[:, None]
    )
    pairs = _neighbours(patches)
    owner = np.arange(count + 1)
    limit = _MERGE_LOSS * free.size
    while len(pairs) > 0:
        away = means[pairs[:, 0]] - means[pairs[:, 1]]
        first, second = sizes[pairs[:, 0]], sizes[pairs[:, 1]]
        losses = first * second / (first + second) * (away * away).sum(axis=1)
        least = int(np.argmin(losses))
        if losses[least] > limit:
            break
        a, b = (int(label) for label in pairs[least])
        means[a] = (means[a] * sizes[a] + means[b] * sizes[b]) / (sizes[a] + sizes[b])
        sizes[a] += sizes[b]
        owner[owner == b] = a
        pairs[pairs == b] = a
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    result: NDArray[np.int32] = owner[patches].astype(np.int32)
    return result


def _filled(labels: NDArray[np.int32], free: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Free pixels without a label take that of the nearest one that has one."""
    import cv2

    if not labels.any():
        return free.astype(np.int32)
    _, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    lookup = np.zeros(int(nearest.max()) + 1, dtype=np.int32)
    seen = labels > 0
    lookup[nearest[seen]] = labels[seen]
    result: NDArray[np.int32] = np.where(free, lookup[nearest], 0)
    return result


def enlarged_labels(
    labels: NDArray[np.int32], small: NDArray[np.float32], picture: NDArray[np.float32]
) -> NDArray[np.int32]:
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
    return _majority(_on_edges(_majority(out), picture, reach=round(1.5 * width / labels.shape[1])))


def _on_edges(labels: NDArray[np.int32], picture: NDArray[np.float32], *, reach: int) -> NDArray[np.int32]:
    """Within `reach` px of a border each pixel joins the region whose colours near by are most like its own."""
    import cv2

    reach = max(2, reach)
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    values = labels.astype(np.float32)
    band = cv2.dilate(values, around) != cv2.erode(values, around)
    height, width = labels.shape
    size = (-(-width // _COARSER), -(-height // _COARSER))
    side = 2 * (4 * reach // _COARSER) + 1
    coarse = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)
    best = np.full(labels.shape, np.inf, dtype=np.float32)
    out = labels.copy()
    for label in np.unique(labels[band]):
        region = (labels == label).astype(np.uint8)
        rows, columns = np.nonzero((cv2.dilate(region, around) > 0) & band)
        inside = cv2.resize(
            cv2.erode(region, np.ones((3, 3), np.uint8)).astype(np.float32),
            size,
            interpolation=cv2.INTER_AREA,
        )
        weight = np.maximum(cv2.blur(inside, (side, side)), np.float32(1e-4))[..., None]
        mean = cv2.blur(coarse * inside[..., None], (side, side)) / weight
        spread = (cv2.blur(coarse * coarse * inside[..., None], (side, side)) / weight - mean * mean).sum(
            axis=2
        )
        there = (np.minimum(rows // _COARSER, size[1] - 1), np.minimum(columns // _COARSER, size[0] - 1))
        away = smooth[rows, columns] - mean[there]
        cost = (away * away).sum(axis=1) / (np.maximum(spread[there], 0) + np.float32(0.003))
        cost += np.float32(0.3) * (labels[rows, columns] != label)
        better = cost < best[rows, columns]
        best[rows[better], columns[better]] = cost[better]
        out[rows[better], columns[better]] = label
    return out


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
