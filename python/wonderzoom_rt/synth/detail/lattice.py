# SPDX-License-Identifier: Apache-2.0
"""Random numbers at the integer points of an infinite pixel lattice: same seed and point, same number.

The value at a point is a hash of (seed, channel, row, column), so any crop can be drawn by itself, in any
order, and places that two views share look alike. Coordinates may be any int64 (a x8 zoom done twelve times
reaches 1e14).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.detail.resample import FloatArray

_MASK = (1 << 64) - 1
# Odd 64-bit constants of the splitmix64 finaliser (Steele, Lea, Flood, "Fast splittable PRNGs", 2014).
_GOLDEN, _MIX_A, _MIX_B = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_COORDINATE_LIMIT = 1 << 60


@dataclass(frozen=True)
class Patch:
    """A rectangle of the lattice: the point (x, y) of its first pixel, its width and height, and the noise's
    seed.
    """

    x: int
    y: int
    width: int
    height: int
    seed: int

    def __post_init__(self) -> None:
        if max(abs(self.x), abs(self.y)) > _COORDINATE_LIMIT:
            raise InputError(f"expected lattice coordinates within 2^60, got ({self.x}, {self.y})")
        if self.width < 1 or self.height < 1:
            raise InputError(f"expected a patch of at least one pixel, got {self.width} x {self.height}")

    def grown(self, halo: int) -> Patch:
        """The patch with `halo` more pixels on every side."""
        return Patch(self.x - halo, self.y - halo, self.width + 2 * halo, self.height + 2 * halo, self.seed)

    def cells(self, size: int) -> tuple[Patch, int, int]:
        """The cells of `size` px that touch this patch, as a patch of the cell lattice, and the first
        pixel's place in the first cell."""
        left, top = self.x // size, self.y // size
        right, bottom = (self.x + self.width - 1) // size, (self.y + self.height - 1) // size
        cells = Patch(left, top, right - left + 1, bottom - top + 1, self.seed)
        return cells, self.x - left * size, self.y - top * size


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(_MIX_A)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(_MIX_B)
    return np.asarray(values ^ (values >> np.uint64(31)))


def _coordinates(first: int, count: int) -> npt.NDArray[np.uint64]:
    return (np.arange(count, dtype=np.int64) + np.int64(first)).view(np.uint64)


def hash_points(patch: Patch, channel: int) -> npt.NDArray[np.uint64]:
    """(height, width) hashes; `channel` is a small non-negative number that tells independent fields
    apart.
    """
    key = np.full(1, (patch.seed * _GOLDEN + (channel + 1) * _MIX_B) & _MASK, np.uint64)
    rows = _mix(_mix(_coordinates(patch.y, patch.height) + _mix(key)) + np.uint64(_GOLDEN))
    columns = _mix(
        _coordinates(patch.x, patch.width) * np.uint64(_MIX_A)
        + rows[:1] * np.uint64(0)
        + _mix(key + np.uint64(1))
    )
    return _mix(rows[:, None] ^ columns[None, :])


def uniform(patch: Patch, channel: int) -> FloatArray:
    """(height, width) independent values in 0 <= v < 1."""
    return ((hash_points(patch, channel) >> np.uint64(40)).astype(np.float32)) * np.float32(2.0**-24)


def white(patch: Patch, channel: int) -> FloatArray:
    """(height, width) independent values of mean 0 and variance 1, nearly Gaussian (four 16-bit uniforms
    added).
    """
    parts = hash_points(patch, channel).view(np.uint16).reshape(-1, 4).astype(np.float32)
    deviation = float(np.sqrt(4 * (2.0**32 - 1) / 12))
    total = parts @ np.full(4, 1 / deviation, np.float32) - np.float32(2 * 65535 / deviation)
    return np.asarray(total, dtype=np.float32).reshape(patch.height, patch.width)
