# SPDX-License-Identifier: Apache-2.0
"""The depth of a photograph without any learned weights.

Sky is at infinity. The ground is a plane: its inverse depth grows evenly down the picture. What stands upright
stands where it meets the ground, or behind what hides its foot. What is in focus before an unsharp background
stands in front. Within each region light and dark add relief.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from . import regions
from .sky import sky_mask

Array = NDArray[Any]

STEEPEST_GROUND = 1.4
"""Largest change of the ground's distance from a pixel to the next, in footprints. A plain seen at a grazing angle
has true changes of 10 and more, but a zoom made through the lens and then approached would be smeared as many times:
the ground is tilted up, like a hillside, until that stays small."""
NEAR_GROUND_WU = 4.0
"""Median distance of the nearest third of the ground."""
_HIDDEN_FOOT = 0.55
"""Inverse depth of a thing whose foot is hidden, relative to what hides it."""
_FARTHEST = 0.03
"""Smallest inverse depth, relative to the nearest ground's."""
_GROUND, _SKY, _FOREGROUND, _UPRIGHT = 10_000, 10_001, 10_002, 10_003
_RELIEF = {_GROUND: (0.025, 0.025), _FOREGROUND: (0.012, 0.0), _UPRIGHT: (0.035, 0.04)}
"""Height of fine and broad shading relief, as a share of the distance."""


@dataclass(frozen=True, eq=False)
class Plane:
    """Inverse depth `at_origin + across * x + down * y`, x and y in px of the full picture."""

    at_origin: float
    across: float
    down: float

    def at(self, x: Array, y: Array) -> Array:
        """Inverse depth at image points, in units of the nearest ground's."""
        value: Array = self.at_origin + self.across * x + self.down * y
        return value


