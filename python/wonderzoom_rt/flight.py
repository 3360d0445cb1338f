# SPDX-License-Identifier: Apache-2.0
"""Camera paths: the flight through the levels of a world, and paths through a user's own cameras.

A deep flight shortens its distance to the target 1e11 times. So eyes are never interpolated as points: the path
knows one target, and interpolates the direction from it and the logarithm of the distance; what it adds to the
target is exact to rounding at every depth.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .camera import Camera
from .errors import InputError, WorldError
from .rotation import multiply, quaternion_about, quaternion_between
from .spline import NaturalSpline, eased

if TYPE_CHECKING:
    from .level import Level
    from .world import World

OCTAVES_PER_SECOND = 0.8
FLIGHT_SECONDS = (6.0, 40.0)
ORBIT_SECONDS = 4.0
ORBIT_YAW = math.radians(7.0)
ORBIT_PITCH = math.radians(4.0)
_LEAST_STEP = 0.25
"""Octaves between two stations of a flight at least; nearer ones are spread on the time line, not in space."""

Array = NDArray[np.float64]


class CameraPath(Protocol):
    """A camera for each moment."""

    @property
    def seconds(self) -> float:
        """How long it takes."""
        ...

    def at(self, time: float) -> Camera:
        """The camera `time` seconds after the start; the first before it, the last after its end."""
        ...


class CameraTrack:
    """Cameras between given ones, twice continuously differentiable in the position along the track.

    positions (K,), rising; cameras: what they are there, of any one size. target (3,), wu: what the track
    approaches; eyes are interpolated as direction from it and log distance. None: eyes go through space.
    """

    def __init__(
        self, positions: Sequence[float], cameras: Sequence[Camera], *, target: ArrayLike | None = None
    ) -> None:
        self.positions = np.asarray(positions, dtype=np.float64)
        self._last = cameras[-1]
        self._target = None if target is None else np.asarray(target, dtype=np.float64)
        levelled = [_without_shift(camera) for camera in cameras]
        self._end = np.array(levelled[-1].orientation)
        turns = _unwrapped([_rotation_vector(self._end, np.array(camera.orientation)) for camera in levelled])
        self._turns = NaturalSpline(positions, turns)
        self._focals = NaturalSpline(positions, [math.log2(camera.focal) for camera in levelled])
        if self._target is None:
            self._eyes = NaturalSpline(positions, [camera.eye for camera in cameras])
            return
        offsets = np.array([camera.eye - self._target for camera in cameras])
        distances = np.linalg.norm(offsets, axis=1)
        if not (distances > 0.0).all():
            raise InputError("no camera of a path may stand on the path's target")
        self._eyes = NaturalSpline(positions, offsets / distances[:, None])
        self._distances = NaturalSpline(positions, np.log2(distances))

    def at(self, position: float) -> Camera:
        """The camera at a position along the track."""
        turned = multiply(self._end, _quaternion_of_vector(self._turns(position)))
        eye = self._eyes(position)
        if self._target is not None:
            distance = 2.0 ** float(self._distances(position)[0])
            eye = self._target + distance * (eye / np.linalg.norm(eye))
        return Camera(
            tuple(eye),
            tuple(turned / np.linalg.norm(turned)),
            2.0 ** float(self._focals(position)[0]),
            self._last.width,
            self._last.height,
        )


@dataclass(frozen=True)
class LevelFlight:
    """From the first view of a world down through its levels, then a small orbit about where it ends.

    The distance to the final target shrinks by a constant number of octaves a second, with a smooth start and
    end; the path passes through the approach camera of every level on the way.
    """

    track: CameraTrack
    target: tuple[float, float, float] | None
    flight_seconds: float
    orbit_seconds: float

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.flight_seconds + self.orbit_seconds

    def at(self, time: float) -> Camera:
        """The camera `time` seconds after the start."""
        first, last = self.track.positions[0], self.track.positions[-1]
        if time < self.flight_seconds or self.target is None or self.orbit_seconds <= 0.0:
            part = eased(time / self.flight_seconds) if self.flight_seconds > 0.0 else 1.0
            return self.track.at(first + (last - first) * part)
        turn = 2.0 * math.pi * eased((time - self.flight_seconds) / self.orbit_seconds, ramp=0.4)
        return self.track.at(last).orbited(
            self.target, ORBIT_YAW * math.sin(turn), ORBIT_PITCH * 0.5 * (1.0 - math.cos(turn))
        )


@dataclass(frozen=True)
class KeyframePath:
    """Through a user's keyframes, each at its time (s after the first)."""

    track: CameraTrack

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return float(self.track.positions[-1] - self.track.positions[0])

    def at(self, time: float) -> Camera:
        """The camera `time` seconds after the start."""
        return self.track.at(float(self.track.positions[0]) + time)


