# SPDX-License-Identifier: Apache-2.0
"""`Level`: the world's record of one committed layer, and how its pictures are kept in the file."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .errors import InputError, WorldError
from .zones import zone

if TYPE_CHECKING:
    from . import _core
    from .synth.types import LevelResult

# Names of the byte strings a level keeps beside its surfels.
PICTURE_BLOB = "picture.png"
DISTANCE_BLOB = "distance.f64"
COVER_BLOB = "cover.u8"
EDIT_BLOB = "edit.u8"

_PNG_RGB, _PNG_UP = 2, 2  # of the PNG specification: colour type, filter


@dataclass(frozen=True)
class Level:
    """One committed level.

    id: 0, 1, 2.. in the order of commits. parent: the level it refines, None for the first. lens: the camera whose
    pixels made it. approach: the camera it is lived in. surfel_count. footprint_min, footprint_max: wu/px over its
    surfels that are not sky (0 when all are). low, high: bounds of those, wu. metadata: prompt, seed, generator,
    versions, seconds, as recorded. blobs: names of what the file keeps beside the surfels.
    """

    id: int
    parent: int | None
    lens: Camera
    approach: Camera
    surfel_count: int
    footprint_min: float
    footprint_max: float
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    metadata: dict[str, Any] = field(default_factory=dict)
    blobs: tuple[str, ...] = ()

    @classmethod
    def from_native(cls, record: dict[str, Any]) -> Level:
        """The level that a record of the native world describes. Raises WorldError when a file holds nonsense there."""
        try:
            lens, approach = camera_from_native(record["lens"]), camera_from_native(record["approach"])
        except InputError as problem:
            raise WorldError(f"a camera of level {record['id']} cannot be used: {problem}") from None
        return cls(
            id=record["id"],
            parent=record["parent"],
            lens=lens,
            approach=approach,
            surfel_count=record["surfel_count"],
            footprint_min=record["footprint_min"],
            footprint_max=record["footprint_max"],
            low=tuple(record["low"]),
            high=tuple(record["high"]),
            metadata=_metadata_of(record),
            blobs=tuple(record["blobs"]),
        )

    @property
    def has_picture(self) -> bool:
        """Whether it was made from a picture that the world keeps; one of plain surfels was not."""
        return {PICTURE_BLOB, DISTANCE_BLOB, COVER_BLOB} <= set(self.blobs)

    @property
    def leak(self) -> float:
        """Of level 0: the leak of its world, 0 when it names none; see `engine.settings`."""
        leak = self.metadata.get("leak", 0.0)
        if isinstance(leak, bool) or not isinstance(leak, (int, float)) or not 0 <= leak < 1:
            raise WorldError(
                f"the leak of level {self.id} must be a number of at least 0 and less than 1, got {leak!r:.40}"
            )
        return float(leak)

    def info(self, pages: Sequence[Mapping[str, Any]], home: Camera) -> dict[str, Any]:
        """Plain values on this level. pages: of the whole world, as the native snapshot lists them."""
        return {
            "id": self.id,
            "parent": self.parent,
            "surfels": self.surfel_count,
            "pages": sum(page["level"] == self.id for page in pages),
            "focal": self.lens.focal,
            "zoom": self.lens.focal / home.focal,
            "footprint_min": self.footprint_min,
            "footprint_max": self.footprint_max,
            "metadata": self.metadata,
        }


def levels_of(snapshot: _core.Snapshot) -> tuple[Level, ...]:
    """All levels of a native snapshot, by id. Raises WorldError when a file holds nonsense there."""
    try:
        records = snapshot.levels
    except UnicodeDecodeError:
        raise WorldError("what is noted of its levels must be UTF-8, got other bytes") from None
    return tuple(Level.from_native(record) for record in records)


def _metadata_of(record: Mapping[str, Any]) -> dict[str, Any]:
    text = record["metadata"] or "{}"
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise WorldError(f"the metadata of level {record['id']} must be a JSON object, got {text!r:.60}")
    return facts


def camera_from_native(native: Any) -> Camera:
    """The camera that the native engine holds, to the last bit."""
    return Camera(
        tuple(native.position),
        tuple(native.orientation),
        native.focal,
        native.width,
        native.height,
        tuple(native.principal),
    )


def blobs_of(result: LevelResult) -> dict[str, bytes]:
    """The byte strings, by name, that the file keeps of a finished level beside its surfels."""
    with zone("encode pictures"):
        blobs = {
            PICTURE_BLOB: picture_to_bytes(result.picture),
            DISTANCE_BLOB: distance_to_bytes(result.distance),
            COVER_BLOB: weights_to_bytes(result.cover),
        }
        if result.edit_mask is not None:
            blobs[EDIT_BLOB] = weights_to_bytes(result.edit_mask)
    return blobs


def native_cover(result: LevelResult) -> dict[str, Any]:
    """What the native world needs to cover a parent by a finished level."""
    cover = {
        "weight": np.ascontiguousarray(result.cover, dtype=np.float32).ravel(),
        "distance": np.ascontiguousarray(result.distance, dtype=np.float64).ravel(),
    }
    if result.color_change is not None:
        cover["color_change"] = np.ascontiguousarray(result.color_change, dtype=np.float32).reshape(-1, 3)
    return cover


def picture_to_bytes(picture: NDArray[np.float32]) -> bytes:
    """A picture (H,W,3), 0..1, as an 8-bit PNG: rows as differences to the one above, run lengths and Huffman codes.

    A third of the time that Pillow takes, which tries all filters on each row and looks for repeats, and as small.
    """
    height, width = picture.shape[:2]
    eight_bit = (np.clip(picture, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8).reshape(height, 3 * width)
    rows = np.empty((height, 1 + 3 * width), dtype=np.uint8)
    rows[:, 0] = _PNG_UP
    rows[0, 1:] = eight_bit[0]
    np.subtract(eight_bit[1:], eight_bit[:-1], out=rows[1:, 1:])
    packer = zlib.compressobj(level=1, memLevel=9, strategy=zlib.Z_RLE)
    packed = packer.compress(rows.tobytes()) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, _PNG_RGB, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
        for name, body in chunks
    )


def picture_from_bytes(data: bytes, camera: Camera) -> NDArray[np.float32]:
    """The picture (H,W,3) float32 of a lens camera's size that `picture_to_bytes` stored."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != (camera.width, camera.height):
                raise WorldError(
                    f"{PICTURE_BLOB} must be {camera.width} x {camera.height} px, got {image.width} x {image.height}"
                )
            return np.asarray(image.convert("RGB"), dtype=np.float32) / np.float32(255.0)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise WorldError(f"{PICTURE_BLOB} must be a PNG, got what cannot be read as one: {problem}") from None


