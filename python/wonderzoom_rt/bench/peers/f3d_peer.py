# SPDX-License-Identifier: Apache-2.0
"""F3D (https://f3d.app): splats through VTK and OpenGL; on a machine without a GPU that is Mesa on the processor."""

from __future__ import annotations

import importlib.util
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...camera import Camera
from ...layer import SurfelLayer
from .protocol import FLAT, Drawing

_OPTIONS: dict[str, Any] = {
    "model.point_sprites.type": "gaussian",
    "model.point_sprites.size": 1.0,
    "model.point_sprites.absolute_size": True,
    "model.coloring": "direct",
    "render.effect.blending.mode": "sort",
    "render.background.color": [0.0, 0.0, 0.0],
    "scene.up_direction": "-Y",
}


@dataclass(frozen=True)
class F3dPeer:
    """F3D's library, drawing off screen."""

    name = "F3D"
    package = "f3d"
    where = "OpenGL (EGL)"
    install = "pip install f3d"

    def missing(self) -> str | None:
        """The package, or OpenGL without a screen."""
        if importlib.util.find_spec("f3d") is None:
            return "f3d is not installed"
        try:
            _engine()
        except (ImportError, RuntimeError) as problem:
            return f"F3D finds no OpenGL without a screen: {problem}"
        return None

    def open(self, layer: SurfelLayer, camera: Camera) -> Drawing:
        """Writes the surfels as .splat, the one format that F3D draws as Gaussians, and loads them."""
        return _F3dDrawing(layer, camera)


def _engine() -> Any:
    import f3d

    f3d.Log.set_verbose_level(f3d.Log.ERROR)
    return f3d.Engine.create_egl()


class _F3dDrawing:
    def __init__(self, layer: SurfelLayer, camera: Camera) -> None:
        self._engine = _engine()
        for name, value in _OPTIONS.items():
            self._engine.options[name] = value
        self._engine.window.size = camera.width, camera.height
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "surfels.splat")
            splat_records(layer).tofile(file)
            self._engine.scene.add(str(file))
        lens = self._engine.window.camera
        lens.position = tuple(camera.eye)
        lens.focal_point = tuple(camera.eye + camera.forward)
        lens.view_up = tuple(-camera.rotation[:, 1])
        lens.view_angle = math.degrees(2.0 * math.atan(0.5 * camera.height / camera.focal))
        self._image: Any = None

    def draw(self) -> None:
        self._image = self._engine.window.render_to_image(False)

    def picture(self) -> NDArray[np.float32]:
        image = self._image
        pixels = np.frombuffer(image.content, dtype=np.uint8)
        rows = pixels.reshape(image.height, image.width, image.channel_count)
        return rows[::-1, :, :3].astype(np.float32) / np.float32(255.0)  # its first row is the lowest

    def close(self) -> None:
        self._engine = self._image = None


def splat_records(layer: SurfelLayer) -> NDArray[Any]:
    """The surfels (N,) as the 32-byte records of a .splat file: bytes for colours, opacities and rotations."""
    kind = [("position", "<f4", 3), ("scale", "<f4", 3), ("color", "u1", 4), ("rotation", "u1", 4)]
    records = np.zeros(len(layer), dtype=kind)
    records["position"] = layer.positions
    records["scale"][:, :2] = layer.extents
    records["scale"][:, 2] = FLAT * layer.extents.min(axis=1)
    records["color"][:, :3] = np.clip(layer.colors, 0.0, 1.0) * 255.0 + 0.5
    records["color"][:, 3] = layer.opacities * 255.0 + 0.5
    records["rotation"] = np.clip(np.round(layer.orientations * 128.0 + 128.0), 0, 255)
    return records
