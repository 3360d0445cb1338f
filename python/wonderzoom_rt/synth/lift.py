# SPDX-License-Identifier: Apache-2.0
"""From a picture and its distances to surfels: one disc a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from ..layer import EXTENT_PER_FOOTPRINT, FLAG_BRIDGES_EDGE, FLAG_HIDDEN_FILL, SurfelLayer
from ..rotation import multiply
from .slopes import Slopes, measure_slopes

Array = NDArray[Any]
Float = NDArray[Any]

OPACITY = 0.93
"""Of a disc that will not be fitted: near 1, and below it so that the rims of neighbours still blend."""
SURFACE_LEAK = 0.04
"""What comes through a wall of such discs, 0.025 to 0.05: most of it counts as none."""
MIN_COSINE = 0.1
"""A disc is stretched along the slant by at most the inverse of this."""
EDGE_MIN_COSINE = 0.42
"""The same beside a jump, where a long disc would reach over the rim and be seen from the side as a rubber sheet: less
than 4 px long at half its height."""
HIDDEN_MIN_COSINE = 0.04
"""The same of hidden surfels, which close the steep ground behind what stands on it."""
_HIDDEN_TOLERANCE = 2.5
"""How many times larger than usual a step between hidden surfels must be to count as a jump."""


def lift(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    camera: Camera,
    *,
    prior_camera: Camera | None = None,
    mask: NDArray[np.float32] | None = None,
    keep: NDArray[np.bool_] | None = None,
    hidden: bool = False,
    opacity: float = OPACITY,
) -> SurfelLayer:
    """The surfels of a picture (H,W,3), display sRGB, at radial distances (H,W) wu, +inf for sky, in row order.

    A disc stands at its pixel's point, lies in the surface there and spans the pixel on it: standard deviation
    0.65 of the pixel's width there, divided along the slant by the cosine between normal and ray (at least 1/10).
    Next to a jump of the distance it takes the slope of its own side, so that no disc bridges two surfaces; a pixel
    that stands between the two gets a round disc and the flag FLAG_BRIDGES_EDGE. Sky becomes directions, extents in
    radians.

    prior_camera: the parent level's lens, for `prior`; None makes it infinite. mask (H,W), 0..1: the level's
    soft mask, 1 when left out. keep (H,W): which pixels to lift, all when left out. hidden: mark all as invented.
    Raises InputError where shapes differ or a distance is not above 0. Geometry is computed in units of each
    pixel's footprint and is as good at 36 octaves as at none.
    """
    _check(picture, distance, camera)
    sky = np.isinf(distance)
    orientations, cosine, slopes = _orient(distance, camera, _HIDDEN_TOLERANCE if hidden else 1.0)
    footprint = np.where(sky, 1.0, distance) / camera.focal
    extents = np.empty((*distance.shape, 2), dtype=np.float32)
    # Off the axis a pixel is narrower than the radial footprint: depth along z over focal, on a surface parallel to
    # the image.
    off_axis = _local_rays(camera)[2]
    extents[..., 0] = EXTENT_PER_FOOTPRINT * footprint * off_axis
    least: Array = np.full(distance.shape, HIDDEN_MIN_COSINE if hidden else MIN_COSINE, dtype=np.float32)
    if not hidden:
        least[_widened(slopes.edge)] = EDGE_MIN_COSINE
    extents[..., 1] = extents[..., 0] / np.clip(cosine / off_axis, least, np.float32(1))
    positions = camera.rays()
    positions *= np.where(sky, 1.0, distance)[..., None]
    if any(camera.position):
        positions += camera.eye * ~sky[..., None]
    flags = np.where(slopes.between, np.uint16(FLAG_BRIDGES_EDGE), np.uint16(0)) | np.uint16(
        FLAG_HIDDEN_FILL if hidden else 0
    )
    colors = np.clip(picture, -1.0, 2.0).astype(np.float32, copy=False)
    weight = np.ones(distance.shape, np.float32) if mask is None else np.clip(mask, 0, 1).astype(np.float32)
    kept = slice(None) if keep is None else np.flatnonzero(keep)

    def flat(values: Array) -> Array:
        return values.reshape(distance.size, *values.shape[2:])[kept]

    now, place, is_sky = flat(footprint), flat(positions), flat(sky)
    return SurfelLayer(
        positions=place,
        orientations=flat(orientations),
        extents=flat(extents),
        colors=flat(colors),
        opacities=np.full(len(now), opacity, dtype=np.float32),
        now=now,
        prior=prior_footprints(now, place, is_sky, camera, prior_camera),
        mask=flat(weight),
        is_sky=is_sky,
        flags=flat(flags),
        leak=SURFACE_LEAK,
    )


def surface_normals(distance: NDArray[np.float64], camera: Camera) -> NDArray[np.float32]:
    """Unit normals (H,W,3) in camera axes, towards the camera, of radial distances (H,W); sky faces the camera."""
    rays = _local_rays(camera)
    return np.stack(_normals(distance, camera, rays, 1.0)[0], axis=-1)


def _check(picture: NDArray[np.float32], distance: NDArray[np.float64], camera: Camera) -> None:
    size = (camera.height, camera.width)
    if distance.shape != size or picture.shape != (*size, 3):
        raise InputError(
            f"picture and distance must be {size} (height, width) like their camera, "
            f"got {picture.shape} and {distance.shape}"
        )
    if not (distance > 0).all():
        raise InputError("every distance must be above 0 (infinite for sky), got zero, less or NaN")


def _local_rays(camera: Camera) -> tuple[Float, Float, Float, Float]:
    """Directions x, y, z (H,W) in camera axes, unit, and their stretch L = |(x/z, y/z, 1)|."""
    x = ((np.arange(camera.width) + 0.5 - camera.principal[0]) / camera.focal).astype(np.float32)[None, :]
    y = ((np.arange(camera.height) + 0.5 - camera.principal[1]) / camera.focal).astype(np.float32)[:, None]
    stretch = np.sqrt(x * x + y * y + np.float32(1))
    return x / stretch, y / stretch, 1 / stretch, stretch


def _normals(
    distance: NDArray[np.float64], camera: Camera, rays: tuple[Float, Float, Float, Float], tolerance: float
) -> tuple[tuple[Float, Float, Float], Slopes]:
    """Normals as x, y, z (H,W) and the slopes they come from.

    With (x, y, 1) the point of the plane z = 1, L its length and s_u, s_v the slopes: the depth along z changes by
    s_u - x / L^2 and s_v - y / L^2 of itself per pixel times focal, so the normal, a cross product of tangents, is
    along (s_u L^2 - x, s_v L^2 - y, -(1 + s_u L^2 x + s_v L^2 y)).
    """
    slopes = measure_slopes(distance, camera.focal, tolerance=tolerance)
    x, y, _, stretch = rays
    lean_x = np.where(slopes.between, np.float32(0), slopes.across) * stretch * stretch
    lean_y = np.where(slopes.between, np.float32(0), slopes.down) * stretch * stretch
    plane_x, plane_y = x * stretch, y * stretch
    normal_x = lean_x - plane_x
    normal_y = lean_y - plane_y
    normal_z = -(lean_x * plane_x + lean_y * plane_y) - 1
    length = 1 / np.sqrt(normal_x * normal_x + normal_y * normal_y + normal_z * normal_z)
    return (normal_x * length, normal_y * length, normal_z * length), slopes


def _orient(distance: NDArray[np.float64], camera: Camera, tolerance: float) -> tuple[Float, Float, Slopes]:
    """Quaternions (H,W,4), cosine between ray and normal (H,W), and the slopes they come from.

    The rotation is half a turn about x (disc z to camera -z), the smallest one from there to the normal, and a
    turn about the normal that lays the disc's y axis along the slant.
    """
    x, y, z, stretch = _local_rays(camera)
    (nx, ny, nz), slopes = _normals(distance, camera, (x, y, z, stretch), tolerance)
    along = nx * x + ny * y + nz * z
    lean = (along - z) / (1 - nz)
    sine = nx * lean - x
    cosine = ny * lean - y
    length = np.sqrt(sine * sine + cosine * cosine)
    straight = length < np.float32(1e-6)
    length = np.where(straight, np.float32(1), length)
    sine, cosine = np.where(straight, 0, sine / length), np.where(straight, 1, cosine / length)
    sine = np.where(cosine < 0, -sine, sine)
    half_cosine = np.sqrt(0.5 * (1 + np.abs(cosine)))
    half_sine = 0.5 * sine / half_cosine
    scale = 1 / np.sqrt(2 * (1 - nz))
    w, tilt_x, tilt_y = (1 - nz) * scale, nx * scale, ny * scale
    out = np.empty((*distance.shape, 4), dtype=np.float32)
    out[..., 0] = -tilt_y * half_cosine - tilt_x * half_sine
    out[..., 1] = w * half_cosine
    out[..., 2] = -w * half_sine
    out[..., 3] = tilt_x * half_cosine - tilt_y * half_sine
    if camera.orientation[1:] != (0.0, 0.0, 0.0):
        out = multiply(np.asarray(camera.orientation, dtype=np.float32), out).astype(np.float32)
    return out, np.abs(along), slopes


def _widened(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Flags (H,W) with their eight neighbours."""
    wide = flags.copy()
    wide[:, 1:] |= flags[:, :-1]
    wide[:, :-1] |= flags[:, 1:]
    tall = wide.copy()
    tall[1:] |= wide[:-1]
    tall[:-1] |= wide[1:]
    return tall


def prior_footprints(
    now: Array, positions: Array, is_sky: Array, camera: Camera, prior_camera: Camera | None
) -> NDArray[np.float64]:
    """Footprints (N,) of the parent level's lens camera at the surfels."""
    if prior_camera is None:
        return np.full(len(now), np.inf)
    if prior_camera.position == camera.position:
        prior = now * (camera.focal / prior_camera.focal)
    else:
        reach = np.linalg.norm(positions - prior_camera.eye, axis=1)
        prior = np.where(is_sky, 1.0, reach) / prior_camera.focal
        # Seen from elsewhere, places far behind what was zoomed to may be no finer: their cover is 0, or they are
        # hidden.
        if len(now) and np.median(prior / now) > 1.0:
            prior = np.maximum(prior, 1.01 * now)
    if not (prior > now).all():
        raise InputError(
            f"a level must be finer than its parent, got focal {camera.focal:g} px "
            f"under {prior_camera.focal:g} px"
        )
    return prior
