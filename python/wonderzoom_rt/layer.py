# SPDX-License-Identifier: Apache-2.0
"""`SurfelLayer`: surfels as plain arrays, made by one job and not yet in the world."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import rotation
from .errors import InputError

Array = NDArray[Any]
_Number = TypeVar("_Number", bound=np.generic)

FLAG_HIDDEN_FILL = 1
"""Bit 0: invented behind something nearer; never seen from the camera that made the level."""
FLAG_BRIDGES_EDGE = 2
"""Bit 1: the disc stands where the depth jumps."""
EXTENT_PER_FOOTPRINT = 0.65
"""A disc's standard deviation over the footprint of the pixel it came from."""

LAYER_ARRAYS: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "positions": (np.float64, (3,)),
    "orientations": (np.float32, (4,)),
    "extents": (np.float32, (2,)),
    "colors": (np.float32, (3,)),
    "opacities": (np.float32, ()),
    "now": (np.float64, ()),
    "prior": (np.float64, ()),
    "mask": (np.float32, ()),
    "is_sky": (np.bool_, ()),
    "flags": (np.uint16, ()),
}


@dataclass(frozen=True, eq=False, repr=False)
class SurfelLayer:
    """N surfels. Checked when made; the arrays are read-only from then on.

    positions (N,3) float64, wu; for sky unit directions. orientations (N,4) float32, world_from_disc
    (w, x, y, z): disc x and y are the tangents, z the normal, towards the camera that made it. extents (N,2)
    float32 > 0: standard deviations along the tangents, wu; for sky radians. colors (N,3) float32, display
    sRGB in -1..2. opacities (N,) float32, 0..1. now (N,) float64 > 0: footprint (wu/px; for sky rad/px) of
    the lens camera that made it. prior (N,) float64 > now: the same of the parent level, +inf without one.
    mask (N,) float32, 0..1: the level's soft mask there. is_sky (N,) bool. flags (N,) uint16. leak: with which the
    surfels are meant to be drawn, see `engine.settings`; a world takes that of its first level.
    Raises InputError, naming the array, what was expected and what came.
    """

    positions: NDArray[np.float64]
    orientations: NDArray[np.float32]
    extents: NDArray[np.float32]
    colors: NDArray[np.float32]
    opacities: NDArray[np.float32]
    now: NDArray[np.float64]
    prior: NDArray[np.float64]
    mask: NDArray[np.float32]
    is_sky: NDArray[np.bool_]
    flags: NDArray[np.uint16]
    leak: float = 0.0

    def __post_init__(self) -> None:
        checked_leak(self.leak)
        count = len(self.positions) if isinstance(self.positions, np.ndarray) else 0
        for name, (kind, tail) in LAYER_ARRAYS.items():
            array = getattr(self, name)
            wanted = (count, *tail)
            if not isinstance(array, np.ndarray) or array.dtype != kind or array.shape != wanted:
                came = (
                    f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
                )
                raise InputError(
                    f"surfel {name} must be an array of {np.dtype(kind)} with shape {wanted}, got {came}"
                )
            frozen = np.ascontiguousarray(array).view()
            frozen.flags.writeable = False
            object.__setattr__(self, name, frozen)
        _check_values(self)

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return f"<SurfelLayer of {len(self):,} surfels>"

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays together."""
        return sum(int(getattr(self, name).nbytes) for name in LAYER_ARRAYS)

    def select(self, which: Array | slice) -> SurfelLayer:
        """The surfels that a boolean mask (N,), an index array or a slice names, as a new layer."""
        arrays: dict[str, Any] = {name: getattr(self, name)[which] for name in LAYER_ARRAYS}
        return replace(self, **arrays)

    def with_colors(self, colors: NDArray[np.float32]) -> SurfelLayer:
        """The same surfels in other colours (N,3) float32, -1..2; only these are checked. Raises InputError."""
        if colors.dtype != np.float32 or colors.shape != self.colors.shape:
            raise InputError(
                f"surfel colors must be an array of float32 with shape {self.colors.shape}, "
                f"got {colors.dtype} {colors.shape}"
            )
        if not (np.min(colors, initial=0) >= -1 and np.max(colors, initial=0) <= 2):  # NaN is neither
            raise InputError("surfel colors must lie in -1..2")
        frozen = np.ascontiguousarray(colors).view()
        frozen.flags.writeable = False
        other = copy(self)
        object.__setattr__(other, "colors", frozen)
        return other

    @classmethod
    def empty(cls) -> SurfelLayer:
        """A layer of no surfels."""
        arrays: dict[str, Any] = {
            name: np.zeros((0, *tail), dtype=kind) for name, (kind, tail) in LAYER_ARRAYS.items()
        }
        return cls(**arrays)

    @classmethod
    def concatenate(cls, layers: Sequence[SurfelLayer]) -> SurfelLayer:
        """All surfels of `layers`, which are checked already, in their order, with the leak of the first."""
        if not layers:
            return cls.empty()
        together = copy(layers[0])
        for name in LAYER_ARRAYS if len(layers) > 1 else ():
            array = np.concatenate([getattr(layer, name) for layer in layers])
            array.flags.writeable = False
            object.__setattr__(together, name, array)
        return together

    @classmethod
    def from_arrays(
        cls,
        positions: ArrayLike,
        *,
        colors: ArrayLike = (0.5, 0.5, 0.5),
        normals: ArrayLike | None = None,
        orientations: ArrayLike | None = None,
        extents: ArrayLike | None = None,
        opacities: ArrayLike = 0.97,
        now: ArrayLike | None = None,
        prior: ArrayLike = np.inf,
        mask: ArrayLike = 1.0,
        is_sky: ArrayLike = False,
        flags: ArrayLike = 0,
        leak: float = 0.0,
    ) -> SurfelLayer:
        """A layer from plain arrays; every one but `positions` (N,3) may be left out or be one value for all.

        Left out: extents become 0.65 times the typical distance to the nearest neighbour; normals (N,3), used
        when no orientations are given, face back along -z; now becomes the larger extent over 0.65.
        Orientations and normals need not have length one.
        """
        points = _number_array(positions, np.float64, "positions")
        if points.ndim != 2 or points.shape[1] != 3:
            raise InputError(f"surfel positions must have shape (N, 3), got {points.shape}")
        if not np.isfinite(points).all():
            raise InputError("surfel positions must be finite, got NaN or infinity")
        count = len(points)
        if extents is None:
            extents = EXTENT_PER_FOOTPRINT * _typical_spacing(points)
        sizes = _broadcast(extents, "extents", count)
        if now is None:
            now = sizes.max(axis=1).astype(np.float64) / EXTENT_PER_FOOTPRINT if count else np.zeros(0)
        return cls(
            positions=points,
            orientations=_orientations(orientations, normals, count),
            extents=sizes,
            colors=_broadcast(colors, "colors", count),
            opacities=_broadcast(opacities, "opacities", count),
            now=_broadcast(now, "now", count),
            prior=_broadcast(prior, "prior", count),
            mask=_broadcast(mask, "mask", count),
            is_sky=_broadcast(is_sky, "is_sky", count),
            flags=_broadcast(flags, "flags", count),
            leak=leak,
        )


def checked_leak(leak: float) -> float:
    """The leak as a float. Raises InputError unless 0 <= leak < 1."""
    if not 0.0 <= leak < 1.0:
        raise InputError(f"leak must be at least 0 and less than 1, got {leak!r}")
    return float(leak)


def _check_values(layer: SurfelLayer) -> None:
    def demand(good: Any, text: str, array: Array) -> None:
        if not np.all(good):
            index = int(np.argmin(np.asarray(good).reshape(len(array), -1).all(axis=1)))
            raise InputError(f"surfel {text}, got {array[index].tolist()} at index {index}")

    demand(np.isfinite(layer.positions), "positions must be finite", layer.positions)
    norms = np.einsum("ij,ij->i", layer.orientations, layer.orientations)
    demand(np.abs(norms - 1.0) < 1e-3, "orientations must be unit quaternions", layer.orientations)
    demand(
        (layer.extents > 0) & (layer.extents < np.inf), "extents must be above 0 and finite", layer.extents
    )
    demand((layer.colors >= -1) & (layer.colors <= 2), "colors must lie in -1..2", layer.colors)
    demand((layer.opacities >= 0) & (layer.opacities <= 1), "opacities must lie in 0..1", layer.opacities)
    demand((layer.now > 0) & (layer.now < np.inf), "now must be above 0 and finite", layer.now)
    demand(layer.prior > layer.now, "prior must be larger than now (or infinite)", layer.prior)
    demand((layer.mask >= 0) & (layer.mask <= 1), "mask must lie in 0..1", layer.mask)
    if layer.is_sky.any():
        sky = layer.positions[layer.is_sky]
        length = np.einsum("ij,ij->i", sky, sky)
        demand(np.abs(length - 1.0) < 1e-6, "positions of sky must be unit directions", sky)


def _number_array(values: ArrayLike, kind: type[_Number], name: str) -> NDArray[_Number]:
    try:
        return np.ascontiguousarray(values, dtype=kind)
    except (TypeError, ValueError):
        raise InputError(
            f"surfel {name} must be an array of {np.dtype(kind)}, got {type(values).__name__}"
        ) from None


def _broadcast(values: ArrayLike, name: str, count: int) -> Array:
    kind, tail = LAYER_ARRAYS[name]
    array = _number_array(values, kind, name)
    try:
        return np.ascontiguousarray(np.broadcast_to(array, (count, *tail)))
    except ValueError:
        raise InputError(f"surfel {name} must have shape {(count, *tail)}, got {array.shape}") from None


def _orientations(orientations: ArrayLike | None, normals: ArrayLike | None, count: int) -> Array:
    if orientations is not None:
        quaternions = _broadcast(orientations, "orientations", count).astype(np.float64)
        lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
        name, raw = "orientations", quaternions
    else:
        if normals is None:
            normals = (0.0, 0.0, -1.0)
        raw = _number_array(normals, np.float64, "normals")
        if raw.shape not in ((3,), (count, 3)):
            raise InputError(f"surfel normals must have shape {(count, 3)}, got {raw.shape}")
        raw = np.broadcast_to(raw, (count, 3))
        lengths = np.linalg.norm(raw, axis=1, keepdims=True)
        name = "normals"
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise InputError(f"surfel {name} must be finite and not all zero")
    unit = raw / lengths
    return (unit if name == "orientations" else rotation.quaternions_facing(unit)).astype(np.float32)


def _typical_spacing(points: NDArray[np.float64]) -> float:
    """Median distance to the nearest other point, over at most 256 of the points; 1 for fewer than two."""
    count = len(points)
    if count < 2:
        return 1.0
    nearest = []
    for index in range(0, count, max(1, count // 256)):
        squared = ((points - points[index]) ** 2).sum(axis=1)
        squared[index] = np.inf
        nearest.append(float(squared.min()))
    spacing = float(np.sqrt(np.median(nearest)))
    return spacing if spacing > 0.0 else 1.0