def distance_to_bytes(distance: NDArray[np.float64]) -> bytes:
    """A distance map (H,W), wu, as little-endian float64: 36 octaves deep, less would not tell pixels apart."""
    return np.ascontiguousarray(distance, dtype="<f8").tobytes()


def distance_from_bytes(data: bytes, camera: Camera) -> NDArray[np.float64]:
    """The map (H,W) of a lens camera's size that `distance_to_bytes` stored."""
    return _shaped(data, "<f8", camera, DISTANCE_BLOB).astype(np.float64)


def weights_to_bytes(weights: NDArray[np.float32]) -> bytes:
    """Weights (H,W), 0..1, as bytes 0..255."""
    return (np.clip(weights, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8).tobytes()


def weights_from_bytes(data: bytes, camera: Camera, name: str) -> NDArray[np.float32]:
    """The weights (H,W) of a lens camera's size that `weights_to_bytes` stored."""
    return _shaped(data, "u1", camera, name).astype(np.float32) / np.float32(255.0)


def _shaped(data: bytes, kind: str, camera: Camera, name: str) -> NDArray[Any]:
    values = np.frombuffer(data, dtype=kind)
    if values.size != camera.width * camera.height:
        raise WorldError(f"{name} must hold {camera.width} x {camera.height} values, got {values.size}")
    return values.reshape(camera.height, camera.width)