@dataclass(frozen=True)
class StretchedPath:
    """Another path, at the pace that makes it take `seconds`."""

    path: CameraPath
    seconds: float

    def at(self, time: float) -> Camera:
        """The camera `time` seconds after the start."""
        return self.path.at(time * self.path.seconds / self.seconds)


# ------------------------------------------------------------------------------------ makers


def level_flight(
    world: World, *, level: int | Level | None = None, seconds: float | None = None
) -> LevelFlight:
    """The default path of a film: down to `level` (the newest when left out) through all of its ancestors.

    seconds: of the whole, orbit included; left out, it follows from the octaves. Raises InputError when the
    world has no level or `seconds` is not above 0.
    """
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0.0):
        raise InputError(f"a film must last more than 0 seconds, got {seconds!r}")
    chain = ancestry(world, level)
    cameras = [record.approach for record in chain]
    target, octaves = _target(world, chain[-1]), [0.0]
    reach = target if target is not None else cameras[-1].eye + cameras[-1].central_ray
    for camera in cameras[1:]:
        depth = math.log2(camera.focal / cameras[0].focal) - math.log2(
            float(np.linalg.norm(camera.eye - reach)) / float(np.linalg.norm(cameras[0].eye - reach))
        )
        octaves.append(max(depth, octaves[-1] + _LEAST_STEP))
    orbit = ORBIT_SECONDS if target is not None else 0.0
    flight = min(max(octaves[-1] / OCTAVES_PER_SECOND, FLIGHT_SECONDS[0]), FLIGHT_SECONDS[1])
    flight = flight if len(chain) > 1 else 0.0
    if flight + orbit <= 0.0:
        flight = FLIGHT_SECONDS[0]
    pace = 1.0 if seconds is None else seconds / (flight + orbit)
    return LevelFlight(
        track=CameraTrack(octaves, cameras, target=reach),
        flight_seconds=flight * pace,
        orbit_seconds=orbit * pace,
        target=None if target is None else _triple(target),
    )


def ancestry(world: World, level: int | Level | None = None) -> list[Level]:
    """A level and all it refines, the first level first; the newest level when left out."""
    levels = world.levels
    if not levels:
        raise InputError("the world has no levels yet, so there is nothing to show")
    record = levels[-1] if level is None else world.level(level)
    chain = [record]
    while chain[-1].parent is not None:
        chain.append(levels[chain[-1].parent])
    return chain[::-1]


def read_path(file: str | Path) -> KeyframePath:
    """A path from a JSON file: {"target": [x, y, z], "keyframes": [{"time": s, "camera": {..}}, ..]}.

    target (wu) is optional, and needed for a path that goes deep: the eye then closes in on it by constant
    octaves. Times rise; left out of all keyframes they are one second apart. A camera is what `Camera.to_dict`
    gives. Raises InputError, naming the file and what is wrong.
    """
    try:
        data = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as problem:
        raise InputError(f"cannot read the path file {file}: {problem.strerror or problem}") from None
    except ValueError as problem:
        raise InputError(f"the path file {file} must be JSON: {problem}") from None
    try:
        return path_from_dict(data)
    except InputError as problem:
        raise InputError(f"the path file {file} cannot be used: {problem}") from None


def path_from_dict(data: Any) -> KeyframePath:
    """The path that a dictionary of `read_path`'s shape describes. Raises InputError."""
    frames = data.get("keyframes") if isinstance(data, Mapping) else None
    if not isinstance(frames, Sequence) or isinstance(frames, str) or len(frames) < 2:
        raise InputError('it must be an object with at least two "keyframes"')
    unknown = sorted(set(map(str, data)) - {"keyframes", "target"})
    if unknown:
        raise InputError(f"it may hold keyframes and target, got also {', '.join(unknown)}")
    cameras, times = [], []
    for number, frame in enumerate(frames):
        if not isinstance(frame, Mapping) or "camera" not in frame or set(frame) - {"camera", "time"}:
            raise InputError(f"keyframe {number} must be an object with a camera and perhaps a time")
        try:
            cameras.append(Camera.from_dict(frame["camera"]))
        except InputError as problem:
            raise InputError(f"keyframe {number}: {problem}") from None
        times.append(frame.get("time"))
    return KeyframePath(
        CameraTrack(_checked_times(times), cameras, target=_checked_target(data.get("target")))
    )


