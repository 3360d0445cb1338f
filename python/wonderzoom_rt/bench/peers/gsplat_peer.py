# SPDX-License-Identifier: Apache-2.0
"""gsplat (https://docs.gsplat.studio): its 2D and its 3D Gaussian rasteriser, on CUDA."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ...camera import Camera
from ...layer import SurfelLayer
from .protocol import FLAT, Drawing

NEAR = 1e-3
"""Where it begins to draw, over the median distance of the surfels."""


@dataclass(frozen=True)
class GsplatPeer:
    """kind: which of the two. As its functions are by default, but for `packed`, and for where it begins to draw."""

    kind: Literal["2DGS", "3DGS"]
    package = "gsplat"
    where = "CUDA"
    install = "pip install torch gsplat"

    @property
    def name(self) -> str:
        """As tables show it."""
        return f"gsplat {self.kind}"

    def missing(self) -> str | None:
        """torch, gsplat or a CUDA device."""
        for module in ("torch", "gsplat"):
            if importlib.util.find_spec(module) is None:
                return f"{module} is not installed"
        import torch

        return None if torch.cuda.is_available() else "torch finds no CUDA device"

    def open(self, layer: SurfelLayer, camera: Camera) -> Drawing:
        """Copies the surfels to the device."""
        return _GsplatDrawing(self.kind, layer, camera)


def gsplat_arrays(layer: SurfelLayer, camera: Camera) -> dict[str, NDArray[np.float32]]:
    """The surfels (N) and one camera as the arguments of `rasterization` and `rasterization_2dgs`, float32.

    means (N,3); quats (N,4), w first; scales (N,3), the third of which 2DGS does not look at; opacities (N,); colors
    (1,N,3), a set a camera: 2DGS of 1.5 refuses the plain (N,3) that its page allows; viewmats (1,4,4) from the world
    to the camera, x right, y down, z ahead; Ks (1,3,3) with pixel centres at halves.
    """
    turn = camera.rotation.T
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = turn, -turn @ camera.eye
    across, down = camera.principal
    lens = np.array([[camera.focal, 0.0, across], [0.0, camera.focal, down], [0.0, 0.0, 1.0]])
    thin = FLAT * layer.extents.min(axis=1, keepdims=True)
    arrays = {
        "means": layer.positions,
        "quats": layer.orientations,
        "scales": np.concatenate([layer.extents, thin], axis=1),
        "opacities": layer.opacities,
        "colors": layer.colors[None],
        "viewmats": view[None],
        "Ks": lens[None],
    }
    return {name: np.ascontiguousarray(array, dtype=np.float32) for name, array in arrays.items()}


class _GsplatDrawing:
    def __init__(self, kind: str, layer: SurfelLayer, camera: Camera) -> None:
        import gsplat
        import torch

        self._torch = torch
        self._rasterize: Any = gsplat.rasterization_2dgs if kind == "2DGS" else gsplat.rasterization
        self._arguments: dict[str, Any] = {
            name: torch.as_tensor(array, device="cuda")
            for name, array in gsplat_arrays(layer, camera).items()
        }
        reach = float(np.median(np.linalg.norm(layer.positions - camera.eye, axis=1)))
        self._arguments.update(
            width=camera.width, height=camera.height, near_plane=NEAR * reach, packed=False
        )
        self._picture: Any = None

    def draw(self) -> None:
        with self._torch.no_grad():
            self._picture = self._rasterize(**self._arguments)[0]
        self._torch.cuda.synchronize()

    def picture(self) -> NDArray[np.float32]:
        array: NDArray[np.float32] = self._picture[0, ..., :3].clamp(0.0, 1.0).cpu().numpy()
        return array

    def close(self) -> None:
        self._arguments, self._picture = {}, None
        self._torch.cuda.empty_cache()
