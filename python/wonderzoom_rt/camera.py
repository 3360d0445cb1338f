# SPDX-License-Identifier: Apache-2.0
"""The pinhole camera, exact to focal lengths of 1e14 pixels.

Axes follow OpenCV: x right, y down, z forward. Pixel (column i, row j) is sampled at (i + 0.5, j + 0.5).
World axes are those of the first camera, so "up" in the world is (0, -1, 0).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import InputError
from .rotation import (
    matrix_from_quaternion,
    multiply,
    quaternion_about,
    quaternion_between,
    quaternion_from_matrix,
)

Array = NDArray[np.float64]
MAX_SIDE_PX = 65536
_FIELDS = ("position", "orientation", "focal", "width", "height", "principal")


@dataclass(frozen=True)
class Camera:
    """Where one looks from, and how.

    position: the eye, 3 float64, wu. orientation: world_from_camera, unit quaternion (w, x, y, z).
    focal: px, > 0. width, height: px. principal: where the optical axis meets the image, px; the centre
    unless given; far outside the image for a lens zoom. Raises InputError for anything else.
    """

    position: tuple[float, float, float]
    orientation: tuple[float, float, float, float]
    focal: float
    width: int
    height: int
    principal: tuple[float, float] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "width", _checked_side(self.width, "width"))
        put(self, "height", _checked_side(self.height, "height"))
        put(self, "position", _checked_numbers(self.position, 3, "position"))
        put(self, "orientation", _checked_quaternion(self.orientation))
        focal = _checked_numbers((self.focal,), 1, "focal")[0]
        if focal <= 0.0:
            raise InputError(f"camera focal must be a number of pixels above 0, got {focal!r}")
        put(self, "focal", focal)
        centre = (self.width / 2.0, self.height / 2.0)
        principal = centre if self.principal is None else self.principal
        put(self, "principal", _checked_numbers(principal, 2, "principal"))

    # ------------------------------------------------------------------ makers

    @classmethod
    def home(cls, width: int, height: int, *, focal: float) -> Camera:
        """The first camera of a world: at the origin, looking along +z."""
        return cls((0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0), focal, width, height)

    @classmethod
    def look_at(
        cls,
        eye: ArrayLike,
        target: ArrayLike,
        *,
        focal: float,
        width: int,
        height: int,
        up: ArrayLike = (0.0, -1.0, 0.0),
    ) -> Camera:
        """A camera at `eye` (3,) whose optical axis passes through `target` (3,); `up` (3,) shows upwards.

        When the view is along `up`, another up is chosen. Raises InputError when eye and target coincide.
        """
        start = np.asarray(eye, dtype=np.float64)
        forward = _unit(np.asarray(target, dtype=np.float64) - start, "the direction from eye to target")
        down = -np.asarray(up, dtype=np.float64)
        right = np.cross(down, forward)
        if float(np.linalg.norm(right)) <= 1e-9 * float(np.linalg.norm(down)):
            right = np.cross(np.eye(3)[int(np.argmin(np.abs(forward)))], forward)
        right = _unit(right, "the up direction")
        axes = np.stack([right, np.cross(forward, right), forward], axis=1)
        return cls(_triple(start), _quadruple(quaternion_from_matrix(axes)), focal, width, height)

    @classmethod
    def approaching(
        cls,
        target_point: ArrayLike,
        *,
        footprint: float,
        focal: float,
        width: int,
        height: int,
        direction: ArrayLike,
        orientation: Sequence[float] = (1.0, 0.0, 0.0, 0.0),
    ) -> Camera:
        """The camera that lives in a level: `footprint * focal` (wu) before `target_point` (3,), wu.

        direction: (3,) from the eye to the target, any length. `orientation` is turned by the smallest
        rotation that makes its optical axis that direction, so that the picture does not roll.
        """
        if not (math.isfinite(footprint) and footprint > 0.0):
            raise InputError(f"the footprint of an approach must be above 0 wu per pixel, got {footprint!r}")
        forward = _unit(np.asarray(direction, dtype=np.float64), "the direction of an approach")
        axis = matrix_from_quaternion(orientation)[:, 2]
        turned = multiply(quaternion_between(axis, forward), np.asarray(orientation))
        eye = np.asarray(target_point, dtype=np.float64) - footprint * focal * forward
        return cls(_triple(eye), _quadruple(turned), focal, width, height)

    # --------------------------------------------------------------- questions

    @property
    def eye(self) -> Array:
        """The position as an array (3,), wu."""
        return np.array(self.position)

    @property
    def rotation(self) -> Array:
        """World_from_camera as a matrix (3,3); its columns are right, down and forward."""
        return matrix_from_quaternion(self.orientation)

    @property
    def forward(self) -> Array:
        """The optical axis, unit, world, (3,)."""
        return self.rotation[:, 2].copy()

    @property
    def central_ray(self) -> Array:
        """Unit world direction (3,) through the middle of the frame, wherever the principal point is."""
        return self.ray(self.width / 2.0, self.height / 2.0)

    def footprint(self, distance: ArrayLike) -> Array:
        """World units a pixel covers at a radial `distance`; for infinity use `1 / focal`, an angle."""
        return np.asarray(distance, dtype=np.float64) / self.focal

    def ray(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Unit world directions (...,3) through image points (x, y) in px (pixel centres at +0.5)."""
        across = (np.asarray(x, dtype=np.float64) - self.principal[0]) / self.focal
        down = (np.asarray(y, dtype=np.float64) - self.principal[1]) / self.focal
        across, down = np.broadcast_arrays(across, down)
        length = np.sqrt(across * across + down * down + 1.0)
        local = np.empty((*across.shape, 3))
        local[..., 0] = across / length
        local[..., 1] = down / length
        local[..., 2] = 1.0 / length
        if self.orientation[1:] == (0.0, 0.0, 0.0):
            return local
        turned: Array = local @ self.rotation.T
        return turned

    def rays(self) -> Array:
        """Unit world directions (H,W,3) float64 through the pixel centres."""
        columns = np.arange(self.width, dtype=np.float64)[None, :] + 0.5
        rows = np.arange(self.height, dtype=np.float64)[:, None] + 0.5
        return self.ray(columns, rows)

    def project(self, points: ArrayLike) -> tuple[Array, Array]:
        """Image points (...,2) in px and radial distances (...,) in wu of world `points` (...,3).

        A point at or behind the plane of the eye gets NaN for its image point.
        """
        offsets = np.asarray(points, dtype=np.float64) - self.eye
        distance: Array = np.linalg.norm(offsets, axis=-1)
        return self.project_directions(offsets), distance

    def project_directions(self, directions: ArrayLike) -> Array:
        """Image points (...,2) in px of world directions (...,3) of any length; NaN behind the eye."""
        local = np.asarray(directions, dtype=np.float64)
        if self.orientation[1:] != (0.0, 0.0, 0.0):
            local = local @ self.rotation
        ahead = np.where(local[..., 2] > 0.0, local[..., 2], np.nan)
        image = np.empty((*local.shape[:-1], 2))
        image[..., 0] = self.focal * (local[..., 0] / ahead) + self.principal[0]
        image[..., 1] = self.focal * (local[..., 1] / ahead) + self.principal[1]
        return image

    def unproject(self, distance: ArrayLike) -> Array:
        """World points (H,W,3) float64 at radial `distance` (H,W), wu; NaN where that is infinite (sky)."""
        reach = np.asarray(distance, dtype=np.float64)
        if reach.shape != (self.height, self.width):
            raise InputError(
                f"distance must have shape {(self.height, self.width)} (height, width), got {reach.shape}"
            )
        finite = np.where(np.isfinite(reach), reach, np.nan)
        return self.eye + self.rays() * finite[..., None]

    # ----------------------------------------------------------- other cameras

    def zoomed(self, factor: float, *, at: tuple[float, float] = (0.5, 0.5)) -> Camera:
        """The lens zoom: same eye and orientation, focal times `factor`, an exact crop of this view.

        factor >= 1. at: middle of the crop as a fraction of the frame, each 0..1; moved inwards so far
        that the crop stays inside the frame. Raises InputError outside these ranges.
        """
        if not (isinstance(factor, (int, float)) and math.isfinite(factor) and factor >= 1.0):
            raise InputError(f"a zoom factor must be a finite number of at least 1, got {factor!r}")
        x, y = _checked_numbers(at, 2, "zoom target")
        if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
            raise InputError(f"a zoom target must lie in 0..1 of the frame, got ({x:g}, {y:g})")
        half = 0.5 / factor
        middle_x = min(max(x, half), 1.0 - half) * self.width
        middle_y = min(max(y, half), 1.0 - half) * self.height
        principal = (
            (self.principal[0] - middle_x) * factor + self.width / 2.0,
            (self.principal[1] - middle_y) * factor + self.height / 2.0,
        )
        return replace(self, focal=self.focal * factor, principal=principal)

    def resized(self, width: int, height: int) -> Camera:
        """The same view at another size; where the aspect differs it is cropped, never widened."""
        width, height = _checked_side(width, "width"), _checked_side(height, "height")
        grow = max(width / self.width, height / self.height)
        principal = (
            (self.principal[0] - self.width / 2.0) * grow + width / 2.0,
            (self.principal[1] - self.height / 2.0) * grow + height / 2.0,
        )
        return Camera(self.position, self.orientation, self.focal * grow, width, height, principal)

    def approached(self, distance: float, *, focal: float) -> Camera:
        """The approach camera of this lens view, whose surface lies at radial `distance` on the central ray.

        focal: the home focal, px. Infinite distance (sky) gives this lens camera itself.
        """
        if distance == math.inf:
            return self
        if not (math.isfinite(distance) and distance > 0.0):
            raise InputError(f"the distance of an approach must be above 0 wu, got {distance!r}")
        ray = self.central_ray
        return Camera.approaching(
            self.eye + distance * ray,
            footprint=distance / self.focal,
            focal=focal,
            width=self.width,
            height=self.height,
            direction=ray,
            orientation=self.orientation,
        )

    def orbited(self, centre: ArrayLike, yaw: float, pitch: float) -> Camera:
        """This camera carried around `centre` (3,), wu, which keeps its place in the picture.

        yaw, pitch: radians; positive yaw moves the eye to its right, positive pitch moves it up.
        """
        axes = quaternion_about((0.0, 1.0, 0.0), -float(yaw))
        axes = multiply(axes, quaternion_about((1.0, 0.0, 0.0), -float(pitch)))
        turned = multiply(np.asarray(self.orientation), axes)
        middle = np.asarray(centre, dtype=np.float64)
        local = self.rotation.T @ (self.eye - middle)
        eye = middle + matrix_from_quaternion(turned) @ local
        return replace(self, position=_triple(eye), orientation=_quadruple(turned))

    # ------------------------------------------------------------------- files

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and lists for JSON; `from_dict` gives back the very same camera, to the last bit."""
        return {
            "position": list(self.position),
            "orientation": list(self.orientation),
            "focal": self.focal,
            "width": self.width,
            "height": self.height,
            "principal": list(self.principal),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Camera:
        """The camera `to_dict` described. Raises InputError for missing or unknown keys and bad values."""
        if not isinstance(data, Mapping):
            raise InputError(
                f"a camera must be an object with the keys {', '.join(_FIELDS)}, got {type(data).__name__}"
            )
        missing = [key for key in _FIELDS[:5] if key not in data]
        unknown = sorted(set(map(str, data)) - set(_FIELDS))
        if missing or unknown:
            raise InputError(
                f"a camera needs the keys {', '.join(_FIELDS[:5])} (and principal); "
                f"missing: {', '.join(missing) or 'none'}; "
                f"unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(
            data["position"],
            data["orientation"],
            data["focal"],
            data["width"],
            data["height"],
            data.get("principal"),  # type: ignore[arg-type]
        )


def _checked_side(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 1 <= value <= MAX_SIDE_PX:
        raise InputError(f"camera {name} must be a whole number of pixels in 1..{MAX_SIDE_PX}, got {value!r}")
    return int(value)


def _checked_numbers(values: Any, count: int, name: str) -> tuple[Any, ...]:
    wanted = f"camera {name} must be {count} finite number{'s' if count > 1 else ''}"
    if isinstance(values, (str, bytes)):
        raise InputError(f"{wanted}, got {values!r}")
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError):
        raise InputError(f"{wanted}, got {values!r}") from None
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise InputError(f"{wanted}, got {numbers}")
    return numbers


def _checked_quaternion(values: Any) -> tuple[float, float, float, float]:
    """Kept bit for bit when its length is one to rounding, normalised when it is nearly one."""
    w, x, y, z = _checked_numbers(values, 4, "orientation")
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if abs(length - 1.0) > 1e-3:
        raise InputError(
            f"camera orientation must be a unit quaternion (w, x, y, z), got one of length {length:.6g}"
        )
    if abs(length - 1.0) <= 1e-14:
        return (w, x, y, z)
    return (w / length, x / length, y / length, z / length)


def _unit(vector: Array, name: str) -> Array:
    length = float(np.linalg.norm(vector))
    if vector.shape != (3,) or not (math.isfinite(length) and length > 0.0):
        raise InputError(f"{name} must be 3 numbers, not all zero, got {vector.tolist()}")
    return vector / length


def _triple(values: Array) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))


def _quadruple(values: Array) -> tuple[float, float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]), float(values[3]))
