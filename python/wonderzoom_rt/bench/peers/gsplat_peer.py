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


@dataclass(frozen=True)
class GsplatPeer:
    """kind: which of the two. As its functions are by default, but nothing nearer than 1e-3 of the middle is cut."""

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


class _GsplatDrawing:
    def __init__(self, kind: str, layer: SurfelLayer, camera: Camera) -> None:
        import gsplat
        import torch

        self._torch = torch
        self._rasterize: Any = gsplat.rasterization_2dgs if kind == "2DGS" else gsplat.rasterization

        def put(array: NDArray[Any]) -> Any:
            return torch.as_tensor(np.ascontiguousarray(array, dtype=np.float32), device="cuda")

        thin = FLAT * layer.extents.min(axis=1, keepdims=True)
        turn = camera.rotation.T
        view = np.eye(4)
        view[:3, :3], view[:3, 3] = turn, -turn @ camera.eye
        lens = np.array(
            [[camera.focal, 0, camera.principal[0]], [0, camera.focal, camera.principal[1]], [0, 0, 1]]
        )
        reach = float(np.median(np.linalg.norm(layer.positions - camera.eye, axis=1)))
        self._arguments: dict[str, Any] = {
            "means": put(layer.positions),
            "quats": put(layer.orientations),
            "scales": put(np.concatenate([layer.extents, thin], axis=1)),
            "opacities": put(layer.opacities),
            "colors": put(layer.colors),
            "viewmats": put(view)[None],
            "Ks": put(lens)[None],
            "width": camera.width,
            "height": camera.height,
            "near_plane": 1e-3 * reach,
            "packed": False,
        }
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
