# SPDX-License-Identifier: Apache-2.0
"""`DeviceFrame`: images that stay in a GPU's memory; `TextureTarget`: pictures in an OpenGL texture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from .camera import Camera
from .errors import InputError
from .frame import OUTPUTS, Frame


class DeviceFrame:
    """What a camera sees, in GPU memory. Comes back at once, while the GPU is still drawing.

    Each output that was asked for is an attribute with the name, shape and type that `Frame` has. It is an object with
    `__cuda_array_interface__` and `__dlpack__`: `cupy.asarray(frame.color)`, `torch.from_dlpack(frame.color)` and
    the like take it without a copy and put their own work behind the drawing. Libraries that look at neither the
    interface's stream nor DLPack's need `wait()` first. The memory lives as long as this object or anything made
    from it. Treat it as read-only.
    """

    def __init__(
        self, native: _core.DeviceFrame, camera: Camera, depth_reference: float, stats: dict[str, Any]
    ) -> None:
        self._native = native
        self.camera = camera
        self.depth_reference = depth_reference
        self.stats = stats

    def __getattr__(self, name: str) -> _core.DeviceView | None:
        if name not in OUTPUTS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self._native.view(1 << OUTPUTS.index(name))

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *OUTPUTS})

    @property
    def device(self) -> int:
        """The CUDA device's number."""
        return self._native.device

    @property
    def stream(self) -> int:
        """The address of the CUDA stream on which it is drawn."""
        return self._native.stream

    def wait(self) -> bool:
        """Waits until it is drawn. False when scratch memory did not suffice: something is missing from this frame, and
        the next one has more memory. `Engine.render` draws such a frame again by itself."""
        return self._native.wait()

    def to_host(self) -> Frame:
        """Waits, and copies it to the CPU's memory, with what `finished_stats` says."""
        images, stats = self._native.read()
        return Frame(
            camera=self.camera, depth_reference=self.depth_reference, stats=self._with(stats), **images
        )

    def finished_stats(self) -> dict[str, Any]:
        """Waits; `Frame.stats` with the GPU's stages and counts. `complete` is False when scratch memory did not
        suffice: then what comes last in the draw order, or what is farthest, is missing from the images."""
        return self._with(self._native.stats())

    def _with(self, drawing: dict[str, Any]) -> dict[str, Any]:
        """The selection's stats with those of drawing."""
        known = self.stats
        return {
            **known,
            "stages_ms": {**known["stages_ms"], **_of_drawing(drawing["stages_ms"])},
            "funnel": {name: max(value, drawing["funnel"][name]) for name, value in known["funnel"].items()},
            "uploaded_bytes": drawing["uploaded_bytes"],
            "complete": drawing["complete"],
            **({"tiles": drawing["tiles"]} if "tiles" in drawing else {}),
        }

    def __repr__(self) -> str:
        present = [name for name in OUTPUTS if getattr(self, name) is not None]
        return f"<DeviceFrame {self.camera.width}x{self.camera.height}: {', '.join(present)}>"


def _of_drawing(stages: dict[str, float]) -> dict[str, float]:
    """The stages of drawing; those of the selection, which its stats name too, are 0 there."""
    return {name: ms for name, ms in stages.items() if name not in ("select", "load", "list")}


class TextureTarget:
    """An OpenGL texture, RGBA with 8 bits a channel, into which frames are drawn without a way over the CPU.

    `texture` is its OpenGL name. Its context must be current in the calling thread here, in `draw` and when this object
    goes. With `bottom_up` the picture's last row comes first, as OpenGL counts.
    """

    def __init__(
        self, native_engine: _core.Engine, texture: int, width: int, height: int, *, bottom_up: bool = False
    ) -> None:
        if width < 1 or height < 1 or texture < 1:
            raise InputError(
                f"a texture needs a name and sides of at least 1, got {texture}, {width} x {height} px"
            )
        self._native = _core.texture_target(native_engine, texture, width, height, bottom_up)

    def draw(self, frame: DeviceFrame) -> NDArray[np.uint8] | None:
        """Draws the frame's colours into the texture: None. Where CUDA cannot reach the texture (`why_not` says why),
        the picture (H,W,4) uint8 comes back instead, for the caller to upload."""
        pixels: NDArray[np.uint8] | None = self._native.draw(frame._native)
        return pixels

    @property
    def why_not(self) -> str:
        """Empty while frames go straight to the texture."""
        return self._native.why_not
