# SPDX-License-Identifier: Apache-2.0
"""Does a finer level say the same as the coarser one, only in more detail? Colours, depth, relief.

Depth is measured on the committed surfels, not on the maps that were kept beside them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.layer import FLAG_HIDDEN_FILL
from wonderzoom_rt.level import Level

from .images import FloatArray, area_window, psnr_db
from .scene import FULL_DETAIL_BIAS, Scene, part_of, pixels_under, points_of, reduced, sample, zoom_of

PHOTO_PSNR_BAR = 36.0
SCALE_PSNR_BAR = 32.0
DEPTH_MEDIAN_BAR = 0.005
DEPTH_P99_BAR = 0.02
RELIEF_BAR = 0.5
RELIEF_ANGLE_RAD = math.radians(5.0)
#: A coarse pixel lies on an edge where the distance bends by more than this many of its footprints from pixel
#: to pixel.
EDGE_FOOTPRINTS = 3.0
WHOLE_COVER = 0.999


def photo_psnr_db(scene: Scene) -> float:
    """The home view of the whole world against the photograph, dB, outside what was edited later."""
    home = scene.levels[0].lens
    frame = scene.render(home, outputs=("color",))
    weight = np.ones((home.height, home.width))
    for level in scene.levels[1:]:
        weight[_edited(scene, level, home)] = 0.0
    return psnr_db(part_of(frame.color), scene.picture(0), weight=weight)


def _edited(scene: Scene, level: Level, camera: Camera) -> NDArray[np.bool_]:
    """Pixels of `camera` in which the level's edit, grown by a pixel, is seen (through the level's lens: one
    eye).
    """
    mask = scene.edit_mask(level.id)
    if mask is None:
        return np.zeros((camera.height, camera.width), bool)
    rows, columns = np.nonzero(mask > 0.01)
    out = np.zeros((camera.height, camera.width), bool)
    points = camera.project_directions(level.lens.ray(columns + 0.5, rows + 0.5))
    points = points[np.isfinite(points).all(axis=1)]
    x, y = points[:, 0].astype(int), points[:, 1].astype(int)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            inside = (x + dx >= 0) & (y + dy >= 0) & (x + dx < camera.width) & (y + dy < camera.height)
            out[y[inside] + dy, x[inside] + dx] = True
    return out


def scale_psnr_db(scene: Scene, child: Level, *, approach: bool = False) -> float:
    """The child's view, area-averaged to its parent's resolution, against the parent's render before the
    commit, dB.

    Both through the child's lens, in which it is an exact crop of its parent, with the finest level there is
    shown whole, pixel by pixel of the parent: those that lie wholly in the child's view. Any other lattice would ask
    for what no coarse picture holds. Half a pixel aside even the true photograph, under its own area mean, scores
    below 32 dB at 6 of the 12 places of the table (26.9 at worst); on the parent's own pixels 32.7 at least.
    With `approach`, through the camera it is lived in, where its relief moves things against the
    coarse surface (information, no bar). Counted is where
    the child's own cover is (weighted by it), both renders are covered, and nothing was edited.
    """
    parent = scene.levels[int(child.parent or 0)]
    view = child.approach if approach else child.lens
    ratio = zoom_of(child, parent)
    crop = not approach and _crop_of(child.lens, parent.lens)
    small_view, box = pixels_under(parent.lens, view) if crop else reduced(view, ratio)
    width, height = small_view.width, small_view.height
    fine = scene.render(
        view,
        until_level=child.id,
        outputs=("color", "coverage", "depth_median"),
        detail_bias=FULL_DETAIL_BIAS,
    )
    coarse = scene.render(
        small_view, until_level=parent.id, outputs=("color", "coverage"), detail_bias=FULL_DETAIL_BIAS
    )
    weight = _shown(scene, child, points_of(fine), view) * (part_of(fine.coverage) > 0.9)
    small = area_window(part_of(fine.color), box, width, height)
    small_weight = area_window(weight, box, width, height) * (part_of(coarse.coverage) > 0.9)
    return psnr_db(small, part_of(coarse.color), weight=np.where(small_weight > 0.5, small_weight, 0.0))


def _crop_of(inner: Camera, outer: Camera) -> bool:
    return inner.position == outer.position and inner.orientation == outer.orientation


def _shown(scene: Scene, level: Level, points: FloatArray, view: Camera) -> FloatArray:
    """How far (H, W) the level itself, unedited, is what is seen at these world points."""
    image, _ = level.lens.project(np.nan_to_num(points))
    sky = np.isnan(points[..., 0])
    if sky.any():
        image[sky] = level.lens.project_directions(view.rays())[sky]
    shown = sample(scene.cover(level.id), image, outside=0.0)
    edit = scene.edit_mask(level.id)
    if edit is not None:
        shown = shown * (sample(edit, image, outside=0.0) < 0.01)
    return shown


class DepthFit(NamedTuple):
    """median_rel, p99_rel: |difference| over D_eff. compared: part of the coarse pixels under the child that
    was compared.
    """

    median_rel: float
    p99_rel: float
    compared: float


def depth_fit(scene: Scene, child: Level) -> DepthFit:
    """The child's distances, averaged per coarse pixel, against the parent's, relative to D_eff.

    Surfels of both (without hidden fills and sky) are dropped into the parent's pixels by the parent's lens,
    and their radial distances from that eye averaged. Compared are pixels that both fill, where the child's
    cover is whole, nothing was edited, and no depth edge is near (`off_edges`). NaN where nothing can be
    compared (all sky). D_eff is the child's footprint times the home focal.
    """
    parent = scene.levels[int(child.parent or 0)]
    coarse = _distance_grid(scene, parent, parent.lens)
    fine = _distance_grid(scene, child, parent.lens)
    footprint = coarse / parent.lens.focal
    cover = _cover_per_pixel(scene, child, parent.lens)
    under = (cover >= WHOLE_COVER) & np.isfinite(coarse)
    use = under & np.isfinite(fine) & off_edges(coarse, footprint)
    if not use.any():
        return DepthFit(float("nan"), float("nan"), 0.0)
    effective = coarse[use] / child.lens.focal * scene.levels[0].lens.focal
    if not np.array_equal(parent.lens.position, child.lens.position):
        effective = np.full(effective.shape, _approach_distance(child))
    relative = np.abs(fine[use] - coarse[use]) / effective
    return DepthFit(
        float(np.median(relative)), float(np.percentile(relative, 99)), float(use.sum() / max(1, under.sum()))
    )


def _approach_distance(level: Level) -> float:
    middle = 0.5 * (np.array(level.low) + np.array(level.high))
    return float(np.linalg.norm(middle - level.approach.eye))


def _distance_grid(scene: Scene, level: Level, camera: Camera) -> FloatArray:
    """Mean radial distance (H, W) per pixel of `camera` of the level's seen surfels; NaN where there are
    none.
    """
    layer = scene.surfels(level.id)
    keep = ~layer.is_sky & ((layer.flags & FLAG_HIDDEN_FILL) == 0)
    image, distance = camera.project(layer.positions[keep])
    index, inside = _pixel_index(image, camera)
    count = np.bincount(index[inside], minlength=camera.width * camera.height)
    near = float(distance[inside].mean()) if inside.any() else 0.0  # keeps the sums exact at great depth
    total = np.bincount(index[inside], weights=distance[inside] - near, minlength=count.size)
    with np.errstate(invalid="ignore"):
        mean = np.where(count > 0, total / np.maximum(count, 1) + near, np.nan)
    return np.asarray(mean.reshape(camera.height, camera.width), np.float64)


def _pixel_index(image: FloatArray, camera: Camera) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    with np.errstate(invalid="ignore"):
        inside = (
            (image[:, 0] >= 0)
            & (image[:, 1] >= 0)
            & (image[:, 0] < camera.width)
            & (image[:, 1] < camera.height)
        )
    whole = np.where(inside[:, None], image, 0.0).astype(np.int64)
    return whole[:, 1] * camera.width + whole[:, 0], inside


def _cover_per_pixel(scene: Scene, child: Level, camera: Camera) -> FloatArray:
    """Least cover of the child (0 outside, and where it was edited) over each pixel of `camera`, by its
    pixels' directions.
    """
    cover = np.asarray(scene.cover(child.id), np.float64)
    edit = scene.edit_mask(child.id)
    if edit is not None:
        cover = np.where(edit > 0.01, 0.0, cover)
    image = camera.project_directions(child.lens.rays().reshape(-1, 3))
    index, inside = _pixel_index(image, camera)
    size = camera.width * camera.height
    count = np.bincount(index[inside], minlength=size)
    lacking = np.bincount(index[inside], weights=(cover.ravel() < WHOLE_COVER)[inside], minlength=size)
    return np.where((count > 0) & (lacking == 0), 1.0, 0.0).reshape(camera.height, camera.width)


def off_edges(
    distance: FloatArray,
    footprint: FloatArray,
    *,
    bend_footprints: float = EDGE_FOOTPRINTS,
    within_px: int = 2,
) -> NDArray[np.bool_]:
    """Pixels (H, W) near no depth edge: nowhere within `within_px` does the distance bend by more than so
    many footprints.

    The bend is the second difference in rows, columns and both diagonals, so that a slanted plane has no
    edges. A pixel beside an unknown one (sky, NaN) is on an edge.
    """
    padded = np.pad(np.where(np.isfinite(distance), distance, np.nan), 1, mode="edge")
    middle = padded[1:-1, 1:-1]
    bend = np.zeros_like(distance)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        ahead = padded[1 + dy : padded.shape[0] - 1 + dy, 1 + dx : padded.shape[1] - 1 + dx]
        behind = padded[1 - dy : padded.shape[0] - 1 - dy, 1 - dx : padded.shape[1] - 1 - dx]
        bend = np.maximum(bend, np.abs(ahead - 2 * middle + behind))
    with np.errstate(invalid="ignore"):
        edge = ~(bend <= bend_footprints * footprint)
    for axis in (0, 1):
        grown = edge.copy()
        for step in range(1, within_px + 1):
            for sign in (-1, 1):
                grown |= _shifted(edge, sign * step, axis)
        edge = grown
    return ~edge


def _shifted(flags: NDArray[np.bool_], step: int, axis: int) -> NDArray[np.bool_]:
    moved = np.roll(flags, step, axis=axis)
    ends = slice(0, step) if step > 0 else slice(step, None)
    moved[(ends, slice(None)) if axis == 0 else (slice(None), ends)] = False
    return moved


def relief_parallax_px(scene: Scene, level: Level) -> float:
    """RMS parallax (px of the level) against its best-fitting plane when the eye swings by 5 degrees about
    it.

    A point that stands r off the plane moves by r sin(5 degrees) / footprint pixels. Fitted on the seen
    surfels under a whole cover by least squares. A level that is all sky has none to show: NaN.
    """
    layer = scene.surfels(level.id)
    keep = ~layer.is_sky & ((layer.flags & FLAG_HIDDEN_FILL) == 0) & (layer.mask >= WHOLE_COVER)
    if keep.sum() < 16:
        return float("nan")
    positions, footprint = layer.positions[keep], layer.now[keep]
    unit = float(np.median(footprint))
    return plane_parallax_px((positions - positions.mean(axis=0)) / unit, footprint / unit)


def plane_parallax_px(points: NDArray[Any], footprint: NDArray[Any]) -> float:
    """The same of points (n, 3) with footprints (n,), in any one unit of length."""
    centred = np.asarray(points, np.float64) - np.mean(points, axis=0)
    normal = np.linalg.eigh(centred.T @ centred)[1][:, 0]
    parallax = (centred @ normal) / np.asarray(footprint, np.float64) * math.sin(RELIEF_ANGLE_RAD)
    return float(np.sqrt(np.mean(parallax**2)))
