# SPDX-License-Identifier: Apache-2.0
"""Procedural micro-structures: small fields of matter with outlines, anchored in the world's pixel lattice.

Each returns (height, width) float32 of mean about 0 and variance about 1, whose features are a few pixels
large. All shading is as if lit from the upper left, so that structures of different zoom depths fit together
as one relief.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wonderzoom_rt.synth.detail.bandnoise import smooth_noise
from wonderzoom_rt.synth.detail.filters import gaussian, gradient, sample
from wonderzoom_rt.synth.detail.lattice import Patch, uniform, white
from wonderzoom_rt.synth.detail.resample import FloatArray
from wonderzoom_rt.synth.opencv import opencv

_HALO = 24
_LIGHT = (-0.8, -0.6)


def relief(patch: Patch, channel: int) -> FloatArray:
    """Rough ground: a fractal height lit from one side."""
    source = white(patch.grown(_HALO), channel)
    height = sum((np.float32(s * s) * gaussian(source, s) for s in (0.7, 1.4, 2.8, 5.6)), np.float32(0))
    return _cropped(_lit(np.asarray(height)))


def cells(patch: Patch, channel: int, size: int) -> FloatArray:
    """Polygons of about `size` px with dark walls, each of its own shade and slightly domed."""
    shade, distance, wall = _voronoi(patch, channel, size)
    dome = 1.0 - np.square(distance * np.float32(1.4 / size))
    return _cropped(0.55 * (shade - 0.5) + 0.35 * dome - 0.9 * wall)


def pebbles(patch: Patch, channel: int, size: int) -> FloatArray:
    """Rounded bodies of about `size` px, lit, with dark gaps."""
    shade, distance, wall = _voronoi(patch, channel, size)
    height = np.sqrt(np.maximum(1.0 - np.square(distance * np.float32(1.25 / size)), 0)) * np.float32(size)
    return _cropped(0.5 * (shade - 0.5) + 0.45 * _lit(gaussian(height, 0.6)) - 0.6 * wall)


def facets(patch: Patch, channel: int, size: int) -> FloatArray:
    """Crystal faces of about `size` px: sharp planes, each of its own shade and sloping from its middle."""
    shade, distance, _ = _voronoi(patch, channel, size)
    return _cropped((shade - 0.5) + np.float32(0.25) * (distance / np.float32(size) - np.float32(0.4)))


def speckle(patch: Patch, channel: int, size: float) -> FloatArray:
    """Small round bodies and pores of about `size` px, sparse, crisp."""
    source = white(patch.grown(_HALO), channel)
    band = gaussian(source, 0.35 * size) - gaussian(source, 0.7 * size)
    band = band / np.float32(0.28 / (0.35 * size) * 0.62)
    bodies = np.tanh(3.0 * np.maximum(band - 0.9, 0)) - 0.8 * np.tanh(3.0 * np.maximum(-band - 1.1, 0))
    return _cropped(np.asarray(bodies, dtype=np.float32))


def cracks(patch: Patch, channel: int, size: int) -> FloatArray:
    """Thin dark lines: the walls between cells of about `size` px, deep in places and closed in others."""
    _, _, wall = _voronoi(patch, channel, size)
    depth = np.clip(np.float32(0.5) + smooth_noise(patch.grown(_HALO), 8 * channel + 105, 14), 0.0, 2.0)
    return _cropped(-wall * depth)


def fibres(patch: Patch, channel: int, cos: FloatArray, sin: FloatArray, *, length: int = 7) -> FloatArray:
    """Strands along (-sin, cos) (each (height, width)): noise smeared along them, lit across."""
    rows, columns = cos.shape
    source = white(patch, channel)
    source = gaussian(source, 0.6)
    x = np.broadcast_to(np.arange(columns, dtype=np.float32), (rows, columns))
    y = np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], (rows, columns))
    total = source.copy()
    for distance in range(1, length + 1):
        for sign in (1.0, -1.0):
            step = np.float32(sign * 1.5 * distance)
            total += sample(source, x - step * sin, y + step * cos)
    return np.asarray(total, dtype=np.float32)


def _lit(height: FloatArray) -> FloatArray:
    dx, dy = gradient(height)
    return np.asarray(-(np.float32(_LIGHT[0]) * -dx + np.float32(_LIGHT[1]) * -dy), dtype=np.float32)


def _cropped(field: FloatArray) -> FloatArray:
    return np.ascontiguousarray(field[_HALO:-_HALO, _HALO:-_HALO], dtype=np.float32)


def _voronoi(patch: Patch, channel: int, size: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Over the patch with its halo: each pixel's cell shade (0..1), distance to the cell's seed in px, wall
    (0..1).
    """
    cv2 = opencv()
    outer = patch.grown(_HALO)
    spacing = max(3, round(size * 0.7))
    lattice, left, top = outer.cells(spacing)
    x = (np.arange(lattice.width) * spacing - left)[None, :] + _steps(lattice, 8 * channel + 100, spacing)
    y = (np.arange(lattice.height) * spacing - top)[:, None] + _steps(lattice, 8 * channel + 101, spacing)
    draw = uniform(lattice, 8 * channel + 102)
    chosen = (x >= 0) & (x < outer.width) & (y >= 0) & (y < outer.height) & (draw < 0.5)
    free = np.full((outer.height, outer.width), 255, np.uint8)
    free[y[chosen], x[chosen]] = 0
    shade_at = np.zeros((outer.height, outer.width), np.float32)
    shade_at[y[chosen], x[chosen]] = draw[chosen] * 2
    distance, labels = cv2.distanceTransformWithLabels(
        free, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros(int(labels.max()) + 1, np.float32)
    seeds = free == 0
    table[labels[seeds]] = shade_at[seeds]
    sway = np.float32(0.2 * size)
    dx = smooth_noise(outer, 8 * channel + 103, size) * sway
    dy = smooth_noise(outer, 8 * channel + 104, size) * sway
    x_px = np.arange(outer.width, dtype=np.float32)[None, :] + dx
    y_px = np.arange(outer.height, dtype=np.float32)[:, None] + dy
    shade = cv2.remap(table[labels], x_px, y_px, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    distance = cv2.remap(distance, x_px, y_px, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    differs = np.zeros((outer.height, outer.width), np.float32)
    differs[:, 1:] += labels[:, 1:] != labels[:, :-1]
    differs[1:, :] += labels[1:, :] != labels[:-1, :]
    wall = np.minimum(gaussian(np.minimum(differs, 1.0), 0.7) * np.float32(1.6), 1.0)
    wall = cv2.remap(wall, x_px, y_px, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return shade, np.asarray(distance, dtype=np.float32), np.asarray(wall, dtype=np.float32)


def _steps(lattice: Patch, channel: int, spacing: int) -> npt.NDArray[np.int64]:
    return (uniform(lattice, channel) * spacing).astype(np.int64)
