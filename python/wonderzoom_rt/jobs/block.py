# SPDX-License-Identifier: Apache-2.0
"""One block of shared memory that holds named arrays: how pictures and surfels cross a process border.

The block has no name: it is an open file that lives as long as somebody holds it, so nothing is left behind
when a process is killed. Layout, version 1, little endian: 8 bytes magic, uint64 length of the JSON header,
the header, then the arrays, each at the offset the header tells (a multiple of 64), C order.
"""

from __future__ import annotations

import json
import mmap
import os
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import GeneratorError

Array = NDArray[Any]
MAGIC = b"WZBLOCK1"
ALIGNMENT = 64
MAX_HEADER_BYTES = 1 << 24
DTYPES: dict[str, np.dtype[Any]] = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "bool": np.dtype(np.bool_),
    "uint8": np.dtype(np.uint8),
    "uint16": np.dtype(np.uint16),
}


def write_block(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> int:
    """Writes a sealed block and returns its file descriptor, which the caller closes.

    header: JSON-able (its infinities and NaN too). arrays: of the types in `DTYPES`, any shape.
    """
    layout: dict[str, Any] = {}
    end = 0
    for name, array in arrays.items():
        if array.dtype.name not in DTYPES:
            raise GeneratorError(f"array {name} must be one of {', '.join(DTYPES)}, got {array.dtype}")
        layout[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": end}
        end = _aligned(end + array.nbytes)
    text = json.dumps({"header": header, "arrays": layout}).encode()
    start = _aligned(len(MAGIC) + 8 + len(text))
    descriptor = _new_memory()
    try:
        os.ftruncate(descriptor, start + end)
        _write_all(descriptor, MAGIC + len(text).to_bytes(8, "little") + text, 0)
        for name, array in arrays.items():
            flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
            _write_all(descriptor, flat.data, start + layout[name]["offset"])
        _seal(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_block(descriptor: int) -> tuple[dict[str, Any], dict[str, Array]]:
    """Header and read-only arrays of a block; the arrays keep its memory alive. Closes `descriptor`.

    Raises GeneratorError for a block that is cut short, of another version or whose arrays lie outside it.
    """
    try:
        size = os.fstat(descriptor).st_size
        if size < len(MAGIC) + 8:
            raise GeneratorError(f"a block of results must hold at least {len(MAGIC) + 8} bytes, got {size}")
        memory = mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)
    finally:
        os.close(descriptor)
    if memory[: len(MAGIC)] != MAGIC:
        raise GeneratorError(f"a block of results must begin with {MAGIC!r}, got {memory[: len(MAGIC)]!r}")
    length = int.from_bytes(memory[len(MAGIC) : len(MAGIC) + 8], "little")
    if length > min(size, MAX_HEADER_BYTES):
        raise GeneratorError(f"the header of a block of {size} bytes claims {length} bytes")
    try:
        content = json.loads(memory[len(MAGIC) + 8 : len(MAGIC) + 8 + length])
        header, layout = content["header"], content["arrays"]
        start = _aligned(len(MAGIC) + 8 + length)
        arrays = {str(name): _array(memory, start, size, str(name), entry) for name, entry in layout.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise GeneratorError(f"the header of a block of results cannot be read: {problem}") from None
    if not isinstance(header, dict):
        raise GeneratorError(f"the header of a block must be an object, got {type(header).__name__}")
    return header, arrays


def _array(memory: mmap.mmap, start: int, size: int, name: str, entry: Mapping[str, Any]) -> Array:
    if entry["dtype"] not in DTYPES:
        raise GeneratorError(f"array {name} must be one of {', '.join(DTYPES)}, got {entry['dtype']!r}")
    dtype = DTYPES[entry["dtype"]]
    shape = tuple(int(side) for side in entry["shape"])
    offset = start + int(entry["offset"])
    count = 1
    for side in shape:
        if not 0 <= side <= size:
            raise GeneratorError(f"array {name} claims the shape {shape} in a block of {size} bytes")
        count *= side
    if offset < start or offset % ALIGNMENT or offset + count * dtype.itemsize > size:
        raise GeneratorError(f"array {name} {shape} at byte {offset} lies outside its block of {size} bytes")
    array: Array = np.frombuffer(memory, dtype=dtype, count=count, offset=offset).reshape(shape)
    return array


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT


def _new_memory() -> int:
    """A file without a name: in memory where the system has such files, in the temporary folder elsewhere."""
    if sys.platform == "linux":
        return os.memfd_create("wonderzoom-block", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _seal(descriptor: int) -> None:
    """Nobody can shrink or change the block from here on: a reader's mapping cannot be pulled away."""
    if sys.platform == "linux":
        import fcntl

        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)


def _write_all(descriptor: int, data: bytes | memoryview, position: int) -> None:
    rest = memoryview(data)
    while len(rest):
        written = os.pwrite(descriptor, rest[: 1 << 30], position)
        rest, position = rest[written:], position + written
