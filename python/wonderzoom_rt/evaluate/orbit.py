# SPDX-License-Identifier: Apache-2.0
"""What a level looks like from a little to the side: holes, and rubber sheets across depth edges."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.frame import Frame
from wonderzoom_rt.layer import FLAG_BRIDGES_EDGE, FLAG_HIDDEN_FILL, SurfelLayer
from wonderzoom_rt.level import Level

from .consistency import off_edges
from .images import FloatArray
from .scene import Scene, part_of

HOLES_BAR = 0.005
STRETCHED_BAR = 0.005
VIEWS = 8
TILT_RAD = math.radians(15.0)
HULL_SHRINK = 0.95
COVERED = 0.95
#: A disc is long when its half-height length on the screen (2.355 standard deviations) exceeds this many pixels of the
#: screen, or of its own level where those are larger: a round disc of a coarser level that stands in is no rubber
#: sheet, though it spans 4.3 px where a pixel of its level spans 2.8.
LONG_PX = 4.0
#: A depth edge: the distance in a level's own picture bends there by more of its footprints than relief does.
EDGE_FOOTPRINTS = 8.0
KEPT_LAYERS = 4
_LENGTH_PER_EXTENT = 2.0 * math.sqrt(2.0 * math.log(2.0))


class OrbitResult(NamedTuple):
    """Fractions of the pixels inside the hull, over all views together, and the worst single view's."""

    holes_fraction: float
    stretched_fraction: float
    worst_view_holes: float
    worst_view_stretched: float


def orbit(scene: Scene, level: Level, *, discs: Discs | None = None) -> OrbitResult:
    """Eight views tilted by 15 degrees about the level's centre, inside its projected hull shrunk by 5 %.

    The centre is the middle of the level's view on its surface (median distance of its middle ninth, through its
    lens). What is drawn is the world as it was when the level was committed: coarser levels stand in where they
    can. A hole is coverage below 0.95. A stretched pixel is won by a disc more than 4 px long (its half-height
    length on the screen, in pixels of the screen or of its own level, whichever are larger) that bridges a depth
    edge: one that says so itself, or whose place in its level's own picture is on one.
    """
    layer = scene.surfels(level.id)
    seen = ~layer.is_sky & ((layer.flags & FLAG_HIDDEN_FILL) == 0) & (layer.mask > 0.5)
    if not seen.any():
        return OrbitResult(0.0, 0.0, 0.0, 0.0)
    centre = level_centre(level, layer.positions[seen])
    discs = discs or Discs(scene)
    holes, stretched, sizes = [], [], []
    for view in orbit_views(level.approach, centre):
        hull = projected_hull(view, layer.positions[seen])
        if not hull.any():
            continue
        frame = scene.render(view, until_level=level.id, outputs=("coverage", "surfel_id"))
        sizes.append(int(hull.sum()))
        holes.append(int((part_of(frame.coverage)[hull] < COVERED).sum()))
        stretched.append(int(discs.stretched(frame)[hull].sum()))
    total = max(1, sum(sizes))
    worst = [
        max((n / s for n, s in zip(counts, sizes, strict=True)), default=0.0) for counts in (holes, stretched)
    ]
    return OrbitResult(sum(holes) / total, sum(stretched) / total, worst[0], worst[1])


def level_centre(level: Level, positions: FloatArray) -> FloatArray:
    """The point on the lens's central ray at the median distance of the surfels in the middle ninth of its view.

    Through the lens, which the level was made for: before the approach's eye the near surface spreads, and where the
    middle holds a gap to the far one, that would be the centre, many times D_eff away.
    """
    view = level.lens
    image, distance = view.project(positions)
    size = np.array([view.width, view.height])
    with np.errstate(invalid="ignore"):
        middle = (np.abs(image - size / 2) < size / 6).all(axis=1)
    reach = float(np.median(distance[middle] if middle.any() else distance))
    return np.asarray(view.eye + reach * view.central_ray, np.float64)


def orbit_views(
    camera: Camera, centre: FloatArray, *, tilt: float = TILT_RAD, count: int = VIEWS
) -> list[Camera]:
    """`camera` carried `tilt` radians around `centre` in `count` directions, which keeps its place in the
    picture.
    """
    views = []
    for k in range(count):
        direction = 2.0 * math.pi * k / count
        views.append(camera.orbited(centre, tilt * math.cos(direction), tilt * math.sin(direction)))
    return views


