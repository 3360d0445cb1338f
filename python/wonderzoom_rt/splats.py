# SPDX-License-Identifier: Apache-2.0
"""Reads Gaussian splats, 3D or 2D, from PLY files, flattened to discs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .layer import EXTENT_PER_FOOTPRINT, SurfelLayer

SH_BAND_0 = 0.28209479177387814
"""The constant spherical harmonic, 1 / (2 sqrt(pi)): a colour is 0.5 + this times f_dc."""
_MOST_HEADER_BYTES = 1 << 20
_TYPES = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">", "ascii": ""}
_NEEDED = ("x", "y", "z", "f_dc_0", "f_dc_1", "f_dc_2", "opacity", "scale_0", "scale_1")
_ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")


@dataclass(frozen=True)
class Splats:
    """What a file of splats held.

    layer: its discs; `now` is the footprint at which a disc is as wide as a pixel's. flattened: whether they were 3D
    Gaussians, whose smallest axis was dropped. left_out: how many were not finite, and are not in the layer.
    harmonics: how many colour coefficients beyond the constant one a splat had; they are not kept.
    """

    layer: SurfelLayer
    flattened: bool
    left_out: int
    harmonics: int


@dataclass(frozen=True)
class _Header:
    """order: of bytes, "" for text. start: of the data. count: of vertices. skip: bytes (lines of text) before them."""

    order: str
    start: int
    count: int
    fields: list[tuple[str, str]]
    skip: int


def read_splats(path: str | Path) -> Splats:
    """The splats of a PLY file in the layout of 3D Gaussian splatting (scale_0..2) or of 2D (scale_0..1).

    Opacities are logits, scales natural logarithms of standard deviations, rotations (w, x, y, z). Of three axes the
    shortest is dropped and becomes the normal. Raises InputError, naming the file and what is wrong with it.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as problem:
        raise InputError(f"cannot read the splats {file}: {problem.strerror or problem}") from None
    try:
        header = _header(data)
        columns = _columns(data, header)
    except InputError as problem:
        raise InputError(f"{file} cannot be read as splats: {problem}") from None
    return _discs(columns, str(file))


def _header(data: bytes) -> _Header:
    if not data.startswith(b"ply"):
        raise InputError(f'a PLY file begins with "ply", this one with {data[:8]!r}')
    end = data.find(b"end_header", 0, _MOST_HEADER_BYTES)
    line_end = data.find(b"\n", end)
    if end < 0 or line_end < 0:
        raise InputError("its header has no end_header")
    order, count, skip, seen = None, None, 0, ""
    fields: list[tuple[str, str]] = []
    rows = 0
    for line in data[:end].decode("ascii", "replace").splitlines()[1:]:
        words = line.split()
        if not words or words[0] in ("comment", "obj_info"):
            continue
        if words[0] == "format" and len(words) == 3:
            if words[1] not in _ORDERS:
                raise InputError(f"its format must be one of {', '.join(_ORDERS)}, got {words[1]}")
            order = _ORDERS[words[1]]
        elif words[0] == "element" and len(words) == 3 and words[2].isdecimal():
            seen, rows = words[1], int(words[2])
            if seen == "vertex":
                count = rows
            elif count is None and order == "":
                skip += rows
        elif words[0] == "property" and (seen == "vertex" or count is None):
            name, size = _property(words)
            if seen == "vertex":
                fields.append((name, size))
            elif order != "":
                skip += rows * np.dtype(size).itemsize
        elif words[0] not in ("property", "element"):
            raise InputError(f"its header has the line {line!r}, which is none of a PLY file")
    if order is None or count is None:
        raise InputError(f"its header names no {'format' if order is None else 'vertices'}")
    return _Header(order, line_end + 1, count, fields, skip)


def _property(words: list[str]) -> tuple[str, str]:
    if len(words) != 3 or words[1] not in _TYPES:
        raise InputError(
            f"a property must be a number before and among the vertices, got {' '.join(words)!r}"
        )
    return words[2], _TYPES[words[1]]