# ------------------------------------------------------------------------------------- parts


def _target(world: World, level: Level) -> Array | None:
    """The surface point (3,) in the middle of a level's approach view; None where that is sky."""
    camera = level.approach
    try:
        distances = world.distance(level)
    except WorldError:
        reach = math.sqrt(level.footprint_min * level.footprint_max) * camera.focal
    else:
        middle = distances[distances.shape[0] // 2, distances.shape[1] // 2]
        if not np.isfinite(middle):
            known = distances[np.isfinite(distances)]
            if level.parent is not None or known.size == 0:
                return None
            middle = np.median(known)
        reach = float(middle) * camera.focal / level.lens.focal
    return camera.eye + reach * camera.central_ray if reach > 0.0 else None


def _without_shift(camera: Camera) -> Camera:
    """The camera that looks along the middle of the view, for one whose principal point is shifted."""
    axis, middle = camera.forward, camera.central_ray
    cosine = float(axis @ middle)
    if cosine > 1.0 - 1e-15:
        return camera
    turned = multiply(quaternion_between(axis, middle), np.array(camera.orientation))
    return replace(
        camera,
        orientation=tuple(turned / np.linalg.norm(turned)),
        focal=camera.focal / cosine**1.5,
        principal=(camera.width / 2.0, camera.height / 2.0),
    )


def _rotation_vector(reference: Array, orientation: Array) -> Array:
    """Axis times angle (3,), in radians, of the turn that leads from `reference` to `orientation`."""
    w, *axis = multiply(reference * (1.0, -1.0, -1.0, -1.0), orientation)
    if w < 0.0:
        w, axis = -w, [-part for part in axis]
    vector = np.array(axis)
    length = float(np.linalg.norm(vector))
    return vector * (2.0 * math.atan2(length, w) / length if length > 1e-300 else 2.0)


def _unwrapped(turns: list[Array]) -> list[Array]:
    """The same turns, each by whole turns more or less about its axis, so that neighbours lie close together.

    The last one, the reference, stays. Without it a full circle would spin back in one step.
    """
    kept = [turns[-1]]
    for turn in reversed(turns[:-1]):
        angle = float(np.linalg.norm(turn))
        axis = turn / angle if angle > 1e-9 else _axis_of(kept[-1])
        whole = round((float(kept[-1] @ axis) - angle) / (2.0 * math.pi))
        kept.append(turn + 2.0 * math.pi * whole * axis)
    return kept[::-1]


def _axis_of(turn: Array) -> Array:
    length = float(np.linalg.norm(turn))
    return turn / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])


def _quaternion_of_vector(vector: Array) -> Array:
    angle = float(np.linalg.norm(vector))
    if angle < 1e-300:
        return np.array([1.0, 0.0, 0.0, 0.0])
    return quaternion_about(vector / angle, angle)


def _checked_times(times: list[Any]) -> list[float]:
    if all(time is None for time in times):
        return [float(number) for number in range(len(times))]
    for number, time in enumerate(times):
        if isinstance(time, bool) or not isinstance(time, (int, float)) or not math.isfinite(time):
            raise InputError(
                f"keyframe {number} needs a time in seconds (all have one, or none), got {time!r}"
            )
        if number and time <= times[number - 1]:
            raise InputError(f"the times of keyframes must rise, got {time:g} after {times[number - 1]:g}")
    return [float(time) for time in times]


def _checked_target(target: Any) -> Array | None:
    if target is None:
        return None
    try:
        point = np.asarray(target, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"the target must be 3 finite numbers, got {target!r}") from None
    if point.shape != (3,) or not np.isfinite(point).all():
        raise InputError(f"the target must be 3 finite numbers, got {target!r}")
    return point


def _triple(values: Array) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
