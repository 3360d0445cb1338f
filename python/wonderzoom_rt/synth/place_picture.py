# SPDX-License-Identifier: Apache-2.0
"""Where a user's own picture belongs in what is known of the place, and the picture seen from there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeneratorError

Array = NDArray[Any]

MIN_MATCHES = 12
_RANSAC_PX = 3.0
_RATIO = 0.8
_WORK_SIDE = 1000
_LEAST_CORRELATION = 0.2


@dataclass(frozen=True, eq=False)
class Placement:
    """homography (3,3): from pixels of the picture to pixels of the context (corners at 0, centres at +0.5).

    correlation: of the placed picture with the context, -1..1. matches: feature pairs that agree.
    """

    homography: NDArray[np.float64]
    correlation: float
    matches: int


def register_picture(
    picture: NDArray[np.float32], context: NDArray[np.float32], *, expected: Array | None = None
) -> Placement:
    """Finds a picture (H,W,3) in the context's picture (h,w,3), both display sRGB 0..1.

    Features (ORB, Rublee et al. 2011) give a homography by consensus; correlation of the pictures refines it (ECC,
    Evangelidis and Psarakis 2008). expected: a homography to start from where features do not agree, such as the
    view that was asked for. Raises GeneratorError where the picture cannot be found.
    """
    import cv2

    shrink = min(1.0, _WORK_SIDE / max(picture.shape[:2]))
    size = (max(8, round(picture.shape[1] * shrink)), max(8, round(picture.shape[0] * shrink)))
    small = _grey(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    grow = min(4.0, max(1.0, _WORK_SIDE / max(context.shape[:2])))
    around = _grey(
        cv2.resize(
            context,
            (round(context.shape[1] * grow), round(context.shape[0] * grow)),
            interpolation=cv2.INTER_CUBIC,
        )
    )
    from_small = np.diag([picture.shape[1] / size[0], picture.shape[0] / size[1], 1.0])
    to_around = np.diag([around.shape[1] / context.shape[1], around.shape[0] / context.shape[0], 1.0])
    found, matches = _by_features(small, around)
    if found is None and expected is not None:
        found = to_around @ np.asarray(expected, dtype=np.float64) @ from_small
    if found is None:
        raise GeneratorError(
            f"the picture must show a part of the view: expected at least {MIN_MATCHES} features that agree "
            f"on one place, got {matches} that do not"
        )
    found = _refined(small, around, found)
    correlation = _correlation(small, around, found)
    if correlation < _LEAST_CORRELATION:
        raise GeneratorError(
            f"the picture must show a part of the view: it agrees with it by {correlation:.2f}, "
            f"expected at least {_LEAST_CORRELATION}"
        )
    homography = np.linalg.inv(to_around) @ found @ np.linalg.inv(from_small)
    return Placement(homography / homography[2, 2], correlation, matches)


def warp_picture(
    picture: NDArray[np.float32],
    placement: Placement,
    size: tuple[int, int],
    window: tuple[float, float, float, float],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The picture as seen in `window` (x, y, width, height) of the context, at `size` (width, height).

    Returns colours (H,W,3) and how far each pixel is covered (H,W), 0..1; finer pictures are averaged first.
    """
    import cv2

    x, y, width, height = window
    to_view = np.array(
        [
            [size[0] / width, 0, -x * size[0] / width],
            [0, size[1] / height, -y * size[1] / height],
            [0, 0, 1.0],
        ]
    )
    full = to_view @ placement.homography
    shrink = float(np.sqrt(abs(np.linalg.det(full[:2, :2]))))
    source = picture
    if shrink < 0.7:
        reduced = (max(8, round(picture.shape[1] * shrink)), max(8, round(picture.shape[0] * shrink)))
        source = cv2.resize(picture, reduced, interpolation=cv2.INTER_AREA)
        full = full @ np.diag([picture.shape[1] / reduced[0], picture.shape[0] / reduced[1], 1.0])
    centred = _centred(full)
    flags = cv2.INTER_CUBIC
    warped = cv2.warpPerspective(source, centred, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    covered = cv2.warpPerspective(
        np.ones(source.shape[:2], np.float32),
        centred,
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    return np.clip(warped, 0, 1), np.clip(covered, 0, 1)


def _grey(picture: Array) -> NDArray[np.uint8]:
    import cv2

    grey = cv2.cvtColor((np.clip(picture, 0, 1) * 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
    result: NDArray[np.uint8] = cv2.createCLAHE(2.0, (8, 8)).apply(grey)
    return result


def _centred(corner_based: Array) -> NDArray[np.float64]:
    """The same map for the convention that pixel centres are whole numbers."""
    half = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5], [0, 0, 1]])
    result: NDArray[np.float64] = np.linalg.inv(half) @ corner_based @ half
    return result


def _cornered(centre_based: Array) -> NDArray[np.float64]:
    half = np.array([[1.0, 0, 0.5], [0, 1.0, 0.5], [0, 0, 1]])
    result: NDArray[np.float64] = half @ centre_based @ np.linalg.inv(half)
    return result


def _by_features(
    small: NDArray[np.uint8], around: NDArray[np.uint8]
) -> tuple[NDArray[np.float64] | None, int]:
    """A homography (corner convention) from agreeing features, None where too few agree, and their number."""
    import cv2

    detector = cv2.ORB.create(nfeatures=4000, scaleFactor=1.2, nlevels=12, fastThreshold=7)
    points_a, codes_a = detector.detectAndCompute(small, None)
    points_b, codes_b = detector.detectAndCompute(around, None)
    if codes_a is None or codes_b is None or len(codes_a) < 4 or len(codes_b) < 4:
        return None, 0
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(codes_a, codes_b, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(good) < MIN_MATCHES:
        return None, len(good)
    start = np.array([points_a[match.queryIdx].pt for match in good], dtype=np.float64)
    end = np.array([points_b[match.trainIdx].pt for match in good], dtype=np.float64)
    cv2.setRNGSeed(1)
    found, inliers = cv2.findHomography(start, end, cv2.RANSAC, _RANSAC_PX, maxIters=4000, confidence=0.999)
    count = int(inliers.sum()) if inliers is not None else 0
    if found is None or count < MIN_MATCHES or not _plausible(found, small.shape):
        return None, count
    return _cornered(found), count


def _plausible(homography: Array, shape: tuple[int, ...]) -> bool:
    """Keeps its corners in order, and neither turns the picture inside out nor squeezes it beyond 20 to 1."""
    height, width = shape[:2]
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1.0]]) @ homography.T
    if (corners[:, 2] <= 1e-6).any():
        return False
    placed = corners[:, :2] / corners[:, 2:]
    sides = np.roll(placed, -1, axis=0) - placed
    following = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    lengths = np.linalg.norm(sides, axis=1)
    return bool((turns > 0).all() and lengths.min() > 0.05 * lengths.max() and lengths.min() > 4)


