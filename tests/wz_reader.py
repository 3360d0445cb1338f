# SPDX-License-Identifier: Apache-2.0
"""A reader of `.wz` files written from docs/file-format.md alone, to keep that page true."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

_MASK = (1 << 64) - 1
_P1, _P2, _P3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9
_P4, _P5 = 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5


def _rotated(value: int, bits: int) -> int:
    value &= _MASK
    return (value << bits | value >> (64 - bits)) & _MASK


def _mixed(lane: int, word: int) -> int:
    return _rotated(lane + word * _P2, 31) * _P1 & _MASK


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0."""
    at, end = 0, len(data)
    value = _P5
    if end >= 32:
        lanes = [(_P1 + _P2) & _MASK, _P2, 0, -_P1 & _MASK]
        for at in range(0, end - 31, 32):
            lanes = [
                _mixed(lane, word)
                for lane, word in zip(lanes, struct.unpack_from("<4Q", data, at), strict=True)
            ]
        at = end // 32 * 32
        value = sum(_rotated(lane, turn) for lane, turn in zip(lanes, (1, 7, 12, 18), strict=True))
        for lane in lanes:
            value = ((value ^ _mixed(0, lane)) * _P1 + _P4) & _MASK
    value = (value + end) & _MASK
    while at + 8 <= end:
        value = (_rotated(value ^ _mixed(0, struct.unpack_from("<Q", data, at)[0]), 27) * _P1 + _P4) & _MASK
        at += 8
    if at + 4 <= end:
        value = (
            _rotated(value ^ struct.unpack_from("<I", data, at)[0] * _P1 & _MASK, 23) * _P2 + _P3
        ) & _MASK
        at += 4
    for byte in data[at:]:
        value = _rotated(value ^ byte * _P5 & _MASK, 11) * _P1 & _MASK
    value = (value ^ value >> 33) * _P2 & _MASK
    value = (value ^ value >> 29) * _P3 & _MASK
    return value ^ value >> 32


