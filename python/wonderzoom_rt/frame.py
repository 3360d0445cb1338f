# SPDX-License-Identifier: Apache-2.0
"""`Frame`: the images of one view."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .errors import InputError

OUTPUTS = ("color", "coverage", "depth", "depth_median", "normal", "level", "surfel_id")

# One hue a level, far apart for neighbours: turns of the golden angle.
_GOLDEN_TURN = 0.381966
# Pictures of normals show "up" and "towards the camera" as bright.
_UP_IS_UP = np.array((1, -1, -1), dtype=np.float32)


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """What a camera sees. Arrays are read-only; those that were not asked for are None.

    color (H,W,3) float32: display sRGB over the background. coverage (H,W) float32, 0..1. depth (H,W) float32: mean
    radial distance of what is seen, wu, minus `depth_reference`; +inf where nothing is. depth_median (H,W) float32: the
    same of the surface that brings coverage to one half. normal (H,W,3) float32: camera axes, towards the
    camera. level (H,W) float32: mean level id of what is seen. surfel_id (H,W) uint64: of the largest contribution,
    page ordinal << 32 | index in page; all ones where nothing is.
    stats: what drawing took, see `docs/profiling.md`: `total_ms`; `stages_ms` {select, load, list, project, bin, sort,
    blend, resolve}; `pages` {tested, outside_view, outside_band, covered, selected, loaded, missing}; `bytes` {read};
    `funnel` {pages_tested, pages_selected, tested, visible, projected, tile_entries, evaluations, contributions};
    `complete`, False where a GPU's scratch memory did not suffice; and `tiles` {size, entries (rows,columns) uint32,
    ms (rows,columns) float32, 0 on a GPU} when it was drawn with `tile_stats`.
    """

    camera: Camera
    color: NDArray[np.float32] | None = None
    coverage: NDArray[np.float32] | None = None
    depth: NDArray[np.float32] | None = None
    depth_median: NDArray[np.float32] | None = None
    normal: NDArray[np.float32] | None = None
    level: NDArray[np.float32] | None = None
    surfel_id: NDArray[np.uint64] | None = None
    depth_reference: float = 0.0
    stats: dict[str, Any] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.camera.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.camera.height

    def image(self, output: str = "color") -> NDArray[np.uint8]:
        """One output as an 8-bit picture (H,W,3): depth as nearness, normals and levels as colours."""
        values = getattr(self, output, None) if output in OUTPUTS else None
        if values is None:
            raise InputError(
                f"this frame has no output {output!r}; it was asked for: {', '.join(self._present())}"
            )
        if output == "color":
            return _to_bytes(values)
        if output == "coverage":
            return _to_bytes(np.repeat(values[..., None], 3, axis=2))
        if output in ("depth", "depth_median"):
            return _nearness(np.asarray(values, dtype=np.float64) + self.depth_reference)
        if output == "normal":
            length = np.linalg.norm(values, axis=2, keepdims=True)
            return _to_bytes(values / np.maximum(length, 1e-9) * _UP_IS_UP * 0.5 + 0.5)
        if output == "level":
            return _level_colors(values, self.coverage, self.color)
        return _id_colors(values)

    def save_png(self, path: str | Path, output: str = "color") -> None:
        """Writes one output as a PNG."""
        from PIL import Image

        Image.fromarray(self.image(output)).save(path, format="PNG")

    def __repr__(self) -> str:
        return f"<Frame {self.width}x{self.height}: {', '.join(self._present())}>"

    def _present(self) -> list[str]:
        return [name for name in OUTPUTS if getattr(self, name) is not None]

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the colours, or the first output there is."""
        from PIL import Image

        present = self._present()
        if not present:
            return None
        buffer = io.BytesIO()
        Image.fromarray(self.image(present[0])).save(buffer, format="PNG")
        return buffer.getvalue()


def _to_bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    eight_bit: NDArray[np.uint8] = (np.clip(values, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8)
    return eight_bit


def _nearness(distance: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Near is bright; the range is the picture's own; what is at infinity is black."""
    known = np.isfinite(distance) & (distance > 0)
    shade = np.zeros(distance.shape)
    if known.any():
        inverse = 1.0 / distance[known]
        low, high = np.percentile(inverse, (1, 99))
        span = high - low
        shade[known] = (
            0.15 + 0.85 * np.clip((inverse - low) / span, 0, 1) ** 0.6 if span > 1e-12 * high else 0.6
        )
    return _to_bytes(np.repeat(shade[..., None], 3, axis=2))


def level_color(level: float) -> tuple[float, float, float]:
    """The display colour (r, g, b) in 0..1 that stands for a level everywhere."""
    import colorsys

    return colorsys.hsv_to_rgb((0.58 + _GOLDEN_TURN * level) % 1.0, 0.62, 0.95)


def _level_colors(
    level: NDArray[Any], coverage: NDArray[Any] | None, color: NDArray[Any] | None
) -> NDArray[np.uint8]:
    """Levels as hues, mixed where two are seen; the picture's own light shines through."""
    below = np.floor(np.nan_to_num(level)).astype(int)
    count = int(below.max(initial=0)) + 2
    table = np.array([level_color(i) for i in range(count)])
    part = (np.nan_to_num(level) - below)[..., None]
    tint = table[below] * (1 - part) + table[below + 1] * part
    if color is not None:
        light = np.asarray(color, dtype=np.float64) @ (0.299, 0.587, 0.114)
        tint = tint * (0.35 + 0.65 * light[..., None])
    if coverage is not None:
        tint = tint * coverage[..., None]
    return _to_bytes(tint)


def _id_colors(ids: NDArray[np.uint64]) -> NDArray[np.uint8]:
    mixed = ids * np.uint64(0x9E3779B97F4A7C15)
    return np.stack([(mixed >> np.uint64(shift)).astype(np.uint8) for shift in (56, 48, 40)], axis=-1)
