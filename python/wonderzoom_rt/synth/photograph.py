# SPDX-License-Identifier: Apache-2.0
"""Any photograph, made ready: upright, sRGB, of the size wanted, with its focal length in pixels."""

from __future__ import annotations

import io
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ..errors import InputError
from .area import area_reduce
from .deep_pixels import deep_colors, has_deep_colors

DEFAULT_WIDTH = 1088
DEFAULT_FOCAL = 1024.0 / 1088.0
"""Focal length over the longer side where nothing else is known: a field of view of 56 degrees."""
MAX_PIXELS = 150_000_000
"""Files that claim more pixels are refused unread: a small file can claim to be enormous."""
MIN_SIDE_PX = 32
MULTIPLE_PX = 8
_FIELD_OF_VIEW = (4.0, 150.0)
_FOCAL_PART = (0.05, 10_000)
"""A focal length that is given lies within these parts of the longer side: fields of view of 0.006 to 169 degrees."""
_ORIENTATION, _EXIF = 0x0112, 0x8769
_FOCAL_LENGTH, _FOCAL_35MM = 0x920A, 0xA405
_PLANE_X_RESOLUTION, _PLANE_UNIT, _PIXEL_WIDTH = 0xA20E, 0xA210, 0xA002
_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}
_DIAGONAL_35MM = math.hypot(36.0, 24.0)


@dataclass(frozen=True, eq=False)
class Photograph:
    """pixels (H,W,3) float32, display sRGB 0..1, H and W multiples of 8. focal_px: at that size.

    focal_source: "given", "exif" or "guess". original_size: (width, height) of the file, upright. window: the part
    of it that was kept, (x, y, width, height) in its pixels. notices: what the owner should know, in words.
    """

    pixels: NDArray[np.float32]
    focal_px: float
    focal_source: str
    original_size: tuple[int, int]
    window: tuple[float, float, float, float]
    notices: tuple[str, ...] = ()


def load_photograph(
    path: str | Path, width: int = DEFAULT_WIDTH, *, focal: float | None = None
) -> Photograph:
    """Reads a photograph: grey, palette, 16-bit, CMYK, transparent (laid over white), rotated or colour-managed.

    width: pixels of the result, rounded down to a multiple of 8; a smaller photograph keeps its size. focal: in
    pixels of the file as it stands; else from EXIF; else DEFAULT_FOCAL. Raises InputError, in one line, for what
    is no image, is cut short, is too small (32 px a side) or claims more than MAX_PIXELS.
    """
    name = Path(path).name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(path)
        except FileNotFoundError:
            raise InputError(f"a photograph was expected at {path}, but there is no such file") from None
        except IsADirectoryError:
            raise InputError(f"a photograph was expected at {path}, got a folder") from None
        except Image.DecompressionBombError:
            raise InputError(
                f"{name} claims more than {MAX_PIXELS // 10**6} million pixels; expected fewer"
            ) from None
        except Exception as error:
            raise InputError(
                f"{name} must be an image (JPEG, PNG, TIFF, WebP, ...), "
                f"got something that cannot be read as one ({_first_line(error)})"
            ) from None
        with image:
            return _from_image(image, path, width, focal)


def photograph_from_array(
    array: NDArray[Any], width: int = DEFAULT_WIDTH, *, focal: float | None = None
) -> Photograph:
    """The same from pixels: (H,W), (H,W,3) or (H,W,4), uint8, uint16, or float 0..1, display sRGB."""
    values = np.asarray(array)
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (1, 3, 4)):
        raise InputError(f"a photograph must have shape (H, W), (H, W, 3) or (H, W, 4), got {values.shape}")
    if values.dtype.kind not in "uf":
        raise InputError(f"a photograph must be of uint8, uint16 or float 0..1, got {values.dtype}")
    if values.dtype.kind == "f" and not (
        np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1
    ):
        raise InputError("a photograph of floats must lie in 0..1, got values outside or NaN")
    notices: list[str] = []
    _check_size(values.shape[1], values.shape[0], "the photograph")
    small, window = _reduced(values, width, notices)
    if small.ndim == 2:
        small = small[..., None]
    peak = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
    rgb = _over_white(small / np.float32(peak), notices)
    return _finished(rgb, values.shape[1::-1], window, focal, None, notices)