class _Stream:
    """Values one after the other, little-endian, without padding."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, layout: str) -> Any:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values if len(values) > 1 else values[0]

    def text(self) -> str:
        size = self.take("Q")
        self.at += size
        return self.data[self.at - size : self.at].decode()


class WzFile:
    """A whole file in memory. `levels` and `pages` are dicts; payloads are fetched by place."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        slots = [self._superblock(0), self._superblock(4096)]
        self.locator = max(slot for slot in slots if slot is not None)
        epoch, offset, size, checksum, self.tail = self.locator
        stream = _Stream(self.payload((offset, size, checksum)))
        self.previous = stream.take("5Q")
        assert stream.take("Q") == epoch
        self.levels = [self._level(stream) for _ in range(stream.take("I"))]
        self.pages = [self._page(stream) for _ in range(stream.take("I"))]
        assert stream.at == size

    def _superblock(self, at: int) -> tuple[int, ...] | None:
        block = self.data[at : at + 4096]
        if block[:8] != b"WZWORLD\n" or xxh64(block[:4088]) != struct.unpack_from("<Q", block, 4088)[0]:
            return None
        assert struct.unpack_from("<2I", block, 8) == (1, 1)
        return struct.unpack_from("<5Q", block, 16)

    def records(self) -> list[tuple[int, int]]:
        """(offset, kind) of every record; raises AssertionError where one breaks the page's rules."""
        found, at = [], 8192
        while at < self.tail:
            frame = self.data[at : at + 64]
            magic, kind, _, size, checksum = struct.unpack_from("<4sIQQQ", frame)
            assert magic == b"WZR\n" and frame[32:56] == bytes(24)
            assert xxh64(frame[:56]) == struct.unpack_from("<Q", frame, 56)[0]
            assert xxh64(self.data[at + 64 : at + 64 + size]) == checksum
            found.append((at, kind))
            end = (at + 64 + size + 63) // 64 * 64
            assert not any(self.data[at + 64 + size : end])
            at = end
        assert at == self.tail
        return found

    def payload(self, place: tuple[int, int, int]) -> bytes:
        offset, size, checksum = place
        data = self.data[offset + 64 : offset + 64 + size]
        assert xxh64(data) == checksum
        return data

    @staticmethod
    def _camera(stream: _Stream) -> dict[str, Any]:
        keys = ("position", "orientation", "focal", "principal", "size")
        return dict(zip(keys, (stream.take(layout) for layout in ("3d", "4d", "d", "2d", "2i")), strict=True))

    def _level(self, stream: _Stream) -> dict[str, Any]:
        level: dict[str, Any] = {"id": stream.take("H")}
        level["lens"], level["approach"] = self._camera(stream), self._camera(stream)
        level["surfels"] = stream.take("Q")
        level["footprints"], level["bounds"] = stream.take("2d"), stream.take("6d")
        level["metadata"] = stream.text()
        has_parent, parent = stream.take("BH")
        level["parent"] = parent if has_parent else None
        level["blobs"] = {stream.text(): stream.take("3Q") for _ in range(stream.take("I"))}
        return level

    @staticmethod
    def _page(stream: _Stream) -> dict[str, Any]:
        page: dict[str, Any] = {}
        page["level"], page["sky"], page["depth"] = stream.take("HBh")
        *page["cell"], page["part"] = stream.take("3qi")
        page["origin"] = np.array(stream.take("3d"))
        page["unit"], page["base"] = stream.take("2d")
        page["count"] = stream.take("I")
        page["bounds"], page["max_extent"] = stream.take("6f"), stream.take("f")
        page["normal_axis"], page["normal_cosine"] = stream.take("3f"), stream.take("f")
        page["bands"] = stream.take("4f")
        page["place"] = stream.take("3Q")
        page["covers"] = []
        for _ in range(stream.take("I")):
            child, bits, weight_min, next_max = stream.take("HBBf")
            page["covers"].append((child, bits, weight_min, next_max, stream.take("3Q")))
        return page

    def surfels(self, page: dict[str, Any]) -> dict[str, np.ndarray]:
        """A page's surfels, decoded."""
        raw = (
            np.frombuffer(self.payload(page["place"]), "<u2", 16 * page["count"])
            .reshape(-1, 16)
            .astype(float)
        )
        positions = page["origin"] + page["unit"] * raw[:, :3]
        if page["sky"]:
            positions /= np.linalg.norm(positions, axis=1, keepdims=True)
        rotation = np.frombuffer(self.payload(page["place"]), "<u2", 16 * page["count"]).reshape(-1, 16)[
            :, 3:6
        ]
        dropped = (rotation[:, 0] >> 15) + 2 * (rotation[:, 1] >> 15)
        three = ((rotation & 0x7FFF) / 32766 * 2 - 1) / np.sqrt(2)
        orientations = np.zeros((len(raw), 4))
        for index in range(4):
            rows = dropped == index
            orientations[np.ix_(rows, [i for i in range(4) if i != index])] = three[rows]
            orientations[rows, index] = np.sqrt(np.maximum(0, 1 - (three[rows] ** 2).sum(axis=1)))
        with np.errstate(divide="ignore"):
            prior = np.where(raw[:, 13] == 0, np.inf, 2.0 ** -(page["base"] + raw[:, 13] / 1024))
        return {
            "positions": positions,
            "orientations": orientations,
            "extents": page["unit"] * 2.0 ** (raw[:, 6:8] / 2048),
            "colors": -1 + 3 * raw[:, 8:11] / 65535,
            "opacities": raw[:, 11] / 65535,
            "now": 2.0 ** -(page["base"] + raw[:, 12] / 1024),
            "prior": prior,
            "mask": raw[:, 14] / 65535,
            "flags": raw[:, 15],
            "is_sky": np.full(len(raw), page["sky"]),
        }

    def clusters(self, page: dict[str, Any]) -> np.ndarray:
        """(M,2): first and count of a page's clusters."""
        data = self.payload(page["place"])[32 * page["count"] :]
        return np.frombuffer(data, "<u4").reshape(-1, 13)[:, :2]

    def cover(self, page: dict[str, Any], index: int) -> dict[str, np.ndarray]:
        """One cover's arrays; those that it lacks are empty."""
        _, bits, _, _, place = page["covers"][index]
        data, n = self.payload(place), page["count"]
        weights, colors = n if bits & 2 else 0, 3 * n if bits & 4 else 0
        assert len(data) == 3 * weights + colors
        return {
            "next": np.frombuffer(data, "<u2", weights),
            "weight": np.frombuffer(data, "u1", weights, offset=2 * weights),
            "color": np.frombuffer(data, "i1", colors, offset=3 * weights),
        }
