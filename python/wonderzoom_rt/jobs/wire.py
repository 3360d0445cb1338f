# SPDX-License-Identifier: Apache-2.0
"""Requests and results as a header and arrays, and the checks on what arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import GeneratorError, InputError
from ..layer import LAYER_ARRAYS, SurfelLayer
from ..synth.types import Context, LevelResult, Quality, ZoomRequest

Array = NDArray[Any]
Packed = tuple[dict[str, Any], dict[str, Array]]


def pack_request(request: ZoomRequest) -> Packed:
    """A request as a JSON-able header and named arrays."""
    header = {
        "camera": request.camera.to_dict(),
        "parent": request.parent,
        "parent_lens": request.parent_lens.to_dict(),
        "home": request.home.to_dict(),
        "context_camera": request.context.camera.to_dict(),
        "seed": request.seed,
        "prompt": request.prompt,
        "quality": request.quality,
    }
    arrays: dict[str, Array] = {
        "context_picture": request.context.picture,
        "context_distance": request.context.distance,
        "context_mask": request.context.mask,
    }
    if request.picture is not None:
        arrays["picture"] = request.picture
    return header, arrays


def unpack_request(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> ZoomRequest:
    """The request that `pack_request` packed."""
    context = Context(
        camera=Camera.from_dict(header["context_camera"]),
        picture=arrays["context_picture"],
        distance=arrays["context_distance"],
        mask=arrays["context_mask"],
    )
    return ZoomRequest(
        camera=Camera.from_dict(header["camera"]),
        parent=int(header["parent"]),
        parent_lens=Camera.from_dict(header["parent_lens"]),
        home=Camera.from_dict(header["home"]),
        context=context,
        seed=int(header["seed"]),
        prompt=header["prompt"],
        picture=arrays.get("picture"),
        quality=cast(Quality, header["quality"]),
    )


def pack_results(results: list[LevelResult]) -> Packed:
    """Finished levels as a JSON-able header and named arrays."""
    header: dict[str, Any] = {"levels": []}
    arrays: dict[str, Array] = {}
    for index, result in enumerate(results):
        header["levels"].append(
            {
                "lens": result.lens.to_dict(),
                "approach": result.approach.to_dict(),
                "metadata": result.metadata,
                "leak": result.layer.leak,
            }
        )
        for name in LAYER_ARRAYS:
            arrays[f"{index}.layer.{name}"] = getattr(result.layer, name)
        for name in ("picture", "distance", "cover", "color_change", "edit_mask"):
            array = getattr(result, name)
            if array is not None:
                arrays[f"{index}.{name}"] = array
    return header, arrays


def unpack_results(header: Mapping[str, Any], arrays: Mapping[str, Array]) -> list[LevelResult]:
    """The levels that `pack_results` packed, checked. Raises GeneratorError for what cannot be a level."""
    try:
        results = [_result(index, entry, arrays) for index, entry in enumerate(header["levels"])]
    except InputError as problem:
        raise GeneratorError(f"the generator returned a level that is wrong: {problem}") from None
    except (KeyError, TypeError, ValueError) as problem:
        raise GeneratorError(f"the generator returned levels that cannot be read: {problem!r}") from None
    check_results(results)
    return results


def check_results(results: list[LevelResult]) -> None:
    """Raises GeneratorError unless each result is a level that a world can take: shapes, finite, in range."""
    if not isinstance(results, list) or not results:
        raise GeneratorError(
            "a generator must return a list of at least one level, "
            f"got {results if isinstance(results, list) else type(results).__name__}"
        )
    for number, result in enumerate(results):
        if not isinstance(result, LevelResult):
            raise GeneratorError(f"level {number} must be a LevelResult, got {type(result).__name__}")
        _check_result(number, result)


def _result(index: int, entry: Mapping[str, Any], arrays: Mapping[str, Array]) -> LevelResult:
    layer = SurfelLayer(
        **{name: arrays[f"{index}.layer.{name}"] for name in LAYER_ARRAYS}, leak=entry["leak"]
    )
    return LevelResult(
        lens=Camera.from_dict(entry["lens"]),
        approach=Camera.from_dict(entry["approach"]),
        layer=layer,
        picture=arrays[f"{index}.picture"],
        distance=arrays[f"{index}.distance"],
        cover=arrays[f"{index}.cover"],
        color_change=arrays.get(f"{index}.color_change"),
        edit_mask=arrays.get(f"{index}.edit_mask"),
        metadata=dict(entry["metadata"]),
    )


def _check_result(number: int, result: LevelResult) -> None:
    size = (result.lens.height, result.lens.width)
    if len(result.layer) == 0:
        raise GeneratorError(f"level {number} from the generator holds no surfels")
    _check_image(number, "picture", result.picture, np.float32, (*size, 3))
    _check_image(number, "cover", result.cover, np.float32, size, low=0.0, high=1.0)
    _check_image(number, "color_change", result.color_change, np.float32, (*size, 3))
    _check_image(number, "edit_mask", result.edit_mask, np.float32, size, low=0.0, high=1.0)
    distance = result.distance
    _check_shape(number, "distance", distance, np.float64, size)
    if not bool((distance > 0.0).all()):
        raise GeneratorError(
            f"the distance of level {number} must be above 0 wu everywhere (infinite for "
            f"sky), got {distance[~(distance > 0.0)][0]!r}"
        )


def _check_image(
    number: int,
    name: str,
    image: Array | None,
    kind: type[np.generic],
    shape: tuple[int, ...],
    *,
    low: float = -np.inf,
    high: float = np.inf,
) -> None:
    if image is None:
        return
    _check_shape(number, name, image, kind, shape)
    if not np.isfinite(image).all():
        raise GeneratorError(f"the {name} of level {number} must be finite, got NaN or infinity")
    if image.size and (image.min() < low or image.max() > high):
        raise GeneratorError(
            f"the {name} of level {number} must lie in {low:g}..{high:g}, "
            f"got {image.min():g}..{image.max():g}"
        )


def _check_shape(
    number: int, name: str, image: Array, kind: type[np.generic], shape: tuple[int, ...]
) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != kind or image.shape != shape:
        came = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise GeneratorError(f"the {name} of level {number} must be {np.dtype(kind)} {shape}, got {came}")
