# SPDX-License-Identifier: Apache-2.0
"""Mitsuba 3 (https://mitsuba-renderer.org): Gaussian ellipsoids by tracing rays, on the processor through LLVM."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...camera import Camera
from ...layer import SurfelLayer
from ...rotation import multiply
from .protocol import Drawing

THICK = 0.1
"""Third axis of a disc over its smaller extent: a ray steps by 1e-4 past each hit, and must not step past the disc."""
REACH = 300.0
"""The median distance of the surfels as Mitsuba sees them, so that its step is as small in every world."""
MOST_HITS = 128
_EXTENT = 3.33
"""Where a disc ends, in standard deviations, as ours do."""
_SH_MEAN = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi))."""
_PROBE = "from wonderzoom_rt.bench.peers.mitsuba_peer import probe; probe()"
_PROBE_SECONDS = 120.0


@dataclass(frozen=True)
class MitsubaPeer:
    """Its integrator `volprim_rf_basic`: every Gaussian along the ray of a pixel's centre, nearest first."""

    name = "Mitsuba"
    package = "mitsuba"
    where = "CPU (LLVM)"
    install = "pip install mitsuba"

    def missing(self) -> str | None:
        """The package, or an LLVM library that it can use: one that it cannot use may end the whole process."""
        if importlib.util.find_spec("mitsuba") is None:
            return "mitsuba is not installed"
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        environment = {**os.environ, "PYTHONPATH": paths}
        command = [sys.executable, "-c", _PROBE]
        try:
            ended = subprocess.run(command, env=environment, capture_output=True, timeout=_PROBE_SECONDS)
        except (OSError, subprocess.SubprocessError) as problem:
            return f"Mitsuba could not be tried: {problem}"
        return (
            None
            if ended.returncode == 0
            else "Mitsuba finds no LLVM it can use (DRJIT_LIBLLVM_PATH names one)"
        )

    def open(self, layer: SurfelLayer, camera: Camera) -> Drawing:
        """Builds its tree of ellipsoids."""
        return _MitsubaDrawing(layer, camera)


def probe() -> None:
    """Draws one surfel; raises, or ends the process, where Mitsuba cannot draw."""
    layer = SurfelLayer.from_arrays(np.array([[0.0, 0.0, 1.0]]), extents=0.1)
    drawing = _MitsubaDrawing(layer, Camera.home(16, 16, focal=16.0))
    drawing.draw()
    if not drawing.picture()[8, 8].any():
        raise RuntimeError("Mitsuba drew nothing")


def mitsuba_arrays(layer: SurfelLayer, camera: Camera) -> dict[str, NDArray[np.float32]]:
    """The surfels (N) as attributes of Mitsuba's `ellipsoids`, float32, in the axes of the camera.

    data (N,10): centre, three standard deviations, quaternion with w last; the median distance is `REACH`.
    sh_coeffs (N,3): (colour - 0.5) over the constant harmonic. opacities (N,1).
    """
    local = (layer.positions - camera.eye) @ camera.rotation
    size = REACH / max(float(np.median(np.linalg.norm(local, axis=1))), 1e-30)
    into = np.array(camera.orientation) * (1.0, -1.0, -1.0, -1.0)
    turns = multiply(into[None], layer.orientations.astype(np.float64))
    thick = THICK * layer.extents.min(axis=1, keepdims=True)
    arrays = {
        "data": np.concatenate(
            [size * local, size * layer.extents, size * thick, turns[:, 1:], turns[:, :1]], axis=1
        ),
        "sh_coeffs": (layer.colors - 0.5) / _SH_MEAN,
        "opacities": layer.opacities[:, None],
    }
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}


class _MitsubaDrawing:
    def __init__(self, layer: SurfelLayer, camera: Camera) -> None:
        import mitsuba

        mitsuba.set_variant("llvm_ad_rgb")
        self._mitsuba: Any = mitsuba
        arrays = mitsuba_arrays(layer, camera)
        film = {
            "type": "hdrfilm",
            "width": camera.width,
            "height": camera.height,
            "pixel_format": "rgb",
            "component_format": "float32",
            "filter": {"type": "box"},
        }
        sensor = {
            "type": "perspective",
            "fov": math.degrees(2.0 * math.atan(0.5 * camera.width / camera.focal)),
            "fov_axis": "x",
            "to_world": mitsuba.ScalarTransform4f(
                np.diag([-1.0, -1.0, 1.0, 1.0])
            ),  # its x points left, its y up
            "near_clip": 1e-3 * REACH,
            "far_clip": 1e6 * REACH,
            "film": film,
            "sampler": {"type": "stratified", "sample_count": 1, "jitter": False},
        }
        tensors = {name: mitsuba.TensorXf(array) for name, array in arrays.items()}
        self._scene: Any = mitsuba.load_dict(
            {
                "type": "scene",
                "integrator": {"type": "volprim_rf_basic", "max_depth": MOST_HITS},
                "sensor": sensor,
                "surfels": {"type": "ellipsoids", "extent": _EXTENT, **tensors},
            }
        )
        self._picture: NDArray[np.float32] = np.zeros((camera.height, camera.width, 3), dtype=np.float32)

    def draw(self) -> None:
        self._picture = np.array(self._mitsuba.render(self._scene, spp=1), dtype=np.float32)

    def picture(self) -> NDArray[np.float32]:
        """Its light is linear."""
        linear = np.clip(self._picture, 0.0, 1.0)
        curve = 1.055 * linear ** np.float32(1.0 / 2.4) - 0.055
        return np.where(linear <= 0.0031308, 12.92 * linear, curve).astype(np.float32)

    def close(self) -> None:
        self._scene = None