def _refined(
    small: NDArray[np.uint8], around: NDArray[np.uint8], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The homography that maximises correlation near `start`; `start` itself where that does not converge."""
    import cv2

    backward = _centred(np.linalg.inv(start))
    shrink = max(1.0, float(np.sqrt(abs(np.linalg.det(np.linalg.inv(start)[:2, :2])))))
    template = cv2.GaussianBlur(small, (0, 0), 0.5 * shrink) if shrink > 1.2 else small
    warp = np.linalg.inv(backward).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 60, 1e-6)
    try:
        before = _correlation(small, around, start)
        _, warp = cv2.findTransformECC(template, around, warp, cv2.MOTION_HOMOGRAPHY, criteria, None, 5)
        refined = _cornered(warp.astype(np.float64))
        return refined if _correlation(small, around, refined) >= before else start
    except cv2.error:
        return start


def _correlation(
    small: NDArray[np.uint8], around: NDArray[np.uint8], homography: NDArray[np.float64]
) -> float:
    """Correlation of the picture with the part of the surroundings under it, at the coarser of the two resolutions."""
    import cv2

    seen = cv2.warpPerspective(
        around, _centred(homography), small.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    inside = (
        cv2.warpPerspective(
            np.ones(around.shape, np.uint8),
            _centred(homography),
            small.shape[::-1],
            flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
        )
        > 0
    )
    if inside.mean() < 0.2:
        return -1.0
    blur = max(1.0, 1.0 / float(np.sqrt(abs(np.linalg.det(homography[:2, :2])))))
    mine = cv2.GaussianBlur(small, (0, 0), blur)[inside].astype(np.float64)
    theirs = cv2.GaussianBlur(seen, (0, 0), blur)[inside].astype(np.float64)
    mine, theirs = mine - mine.mean(), theirs - theirs.mean()
    return float((mine @ theirs) / max(1e-9, float(np.sqrt((mine @ mine) * (theirs @ theirs)))))
