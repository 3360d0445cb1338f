# SPDX-License-Identifier: Apache-2.0
"""Camera paths of benchmarks: data files that fit every scene, or a recorded flight."""

from __future__ import annotations

import importlib.resources
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..camera import Camera
from ..errors import InputError
from ..flight import CameraTrack, ancestry, level_flight, read_path
from ..spline import NaturalSpline
from .scene import Scene

PATHS = ("zoom-in", "zoom-out", "orbit", "fly-by", "still")
ZOOM_OCTAVES = 3.0
"""How far a zoom closes in where the world has one level."""
MOST_FRAMES = 1_000_000
_MOTIONS = ("zoom", "yaw", "pitch", "across", "down")
_RANGES = {"zoom": (0.0, 1.0), "yaw": (-180.0, 180.0), "pitch": (-80.0, 80.0)}


@dataclass(frozen=True)
class BenchPath:
    """A path relative to a scene: what its cameras are follows from the scene's reference view, target and levels.

    motion: (zoom, yaw, pitch, across, down) by part of the time. frames, warmup: how many, unless asked otherwise.
    """

    name: str
    about: str
    motion: NaturalSpline
    frames: int
    warmup: int

    def cameras(self, scene: Scene, count: int) -> list[Camera]:
        """`count` cameras of the size of the scene's reference view."""
        track, octaves = _zoom_track(scene)
        target = np.array(scene.target)
        made = []
        for part in np.linspace(0.0, 1.0, count) if count > 1 else [0.0]:
            zoom, yaw, pitch, across, down = (float(value) for value in self.motion(float(part)))
            camera = track.at(octaves * min(max(zoom, 0.0), 1.0))
            camera = camera.orbited(target, math.radians(yaw), math.radians(pitch))
            wide = float(np.linalg.norm(camera.eye - target)) * camera.width / camera.focal
            eye = camera.eye + camera.rotation @ np.array([across * wide, down * wide, 0.0])
            made.append(replace(camera, position=(float(eye[0]), float(eye[1]), float(eye[2]))))
        return made


@dataclass(frozen=True)
class RecordedPath:
    """A flight of cameras in the world (JSON, as `wonderzoom fly --path` takes it), evenly in time."""

    name: str
    about: str
    file: Path
    frames: int
    warmup: int

    def cameras(self, scene: Scene, count: int) -> list[Camera]:
        """`count` cameras, of the size of the scene's reference view."""
        path = read_path(self.file)
        size = (scene.camera.width, scene.camera.height)
        moments = np.linspace(0.0, path.seconds, count) if count > 1 else [0.0]
        return [path.at(float(moment)).resized(*size) for moment in moments]


def open_path(name: str) -> BenchPath | RecordedPath:
    """A path by name, by TOML file (relative to the scene) or by JSON file (a recorded flight). Raises InputError."""
    if name in PATHS:
        text = importlib.resources.files(__package__).joinpath("paths", f"{name}.toml").read_text("utf-8")
        return path_from_toml(text, name)
    file = Path(name)
    if file.suffix.lower() not in (".toml", ".json"):
        raise InputError(f"expected a path ({', '.join(PATHS)}), or a file .toml or .json, got {name!r}")
    if file.suffix.lower() == ".json":
        seconds = read_path(file).seconds
        return RecordedPath(file.stem, "a recorded flight", file, max(2, round(24 * seconds)), 10)
    try:
        return path_from_toml(file.read_text(encoding="utf-8"), file.stem)
    except OSError as problem:
        raise InputError(f"cannot read the path file {file}: {problem.strerror or problem}") from None
    except UnicodeDecodeError as problem:
        raise InputError(f"the path file {file} must be UTF-8 text: {problem}") from None


def path_from_toml(text: str, name: str) -> BenchPath:
    """The path that a TOML text describes; `paths/zoom-in.toml` says how. Raises InputError, naming the path."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise InputError(f"the path {name} must be TOML: {problem}") from None
    unknown = sorted(set(data) - {"about", "frames", "warmup", "keyframes"})
    if unknown:
        raise InputError(
            f"the path {name} may hold about, frames, warmup and keyframes, got {', '.join(unknown)}"
        )
    keyframes = data.get("keyframes")
    if not isinstance(keyframes, list) or not keyframes:
        raise InputError(f"the path {name} must have keyframes, got {keyframes!r}")
    times: list[float] = []
    poses: list[list[float]] = []
    for number, keyframe in enumerate(keyframes):
        time, pose = _pose(keyframe, f"keyframe {number} of the path {name}")
        if times and time <= times[-1]:
            raise InputError(f"the times of the path {name} must rise, got {time:g} after {times[-1]:g}")
        times.append(time)
        poses.append(pose)
    return BenchPath(
        name,
        str(data.get("about", "")),
        NaturalSpline(times, poses),
        _count(data.get("frames", 120), f"frames of the path {name}", least=1),
        _count(data.get("warmup", 10), f"warmup of the path {name}", least=0),
    )


def _pose(keyframe: Any, where: str) -> tuple[float, list[float]]:
    if not isinstance(keyframe, Mapping) or "time" not in keyframe or set(keyframe) - {"time", *_MOTIONS}:
        raise InputError(f"{where} must have a time and may have {', '.join(_MOTIONS)}, got {keyframe!r}")
    values = {}
    for key, value in keyframe.items():
        low, high = _RANGES.get(key, (0.0, 1.0) if key == "time" else (-100.0, 100.0))
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise InputError(f"{key} in {where} must lie in {low:g}..{high:g}, got {value!r}")
        values[key] = float(value)
    return values["time"], [values.get(motion, 0.0) for motion in _MOTIONS]


def _count(value: Any, what: str, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= MOST_FRAMES:
        raise InputError(f"{what} must be a whole number in {least}..{MOST_FRAMES}, got {value!r}")
    return value


def _zoom_track(scene: Scene) -> tuple[CameraTrack, float]:
    """The way from the reference view towards the target, by octaves, and how many there are."""
    world, camera = scene.world, scene.camera
    size = (camera.width, camera.height)
    first = world.level(0)
    if len(ancestry(world)) > 1 and camera == first.lens:
        flight = level_flight(world).track
        positions = flight.positions
        cameras = [flight.at(float(position)).resized(*size) for position in positions]
        reach = level_flight(world).target or scene.target
        return CameraTrack(positions.tolist(), cameras, target=reach), float(positions[-1])
    target = np.array(scene.target)
    eye = target + (camera.eye - target) * 2.0**-ZOOM_OCTAVES
    near = replace(camera, position=(float(eye[0]), float(eye[1]), float(eye[2])))
    return CameraTrack([0.0, ZOOM_OCTAVES], [camera, near], target=target), ZOOM_OCTAVES