def reduced_size(width: int, height: int, wanted: int) -> tuple[int, int]:
    """Width and height, multiples of 8, of a photograph reduced to at most `wanted` px wide; never enlarged."""
    across = max(MULTIPLE_PX, min(wanted, width) // MULTIPLE_PX * MULTIPLE_PX)
    if wanted >= width:
        return across, max(MULTIPLE_PX, height // MULTIPLE_PX * MULTIPLE_PX)
    down = max(MULTIPLE_PX, int(height * across / width + 1e-6) // MULTIPLE_PX * MULTIPLE_PX)
    return across, down


def _from_image(image: Image.Image, path: str | Path, width: int, focal: float | None) -> Photograph:
    name = Path(path).name
    _check_size(*image.size, name)
    notices: list[str] = []
    is_deep = has_deep_colors(image)  # before the tags of a PNG are asked for: that loads it
    orientation, exif_focal = _read_exif(image)
    stored = image.size
    if image.format == "JPEG":
        _draft(image, orientation, width)
    try:
        image.load()
        deep = deep_colors(path, image) if is_deep else None
        if image.format == "TIFF":  # which Pillow turns by itself
            orientation = _read_exif(image)[0]
        values, profile, mode = _decoded(image, deep, notices)
    except Exception as error:
        raise InputError(
            f"{name} must be a whole image, but it is cut short or damaged ({_first_line(error)})"
        ) from None
    if is_deep:
        notices.append("16 bits a channel: read as " + ("8" if deep is None else "such"))
    values = _turned(values, orientation)
    upright = (values.shape[1], values.shape[0])
    if image.format == "JPEG":
        upright = stored if orientation < 5 else stored[::-1]
    small, window = _reduced(values, width, notices, original=upright)
    if values.dtype == np.uint16:
        small /= np.float32(257)
    rgb = _to_srgb(small, profile, mode, notices)
    return _finished(rgb, upright, window, focal, exif_focal, notices)


def _draft(image: Image.Image, orientation: int, width: int) -> None:
    """Has a JPEG that will be reduced a lot decoded at a part of its size."""
    upright = image.size if orientation < 5 else image.size[::-1]
    target = reduced_size(*upright, width)
    if min(upright[0] / target[0], upright[1] / target[1]) >= 4.0:
        side = 2 * (target[0] if orientation < 5 else target[1])
        image.draft(None, (side, math.ceil(side * image.height / image.width)))


def _check_size(width: int, height: int, name: str) -> None:
    if width * height > MAX_PIXELS:
        raise InputError(
            f"{name} has {width} x {height} pixels; expected at most {MAX_PIXELS // 10**6} million"
        )
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(
            f"a photograph must be at least {MIN_SIDE_PX} pixels wide and high, {name} is {width} x {height}"
        )


def _decoded(
    image: Image.Image, deep: NDArray[np.uint16] | None, notices: list[str]
) -> tuple[NDArray[Any], bytes | None, str]:
    """Values (h,w,C), 0..255, or 0..65535 when uint16, the ICC profile, and the colour mode: L, RGB, CMYK, LAB.

    image: loaded. deep: its pixels with 16 bits a channel, when it has them. Transparency is laid over white here:
    averages of colours that nobody sees would bleed.
    """
    profile = image.info.get("icc_profile")
    mode = image.mode
    if deep is not None:
        if deep.shape[2] == 3 or (deep[..., 3] == 65535).all():
            return deep[..., :3], profile, "RGB"
        return _over_white(deep.astype(np.float32) / 65535.0, notices) * 255.0, profile, "RGB"
    if mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float32)
        peak = 65535.0 if mode.startswith("I") else max(1.0, float(np.nanmax(values)))
        notices.append("more than 8 bits a channel: read as such")
        return np.clip(np.nan_to_num(values) * (255.0 / peak), 0, 255)[..., None], None, "L"
    if mode == "P" or mode == "PA" or (mode == "1"):
        image = image.convert("RGBA" if "transparency" in image.info or mode == "PA" else "RGB")
        profile = None if mode == "1" else profile
    elif "transparency" in image.info and mode in ("L", "RGB"):
        image = image.convert("RGBA")
    if image.mode in ("LA", "La", "RGBA", "RGBa"):
        values = np.asarray(image.convert("RGBA"))
        opaque = values[..., 3:] == 255
        if opaque.all():
            return values[..., :3], profile if mode != "LA" else None, "RGB"
        return _over_white(values.astype(np.float32) / 255.0, notices) * 255.0, profile, "RGB"
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    values = np.asarray(image)
    return values.reshape(*values.shape[:2], -1), profile, image.mode


def _over_white(rgba: NDArray[np.float32], notices: list[str]) -> NDArray[np.float32]:
    if rgba.shape[2] == 1:
        return np.repeat(rgba, 3, axis=2)
    if rgba.shape[2] == 3:
        return rgba
    notices.append("transparent parts were laid over white")
    alpha = rgba[..., 3:]
    laid: NDArray[np.float32] = rgba[..., :3] * alpha + (1 - alpha)
    return laid


def _turned(values: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Upright pixels for the EXIF orientation 1..8."""
    if orientation >= 5:
        values = values.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    return np.ascontiguousarray(values)


def _reduced(
    values: NDArray[Any],
    width: int,
    notices: list[str],
    *,
    original: tuple[int, int] | None = None,
) -> tuple[NDArray[np.float32], tuple[float, float, float, float]]:
    """Area-averaged values at the size of `reduced_size`, from a centred window; the window in `original` pixels."""
    if (
        isinstance(width, bool)
        or not isinstance(width, (int, np.integer))
        or not MIN_SIDE_PX <= width <= 16384
    ):
        raise InputError(
            f"a photograph's width must be a whole number of pixels in {MIN_SIDE_PX}..16384, got {width!r}"
        )
    rows, columns = values.shape[:2]
    full: tuple[int, int] = original or (columns, rows)
    target = reduced_size(full[0], full[1], width)
    if min(target) < MIN_SIDE_PX:
        raise InputError(
            f"a photograph must be at least {MIN_SIDE_PX} pixels wide and high after it is reduced, "
            f"{full[0]} x {full[1]} would be {target[0]} x {target[1]}: ask for a greater width"
        )
    ratio = min(full[0] / target[0], full[1] / target[1])
    if width >= full[0]:
        ratio = 1.0
    kept = (target[0] * ratio, target[1] * ratio)
    corner = (
        math.floor((full[0] - kept[0]) / 2) if ratio == 1.0 else (full[0] - kept[0]) / 2,
        math.floor((full[1] - kept[1]) / 2) if ratio == 1.0 else (full[1] - kept[1]) / 2,
    )
    window = (corner[0], corner[1], *kept)
    shrunk = (columns / full[0], rows / full[1])
    inner = (window[0] * shrunk[0], window[1] * shrunk[1], window[2] * shrunk[0], window[3] * shrunk[1])
    if ratio > 1.0:
        notices.append(f"reduced from {full[0]} x {full[1]} to {target[0]} x {target[1]} pixels")
    elif target != full:
        notices.append(
            f"cropped from {full[0]} x {full[1]} to {target[0]} x {target[1]} pixels (multiples of 8)"
        )
    return area_reduce(values, target, window=inner), window


def _to_srgb(
    values: NDArray[np.float32], profile: bytes | None, mode: str, notices: list[str]
) -> NDArray[np.float32]:
    """Colours (H,W,3) 0..1 of area-averaged 0..255 values in a file's own colour space."""
    if profile is None and mode in ("L", "RGB"):
        return np.repeat(values, 3, axis=2)[..., :3] / 255.0 if mode == "L" else values / 255.0
    eight_bit = Image.fromarray(np.clip(values + 0.5, 0, 255).astype(np.uint8).squeeze(), mode=mode)
    if profile is not None:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" in (ImageCms.getProfileDescription(source) or "").lower() and mode == "RGB":
                return values / 255.0
            done = ImageCms.profileToProfile(
                eight_bit,
                source,
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
                renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            )
            notices.append("colours were converted to sRGB from the profile in the file")
            assert done is not None
            return np.asarray(done, dtype=np.float32) / 255.0
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            notices.append("the colour profile in the file could not be used; colours were taken as sRGB")
    return np.asarray(eight_bit.convert("RGB"), dtype=np.float32) / 255.0


def _read_exif(image: Image.Image) -> tuple[int, float | None]:
    """Orientation 1..8 and the focal length in px of the file as it stands; damaged tags count as absent."""
    try:
        exif = image.getexif()
        orientation = int(exif.get(_ORIENTATION, 1))
        tags = exif.get_ifd(_EXIF)
    except Exception:
        return 1, None
    focal = None
    try:
        equivalent = float(tags.get(_FOCAL_35MM, 0) or 0)
        if equivalent > 0:
            focal = equivalent / _DIAGONAL_35MM * math.hypot(*image.size)
        else:
            length, dots = (
                float(tags.get(_FOCAL_LENGTH, 0) or 0),
                float(tags.get(_PLANE_X_RESOLUTION, 0) or 0),
            )
            unit = _UNIT_MM.get(int(tags.get(_PLANE_UNIT, 2) or 2), 25.4)
            taken = float(tags.get(_PIXEL_WIDTH, 0) or 0) or image.size[0]
            if length > 0 and dots > 0:
                focal = length * dots / unit * image.size[0] / taken
    except (TypeError, ValueError, ZeroDivisionError):
        focal = None
    return (orientation if 1 <= orientation <= 8 else 1), focal


def _finished(
    pixels: NDArray[np.float32],
    original: tuple[int, int],
    window: tuple[float, float, float, float],
    given: float | None,
    exif: float | None,
    notices: list[str],
) -> Photograph:
    longer = max(original)
    low, high = (part * longer for part in _FOCAL_PART)
    if given is not None and not (isinstance(given, (int, float)) and low <= given <= high):
        raise InputError(
            f"a photograph's focal length must lie in {low:g}..{high:g} px ({_FOCAL_PART[0]:g} to {_FOCAL_PART[1]:,} "
            f"times its longer side), got {given!r}"
        )
    shrink = pixels.shape[1] / window[2]
    source, focal = "guess", DEFAULT_FOCAL * longer
    if given is not None:
        source, focal = "given", float(given)
    elif exif is not None:
        angle = 2 * math.degrees(math.atan2(longer / 2, exif))
        if _FIELD_OF_VIEW[0] <= angle <= _FIELD_OF_VIEW[1]:
            source, focal = "exif", exif
        else:
            notices.append("the focal length in the file is not plausible and was not used")
    return Photograph(
        pixels=np.ascontiguousarray(pixels, dtype=np.float32),
        focal_px=focal * shrink,
        focal_source=source,
        original_size=(int(original[0]), int(original[1])),
        window=window,
        notices=tuple(notices),
    )


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:120]