def _columns(data: bytes, header: _Header) -> dict[str, NDArray[np.float64]]:
    """The needed columns (N,) by name."""
    names = [name for name, _ in header.fields]
    if len(set(names)) != len(names):
        raise InputError("a property of its vertices is there twice")
    missing = [name for name in (*_NEEDED, *_ROTATION) if name not in names]
    if missing:
        raise InputError(
            f"its vertices have no {', '.join(missing)}; they have {', '.join(names) or 'nothing'}"
        )
    if header.count == 0:
        raise InputError("it holds no vertices")
    table = _text_table(data, header) if header.order == "" else _binary_table(data, header)
    wanted = [name for name in names if name in (*_NEEDED, *_ROTATION, "scale_2")]
    columns = {name: np.asarray(table[name], dtype=np.float64) for name in wanted}
    columns["harmonics"] = np.array([sum(name.startswith("f_rest_") for name in names)], dtype=np.float64)
    return columns


def _binary_table(data: bytes, header: _Header) -> Any:
    row = np.dtype([(name, header.order + size) for name, size in header.fields])
    begin = header.start + header.skip
    held = max(0, len(data) - begin) // row.itemsize
    if held < header.count:
        raise InputError(
            f"it must hold {header.count:,} vertices of {row.itemsize} bytes, but ends after {held:,}"
        )
    return np.frombuffer(data, dtype=row, count=header.count, offset=begin)


def _text_table(data: bytes, header: _Header) -> Any:
    lines = data[header.start :].decode("ascii", "replace").splitlines()
    lines = lines[header.skip : header.skip + header.count]
    wide = len(header.fields)
    try:
        values = np.array([line.split() for line in lines], dtype=np.float64)
    except ValueError:
        raise InputError(f"each of its vertices must be a line of {wide} numbers") from None
    if values.shape != (header.count, wide):
        raise InputError(f"it must hold {header.count:,} lines of {wide} numbers, got {values.shape}")
    return {name: values[:, column] for column, (name, _) in enumerate(header.fields)}


def _discs(columns: dict[str, NDArray[np.float64]], name: str) -> Splats:
    axes = ["scale_0", "scale_1"] + (["scale_2"] if "scale_2" in columns else [])
    with np.errstate(over="ignore", invalid="ignore"):
        scales = np.exp(np.stack([columns[axis] for axis in axes], axis=1))
        opacities = 1.0 / (1.0 + np.exp(-columns["opacity"]))
    positions = np.stack([columns[axis] for axis in "xyz"], axis=1)
    rotations = np.stack([columns[part] for part in _ROTATION], axis=1)
    colors = 0.5 + SH_BAND_0 * np.stack([columns[f"f_dc_{channel}"] for channel in range(3)], axis=1)
    lengths = np.linalg.norm(rotations, axis=1)
    kept = np.sort(scales.astype(np.float32), axis=1)[:, -2:]
    good = (lengths > 0) & np.isfinite(lengths) & np.isfinite(opacities) & (kept > 0).all(axis=1)
    for values in (positions, colors, scales):
        good &= np.isfinite(values).all(axis=1)
    if not good.any():
        raise InputError(f"none of the {len(good):,} splats of {name} is finite")
    scales, rotations = scales[good], rotations[good] / lengths[good, None]
    extents, orientations = (scales, rotations) if len(axes) == 2 else flattened(scales, rotations)
    layer = SurfelLayer.from_arrays(
        positions[good],
        colors=np.clip(colors[good], -1.0, 2.0).astype(np.float32),
        orientations=orientations,
        extents=extents,
        opacities=np.clip(opacities[good], 0.0, 1.0).astype(np.float32),
        now=extents.max(axis=1) / EXTENT_PER_FOOTPRINT,
    )
    return Splats(layer, len(axes) == 3, int((~good).sum()), int(columns["harmonics"][0]))


def flattened(
    scales: NDArray[np.float64], rotations: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Extents (N,2) and orientations (N,4) of discs, for ellipsoids of scales (N,3) and rotations (N,4).

    The shortest axis becomes z by a cyclic change of axes, which is a rotation: what is right-handed stays so.
    """
    from .rotation import multiply

    shortest = scales.argmin(axis=1)
    # Turns by 120 degrees about (1, 1, 1): z of the disc is the x, y or z axis of the ellipsoid.
    turns = np.array([[0.5, 0.5, 0.5, 0.5], [0.5, -0.5, -0.5, -0.5], [1.0, 0.0, 0.0, 0.0]])
    kept = np.array([[1, 2], [2, 0], [0, 1]])
    rows = np.arange(len(scales))[:, None]
    return scales[rows, kept[shortest]], multiply(rotations, turns[shortest])