def projected_hull(camera: Camera, positions: FloatArray) -> NDArray[np.bool_]:
    """Pixels (H, W) inside the convex hull of the projected points, shrunk by 5 % about its middle."""
    image, _ = camera.project(positions)
    image = image[np.isfinite(image).all(axis=1)]
    if len(image) < 3:
        return np.zeros((camera.height, camera.width), bool)
    low, high = np.percentile(image, 0.1, axis=0), np.percentile(image, 99.9, axis=0)
    image = image[((image >= low) & (image <= high)).all(axis=1)]
    middle = 0.5 * (low + high)
    angles = np.linspace(0.0, 2.0 * math.pi, 64, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    reach = np.array([float((image @ d).max()) for d in directions])
    reach = (reach - directions @ middle) * HULL_SHRINK
    columns, rows = np.arange(camera.width) + 0.5 - middle[0], np.arange(camera.height) + 0.5 - middle[1]
    inside = np.ones((camera.height, camera.width), bool)
    for direction, limit in zip(directions, reach, strict=True):
        inside &= columns[None, :] * direction[0] + rows[:, None] * direction[1] <= limit
    return inside


class Discs:
    """Looks up the disc that won a pixel: whether it bridges a depth edge, and how long it is on the
    screen.
    """

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._levels = [int(page["level"]) for page in scene.snapshot().pages]
        self._first: dict[int, int] = {}  # page -> index of its first surfel in its level's arrays
        self._layers: dict[int, tuple[SurfelLayer, NDArray[np.bool_]]] = {}

    def _layer(self, level: int) -> tuple[SurfelLayer, NDArray[np.bool_]]:
        if level not in self._layers:
            layer = self._scene.surfels(level)
            self._find_pages(level)
            self._layers[level] = (
                layer,
                bridging_discs(layer, self._scene.distance(level), self._scene.levels[level].lens),
            )
            while len(self._layers) > KEPT_LAYERS:
                del self._layers[next(iter(self._layers))]
        return self._layers[level]

    def _find_pages(self, level: int) -> None:
        """Where the pages of a level begin in its arrays, which leave out those that cannot be read."""
        first = 0
        for number, page in enumerate(self._scene.snapshot().pages):
            if page["level"] == level and not page["missing"]:
                self._first[number] = first
                first += int(page["count"])

    def stretched(self, frame: Frame) -> NDArray[np.bool_]:
        """Pixels (H, W) won by a long disc that bridges a depth edge."""
        assert frame.surfel_id is not None
        ids = frame.surfel_id.ravel()
        out = np.zeros(ids.shape, bool)
        drawn = np.flatnonzero(ids != np.uint64(0xFFFFFFFFFFFFFFFF))
        pages = (ids[drawn] >> np.uint64(32)).astype(np.int64)
        indices = (ids[drawn] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        for page in np.unique(pages):
            layer, bridging = self._layer(self._levels[int(page)])
            mine = pages == page
            index, pixel = self._first[int(page)] + indices[mine], drawn[mine]
            suspect = bridging[index]
            out[pixel[suspect]] = screen_length(layer, index[suspect], frame.camera) > LONG_PX
        return np.asarray(out.reshape(frame.surfel_id.shape), bool)


def bridging_discs(layer: SurfelLayer, distance: NDArray[np.float64], lens: Camera) -> NDArray[np.bool_]:
    """Surfels (n,) that say they bridge a depth edge, or stand on one of their level's distance map (H,
    W).
    """
    edge = ~off_edges(
        np.asarray(distance, np.float64),
        np.where(np.isfinite(distance), distance, 1.0) / lens.focal,
        bend_footprints=EDGE_FOOTPRINTS,
        within_px=1,
    )
    image, _ = lens.project(layer.positions)
    with np.errstate(invalid="ignore"):
        inside = (image >= 0).all(axis=1) & (image[:, 0] < lens.width) & (image[:, 1] < lens.height)
    inside &= ~layer.is_sky & ((layer.flags & FLAG_HIDDEN_FILL) == 0)
    pixel = np.where(inside[:, None], image, 0.0).astype(np.int64)
    return np.asarray(
        ((layer.flags & FLAG_BRIDGES_EDGE) != 0) | (inside & edge[pixel[:, 1], pixel[:, 0]]), bool
    )


def screen_length(layer: SurfelLayer, index: NDArray[np.int64], camera: Camera) -> FloatArray:
    """Half-height lengths (n,) on the screen of discs `index` of a layer, in pixels of the screen or of the disc's own
    level (its footprint, seen from here), whichever are larger; 0 for sky.
    """
    positions = layer.positions[index]
    to_camera = camera.rotation
    local = (positions - camera.eye) @ to_camera
    depth = np.where(local[:, 2] > 0.0, local[:, 2], np.inf)
    w, x, y, z = (
        layer.orientations[index].astype(np.float64)
        / np.linalg.norm(layer.orientations[index], axis=1)[:, None]
    ).T
    across = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)], axis=1)
    down = np.stack([2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)], axis=1)
    axes = []
    for column, direction in enumerate((across, down)):
        tangent = (direction * layer.extents[index, column, None]) @ to_camera
        axes.append(
            (tangent[:, :2] - local[:, :2] / depth[:, None] * tangent[:, 2:]) * camera.focal / depth[:, None]
        )
    u, v = axes
    a, b, c = (
        (u[:, 0] ** 2 + v[:, 0] ** 2),
        (u[:, 0] * u[:, 1] + v[:, 0] * v[:, 1]),
        (u[:, 1] ** 2 + v[:, 1] ** 2),
    )
    largest = 0.5 * (a + c) + np.sqrt(0.25 * (a - c) ** 2 + b * b)
    own_px = layer.now[index] * camera.focal / np.linalg.norm(local, axis=1)
    length = _LENGTH_PER_EXTENT * np.sqrt(largest) / np.maximum(1.0, own_px)
    return np.asarray(np.where(layer.is_sky[index], 0.0, length), np.float64)
