# SPDX-License-Identifier: Apache-2.0
"""Seeded relief: a distance along the optical axis for each direction, with its slope, at any depth of zoom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_WAVES = 3
"""Plane waves an octave."""


@dataclass(frozen=True)
class Relief:
    """Depth z = reach (1 + sum of waves) over the tangents (x / z, y / z) of a view, wu.

    Octave j has three plane waves of random direction, 2^j times as fine as the first; each octave has the same
    slope. Octaves are drawn from the seed one after another: a deeper relief adds to a shallower one.
    """

    reach: float
    vectors: Array
    """(octaves * 3, 2): radians per unit of tangent."""
    phases: Array
    amplitudes: Array

    @classmethod
    def seeded(cls, seed: int, *, reach: float, wavelength: float, octaves: int, slope: float) -> Relief:
        """wavelength: of the first octave, in units of tangent. slope: of each octave, dz over dx at z = reach."""
        random = np.random.default_rng((seed, 0x5EED))
        draws = random.uniform(size=(octaves, _WAVES, 2))
        octave = np.arange(octaves)[:, None]
        numbers = 2.0 * np.pi / wavelength * 2.0**octave * (0.8 + 0.4 * draws[..., 0])
        angles = np.pi * (np.arange(_WAVES) + draws[..., 1]) / _WAVES
        vectors = np.stack([numbers * np.cos(angles), numbers * np.sin(angles)], axis=-1)
        phases = 2.0 * np.pi * random.uniform(size=(octaves, _WAVES))
        amplitudes = slope / numbers / np.sqrt(_WAVES)
        return cls(reach, vectors.reshape(-1, 2), phases.ravel(), amplitudes.ravel())

    def coarser(self, octaves: int) -> Relief:
        """Its first octaves alone."""
        keep = _WAVES * octaves
        return Relief(self.reach, self.vectors[:keep], self.phases[:keep], self.amplitudes[:keep])

    def __call__(self, across: Array, down: Array) -> tuple[Array, Array, Array]:
        """z, dz/dacross and dz/ddown at tangents of any one shape."""
        depth = np.ones(across.shape)
        slope_across, slope_down = np.zeros(across.shape), np.zeros(across.shape)
        for (x, y), phase, amplitude in zip(self.vectors, self.phases, self.amplitudes, strict=True):
            angle = x * across + y * down + phase
            depth += amplitude * np.sin(angle)
            bend = amplitude * np.cos(angle)
            slope_across += x * bend
            slope_down += y * bend
        return self.reach * depth, self.reach * slope_across, self.reach * slope_down

    def grid(self, across: Array, down: Array) -> tuple[Array, Array, Array]:
        """The same on a grid of tangents (columns,) and (rows,), each (rows, columns); a wave is a product there."""
        angle = np.outer(self.vectors[:, 0], across) + self.phases[:, None]
        turn = np.outer(self.vectors[:, 1], down)
        first = np.concatenate([np.sin(angle), np.cos(angle)])
        second = np.concatenate([np.cos(angle), -np.sin(angle)])
        weights = np.concatenate([np.cos(turn), np.sin(turn)]) * np.tile(self.amplitudes, 2)[:, None]
        slopes = np.tile(self.vectors, (2, 1))
        depth = 1.0 + weights.T @ first
        slope_across = (weights * slopes[:, :1]).T @ second
        slope_down = (weights * slopes[:, 1:]).T @ second
        return self.reach * depth, self.reach * slope_across, self.reach * slope_down


def normals(across: Array, down: Array, depth: Array, slope_across: Array, slope_down: Array) -> Array:
    """Unit normals (N,3), towards the eye, of the surface z (across, down, 1) with z's slopes."""
    ray = np.stack([across, down, np.ones_like(across)], axis=-1)
    along_x = slope_across[:, None] * ray
    along_x[:, 0] += depth
    along_y = slope_down[:, None] * ray
    along_y[:, 1] += depth
    normal = np.cross(along_y, along_x)
    unit: Array = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return unit


def pattern(seed: int, across: Array, down: Array, wavelength: float) -> NDArray[np.float32]:
    """Colours (N,3) float32 in 0..1 with structure from `wavelength` (in tangents) to a sixteenth of it."""
    random = np.random.default_rng((seed, 0xC0105))
    colors = np.full((*across.shape, 3), 0.5, dtype=np.float32)
    for octave in range(5):
        angle, phase = random.uniform(0, np.pi), random.uniform(0, 2 * np.pi, 3)
        number = 2.0 * np.pi / wavelength * 2.0**octave
        along = (number * (np.cos(angle) * across + np.sin(angle) * down))[..., None] + phase
        colors += np.float32(0.16 * 0.75**octave) * np.sin(along).astype(np.float32)
    return np.clip(colors, 0.0, 1.0)
