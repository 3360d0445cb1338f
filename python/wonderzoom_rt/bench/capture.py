# SPDX-License-Identifier: Apache-2.0
"""A file of splats as a scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..camera import Camera
from ..splats import read_splats
from .scene import Scene, metadata_of, scene_of_world

_SIZE = (1280, 720)
_HIGH = np.radians(45.0)
"""Vertical field of view."""


def capture_scene(path: Path, camera: Camera | None) -> Scene:
    """The splats of a PLY file, from `camera`; without one, from where the middle of them fills the view."""
    from ..world import World

    splats = read_splats(path)
    view = camera or overview(splats.layer.positions)
    facts = {
        "surfels": len(splats.layer),
        "flattened": splats.flattened,
        "left_out": splats.left_out,
    }
    world = World.from_surfels(splats.layer, view)
    scene = replace(scene_of_world(path.name, world, view), facts=facts)
    metadata = metadata_of(path.name, scene.target, facts)
    return replace(scene, world=World.from_surfels(splats.layer, view, metadata=metadata))


def overview(positions: np.ndarray) -> Camera:
    """A view along +z with -y upwards, as captures have it."""
    low, middle, high = np.percentile(positions, (10.0, 50.0, 90.0), axis=0)
    focal = 0.5 * _SIZE[1] / np.tan(0.5 * _HIGH)
    half = 0.5 * float(max((high - low)[0] * _SIZE[1] / _SIZE[0], (high - low)[1], 1e-12))
    eye = middle - np.array([0.0, 0.0, 0.5 * (high - low)[2] + half / np.tan(0.5 * _HIGH)])
    return Camera.look_at(eye, middle, focal=focal, width=_SIZE[0], height=_SIZE[1])
