# SPDX-License-Identifier: Apache-2.0
"""A user's own depth map, from PNG, TIFF, NPY or EXR, made into radial distances of a photograph."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..camera import Camera
from ..errors import InputError, MissingExtraError
from .area import area_reduce
from .photograph import MAX_PIXELS, Photograph

Array = NDArray[Any]
DepthKind = Literal["auto", "metric", "relative", "inverse"]

ASPECT_TOLERANCE = 0.02
"""Largest difference of width over height between a depth map and its photograph."""
RELATIVE_NEAR_WU = 2.0
RELATIVE_RATIO = 25.0
"""A relative map is stretched so that its farthest point is this many times as far as its nearest."""
METRIC_SHARE = 0.001
"""Unit of whole-numbered metric maps: millimetres, the custom of depth cameras."""


def load_depth_map(
    path: str | Path, photo: Photograph, camera: Camera, *, kind: DepthKind = "auto"
) -> NDArray[np.float64]:
    """Radial distances (H,W) float64, wu, +inf for sky, of a photograph's camera, from a file of the user's.

    PNG or TIFF (8, 16 bit, float), NPY or EXR (channel Z or Y), of the photograph's aspect before it was cropped.
    kind: "metric" is depth along the optical axis, in wu where floating, in millimetres where whole numbers;
    "inverse" (disparity: large is near) and "relative" (depth without unit) are stretched to a plausible range;
    "auto" takes floats as metric and whole numbers as inverse, the output of most estimators. 0 in a metric map of
    whole numbers, 0 in an inverse map and +inf anywhere mean sky. Raises InputError for another aspect, NaN, depths
    that are not positive and files that are no depth maps, MissingExtraError for EXR without its package.
    """
    values, name = _read(Path(path))
    return _radial_distance(values, name, photo, camera, kind)


def depth_map_from_array(
    values: Array, photo: Photograph, camera: Camera, *, kind: DepthKind = "auto"
) -> NDArray[np.float64]:
    """The same from an array (h,w)."""
    return _radial_distance(np.asarray(values), "the depth map", photo, camera, kind)


def _radial_distance(
    values: Array, name: str, photo: Photograph, camera: Camera, kind: DepthKind
) -> NDArray[np.float64]:
    if values.ndim == 3 and (values.shape[2] == 1 or (values.shape[2] in (2, 3, 4) and _grey(values))):
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError(f"{name} must hold one depth a pixel, shape (H, W), got {values.shape}")
    if values.dtype.kind not in "uif":
        raise InputError(f"{name} must hold numbers, got {values.dtype}")
    whole_numbers = values.dtype.kind in "ui"
    _check_aspect(values, name, photo, camera)
    chosen = kind if kind != "auto" else ("inverse" if whole_numbers else "metric")
    if chosen not in ("metric", "relative", "inverse"):
        raise InputError(f"a depth map's kind must be auto, metric, relative or inverse, got {kind!r}")
    inverse = _resized(_inverse_depth(values, name, chosen, whole_numbers), photo, camera)
    with np.errstate(divide="ignore"):
        along_axis = np.where(inverse > 0, 1.0 / inverse, np.inf)
    return along_axis * _stretch(camera)


def _read(path: Path) -> tuple[Array, str]:
    if not path.is_file():
        raise InputError(f"a depth map was expected at {path}, but there is no such file")
    suffix = path.suffix.lower()
    try:
        if suffix == ".npy":
            loaded = np.load(path, allow_pickle=False)
            if not isinstance(loaded, np.ndarray):
                raise InputError(f"{path.name} must hold one array")
            return loaded, path.name
        if suffix == ".exr":
            return _read_exr(path), path.name
        with Image.open(path) as image:
            if image.size[0] * image.size[1] > MAX_PIXELS:
                raise InputError(
                    f"{path.name} has {image.size[0]} x {image.size[1]} pixels; "
                    f"expected at most {MAX_PIXELS // 10**6} million"
                )
            values = np.asarray(image.convert("L") if image.mode in ("P", "1") else image)
            return values.astype(np.uint16) if image.mode.startswith("I") else values, path.name
    except (InputError, MissingExtraError):
        raise
    except Exception as error:
        raise InputError(
            f"{path.name} must be a depth map (PNG, TIFF, NPY or EXR), got something that cannot be read "
            f"as one ({str(error).splitlines()[0][:120] if str(error) else type(error).__name__})"
        ) from None


def _read_exr(path: Path) -> Array:
    try:
        import OpenEXR
    except ImportError:
        raise MissingExtraError(
            "an EXR depth map needs the package OpenEXR: pip install 'wonderzoom-rt[offline]'"
        ) from None
    with OpenEXR.File(str(path)) as file:
        channels = file.channels()
        for name in ("Z", "Y", "depth.Z", "depth", "R", "RGB", "RGBA"):
            if name in channels:
                pixels = np.array(channels[name].pixels)
                return pixels if pixels.ndim == 2 else pixels[..., 0]
        if len(channels) == 1:
            return np.array(next(iter(channels.values())).pixels)
        raise InputError(f"{path.name} must have a channel Z or Y, got {', '.join(channels)}")


def _grey(values: Array) -> bool:
    return values.shape[2] == 2 or bool(
        (values[..., 0] == values[..., 1]).all() and (values[..., 1] == values[..., 2]).all()
    )


def _check_aspect(values: Array, name: str, photo: Photograph, camera: Camera) -> None:
    width, height = photo.original_size
    fits = [
        abs(values.shape[1] / values.shape[0] / (wide / high) - 1.0) <= ASPECT_TOLERANCE
        for wide, high in ((width, height), (camera.width, camera.height))
    ]
    if min(values.shape) < 2 or not any(fits):
        raise InputError(
            f"{name} must have the photograph's aspect, {width} x {height}, "
            f"got {values.shape[1]} x {values.shape[0]}"
        )


def _inverse_depth(values: Array, name: str, kind: str, whole_numbers: bool) -> NDArray[np.float64]:
    """Inverse depth along the axis, 1/wu, 0 for sky."""
    numbers = values.astype(np.float64)
    if np.isnan(numbers).any():
        raise InputError(f"{name} must not hold NaN, got {int(np.isnan(numbers).sum())} of them")
    if (numbers < 0).any():
        raise InputError(f"{name} must hold depths above 0, got {float(numbers.min()):g}")
    if kind == "metric":
        sky = np.isinf(numbers) | ((numbers == 0) if whole_numbers else False)
        if (numbers[~sky] <= 0).any():
            raise InputError(f"{name} must hold depths above 0, got 0")
        if sky.all():
            raise InputError(f"{name} must hold some depth that is not infinite")
        return np.where(
            sky, 0.0, 1.0 / np.where(sky, 1.0, numbers * (METRIC_SHARE if whole_numbers else 1.0))
        )
    if np.isinf(numbers).any() and kind == "inverse":
        raise InputError(f"{name} must hold finite inverse depths, got infinity")
    solid = np.isfinite(numbers) if kind == "relative" else numbers > 0
    if not solid.any():
        raise InputError(f"{name} must hold some depth, got none")
    low, high = float(numbers[solid].min()), float(numbers[solid].max())
    share = (numbers - low) / (high - low) if high > low else np.ones_like(numbers)
    near, far = 1.0 / RELATIVE_NEAR_WU, 1.0 / (RELATIVE_NEAR_WU * RELATIVE_RATIO)
    if kind == "inverse":
        inverse = far + (near - far) * share
    else:
        inverse = 1.0 / (1.0 / near + (1.0 / far - 1.0 / near) * np.where(solid, share, 0.0))
    return np.where(solid, inverse, 0.0)


def _resized(inverse: NDArray[np.float64], photo: Photograph, camera: Camera) -> NDArray[np.float64]:
    """At the camera's size: means where the map is finer and smooth, else nearest values.

    No depth is made up at edges.
    """
    rows, columns = inverse.shape
    if (columns, rows) == (camera.width, camera.height):
        return inverse
    wide, high = columns / photo.original_size[0], rows / photo.original_size[1]
    x, y, width, height = (
        part * scale for part, scale in zip(photo.window, (wide, high, wide, high), strict=True)
    )
    across = np.clip(
        np.floor(x + (np.arange(camera.width) + 0.5) * width / camera.width), 0, columns - 1
    ).astype(int)
    down = np.clip(
        np.floor(y + (np.arange(camera.height) + 0.5) * height / camera.height), 0, rows - 1
    ).astype(int)
    nearest: NDArray[np.float64] = inverse[np.ix_(down, across)]
    if width <= camera.width or height <= camera.height:
        return nearest
    mean = area_reduce(inverse, (camera.width, camera.height), window=(x, y, width, height)).astype(
        np.float64
    )
    smooth = np.abs(mean - nearest) < 0.05 * nearest
    return np.where(smooth, mean, nearest)


def _stretch(camera: Camera) -> NDArray[np.float64]:
    """Radial distance over depth along the axis (H,W)."""
    x = (np.arange(camera.width) + 0.5 - camera.principal[0])[None, :] / camera.focal
    y = (np.arange(camera.height) + 0.5 - camera.principal[1])[:, None] / camera.focal
    result: NDArray[np.float64] = np.sqrt(1.0 + x * x + y * y)
    return result