def estimate_distance(picture: NDArray[np.float32], camera: Camera) -> NDArray[np.float64]:
    """Radial distances (H,W) float64, wu, +inf for sky, of a photograph (H,W,3), display sRGB 0..1.

    Raises InputError where the picture is not of the camera's size. The same picture gives the same distances.
    """
    if picture.shape != (camera.height, camera.width, 3):
        raise InputError(
            f"picture must have shape {(camera.height, camera.width, 3)} like its camera, got {picture.shape}"
        )
    import cv2

    picture = np.clip(picture, 0, 1).astype(np.float32)
    sky = sky_mask(picture)
    front = regions.foreground_mask(picture, sky)
    sky &= ~front
    width = min(regions.WORK_WIDTH, camera.width)
    size = (width, max(8, round(camera.height * width / camera.width)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    labels, planes = _layout(small, _shrunk(sky, size), _shrunk(front, size), camera)
    full = regions.enlarged_labels(labels, small, picture)
    full[sky] = _SKY
    full[(full == _SKY) & ~sky] = _farthest_region(planes)
    full[front] = _FOREGROUND
    inverse = _inverse_depth(full, planes, front)
    inverse *= _shading_relief(picture, full)
    distance = _radial(inverse, camera)
    distance *= NEAR_GROUND_WU / _near_median(distance, full)
    distance[sky] = np.inf
    return distance


def _shrunk(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    import cv2

    result: NDArray[np.bool_] = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    return result


def _layout(
    small: NDArray[np.float32], sky: NDArray[np.bool_], front: NDArray[np.bool_], camera: Camera
) -> tuple[NDArray[np.int32], dict[int, Plane]]:
    """Labels (h,w) of the small picture and the plane of each."""
    ground = regions.ground_mask(small, sky | front)
    labels, _ = regions.upright_regions(small, ~(sky | front | ground))
    labels[sky] = _SKY
    labels[ground] = _GROUND
    scale = camera.width / small.shape[1]
    plane = _ground_plane(ground, sky, camera, scale)
    planes = {_GROUND: plane}
    planes.update(_upright_planes(labels, small, plane, camera, scale))
    labels[front] = _FOREGROUND
    planes[_FOREGROUND] = _foreground_plane(front, plane, scale)
    return labels, planes


def _ground_plane(ground: NDArray[np.bool_], sky: NDArray[np.bool_], camera: Camera, scale: float) -> Plane:
    """A plane that vanishes above all of the ground, by so much that it is never steeper than STEEPEST_GROUND."""
    height, width = ground.shape
    margin = camera.focal / STEEPEST_GROUND / scale
    columns = np.flatnonzero(ground.sum(axis=0) > 0.03 * height)
    if len(columns) < 0.25 * width:
        rim = np.full(width, 0.5 * height)
        columns = np.arange(width)
    else:
        rim = np.argmax(ground[:, columns], axis=0).astype(np.float64)
    tilt, offset = np.polyfit(columns, rim, 1)
    tilt = float(np.clip(tilt, -0.25, 0.25))
    offset = float(np.percentile(rim - tilt * columns, 20)) - margin
    bottom = height - (offset + tilt * width / 2)
    return Plane(-offset / bottom, -tilt / (bottom * scale), 1.0 / (bottom * scale))


def _upright_planes(
    labels: NDArray[np.int32], small: NDArray[np.float32], ground: Plane, camera: Camera, scale: float
) -> dict[int, Plane]:
    """Planes of the upright regions, from the lowest to the highest."""
    import cv2

    height = len(labels)
    chroma = np.hypot(*np.moveaxis(cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[..., 1:], -1, 0))
    planes: dict[int, Plane] = {}
    bases = {label: _foot_row(labels == label) for label in np.unique(labels) if 0 < label < _GROUND}
    for label in sorted(bases, key=lambda one: -bases[one]):
        region = labels == label
        rows, columns = np.nonzero(region)
        below = np.where(rows + 1 < height, labels[np.minimum(rows + 1, height - 1), columns], label)
        at_foot = below != label
        inverse = _foot_inverse(
            below[at_foot], rows[at_foot] + 1, columns[at_foot], rows, ground, planes, scale
        )
        open_above = bool((labels[np.maximum(rows - 1, 0), columns] == _SKY).mean() > 0.002)
        if open_above and rows.max() - rows.min() > 0.12 * height:
            inverse *= float(np.clip(0.25 + 0.02 * chroma[region].mean(), 0.3, 0.85))
        inverse = max(inverse, _FARTHEST)
        reach = max(1.0, (bases[label] - rows.min()) * scale)
        lean = (0.12 if open_above else 0.45) * ground.down
        lean = min(lean, 0.5 * inverse / reach)
        planes[int(label)] = Plane(inverse - lean * bases[label] * scale, 0.0, lean)
    return planes


def _foot_row(region: NDArray[np.bool_]) -> float:
    return float(np.percentile(np.nonzero(region)[0], 92))


def _foot_inverse(
    below: Array,
    rows: Array,
    columns: Array,
    all_rows: Array,
    ground: Plane,
    planes: dict[int, Plane],
    scale: float,
) -> float:
    """Inverse depth where a region stands: on the ground it meets, or behind what hides its foot."""
    on_ground = below == _GROUND
    if not len(below) or on_ground.mean() > 0.2:
        seen_rows, seen_columns = (
            (rows[on_ground], columns[on_ground]) if len(below) else (all_rows, np.zeros(len(all_rows)))
        )
        return float(np.percentile(ground.at(seen_columns * scale, seen_rows * scale), 60))
    hiders = [
        planes[int(label)].at(columns[below == label] * scale, rows[below == label] * scale)
        for label in np.unique(below)
        if int(label) in planes
    ]
    if hiders:
        return _HIDDEN_FOOT * float(np.median(np.concatenate(hiders)))
    foot = float(np.percentile(all_rows, 95))
    return float(ground.at(np.array(columns.mean() if len(columns) else 0.0) * scale, np.array(foot * scale)))


def _foreground_plane(front: NDArray[np.bool_], ground: Plane, scale: float) -> Plane:
    """Upright, a little nearer than the ground at its foot."""
    rows, columns = np.nonzero(front)
    if not len(rows):
        return Plane(1.0, 0.0, 0.0)
    foot = ground.at(np.array(columns.mean() * scale), np.array(rows.max() * scale))
    return Plane(1.25 * float(foot), 0.0, 0.0)


def _farthest_region(planes: dict[int, Plane]) -> int:
    return min(
        (label for label in planes if label != _FOREGROUND),
        key=lambda label: (planes[label].at_origin, label),
    )


def _inverse_depth(
    labels: NDArray[np.int32], planes: dict[int, Plane], front: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Inverse depth (H,W) along the optical axis, from the planes, the foreground bulging."""
    import cv2

    height, width = labels.shape
    y, x = (
        (np.arange(height, dtype=np.float32) + 0.5)[:, None],
        (np.arange(width, dtype=np.float32) + 0.5)[None, :],
    )
    inverse = np.full(labels.shape, _FARTHEST, dtype=np.float32)
    for label in np.unique(labels):
        if int(label) in planes:
            here = labels == label
            inverse[here] = planes[int(label)].at(x, y)[here]
    if front.any():
        depth_in = cv2.distanceTransform(front.astype(np.uint8), cv2.DIST_L2, 5)
        share = cv2.GaussianBlur(depth_in, (0, 0), 8) / max(float(depth_in.max()), 1.0)
        share = np.clip(share, 0, 1)
        inverse[front] *= 1 + 0.12 * (share * (2 - share))[front]
    return np.maximum(inverse, _FARTHEST)


def _shading_relief(picture: NDArray[np.float32], labels: NDArray[np.int32]) -> NDArray[np.float32]:
    """Factors (H,W) on the inverse depth: light stands out, dark lies deep, within each region."""
    import cv2

    height, width = labels.shape
    size = (max(8, width // 3), max(8, height // 3))
    grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
    small_labels = cv2.resize(labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(
        np.int32
    )
    light = np.log(grey + 0.08)
    relief = np.zeros(grey.shape, dtype=np.float32)
    for label in np.unique(small_labels):
        if label == _SKY:
            continue
        here = (small_labels == label).astype(np.float32)
        fine, middle, broad = (_inside_blur(light, here, size[0] / share) for share in (120, 22, 7))
        near, far = _RELIEF.get(int(label), _RELIEF[_UPRIGHT])
        relief += here * (near * np.tanh(1.5 * (fine - middle)) + far * np.tanh(1.5 * (middle - broad)))
    enlarged: NDArray[np.float32] = cv2.resize(
        cv2.GaussianBlur(relief, (0, 0), 1.0), (width, height), interpolation=cv2.INTER_LINEAR
    )
    # Later zooms magnify this: the lattice of the small picture must not be seen in it.
    enlarged = cv2.GaussianBlur(enlarged, (0, 0), 2.5)
    return 1 + enlarged


def _inside_blur(
    values: NDArray[np.float32], weight: NDArray[np.float32], radius: float
) -> NDArray[np.float32]:
    """Mean over a window of about `radius` px, over the weighted pixels only; two box passes."""
    import cv2

    window = (2 * max(1, round(radius)) + 1,) * 2
    top: Array = values * weight
    bottom: Array = weight
    for _ in range(2):
        top, bottom = cv2.boxFilter(top, -1, window), cv2.boxFilter(bottom, -1, window)
    result: Array = top / np.maximum(bottom, np.float32(1e-4))
    return result


def _radial(inverse: NDArray[np.float32], camera: Camera) -> NDArray[np.float64]:
    x = (np.arange(camera.width) + 0.5 - camera.principal[0])[None, :] / camera.focal
    y = (np.arange(camera.height) + 0.5 - camera.principal[1])[:, None] / camera.focal
    result: NDArray[np.float64] = np.sqrt(1 + x * x + y * y) / inverse.astype(np.float64)
    return result


def _near_median(distance: NDArray[np.float64], labels: NDArray[np.int32]) -> float:
    """Median distance of the lowest third of the ground, of all that is not sky where there is no ground."""
    lower = np.zeros(labels.shape, dtype=bool)
    lower[-max(1, len(labels) // 4) :] = True
    for chosen in (lower & (labels == _GROUND), lower & (labels != _SKY), labels != _SKY):
        if chosen.mean() > 0.005:
            return float(np.median(distance[chosen]))
    return 1.0
