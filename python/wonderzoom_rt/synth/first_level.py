# SPDX-License-Identifier: Apache-2.0
"""Level 0: from a photograph, or from pictures that bring their own depth."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from ..layer import SurfelLayer
from .build_level import build_level, lift_layers
from .depth_prior import estimate_distance
from .dome import sky_dome
from .opencv import opencv
from .photograph import Photograph, load_photograph, photograph_from_array
from .surroundings import surroundings
from .types import LevelResult, Progress
from .versions import package_versions
from .views import OfflineCompleter


def first_level(
    photograph: str | Path | NDArray[Any],
    *,
    width: int,
    depth: str | Path | NDArray[Any] | None,
    focal: float | None,
    seed: int,
    progress: Progress | None,
) -> tuple[LevelResult, list[str]]:
    """The first level of a world and what its owner should know; see `World.from_image`."""
    tell = progress or (lambda fraction, what: None)
    opencv()  # missing, it is missed before any work is done
    started = time.perf_counter()
    tell(0.0, "reading the photograph")
    if isinstance(photograph, (str, Path)):
        photo, name = load_photograph(photograph, width, focal=focal), Path(photograph).name
    else:
        photo, name = photograph_from_array(photograph, width, focal=focal), "array"
    height, columns = photo.pixels.shape[:2]
    camera = Camera.home(columns, height, focal=photo.focal_px)
    tell(0.1, "finding depth")
    if depth is None:
        distance, origin = estimate_distance(photo.pixels, camera), "geometry prior"
    else:
        distance, origin = _own_distance(depth, photo, camera), "given"
    facts = {
        "generator": "photograph",
        "photograph": name,
        "depth": origin,
        "focal_source": photo.focal_source,
        "seed": seed,
    }
    result = _level(photo.pixels, distance, camera, facts, started, tell)
    return result, list(photo.notices)


def level_from_rgbd(
    color: NDArray[Any], distance: NDArray[np.float64], camera: Camera, *, progress: Progress | None
) -> LevelResult:
    """The first level from an RGB-D frame; see `World.from_rgbd`."""
    opencv()  # missing, it is missed before any work is done
    started = time.perf_counter()
    size = (camera.height, camera.width)
    picture = np.asarray(color)
    if picture.shape != (*size, 3) or np.shape(distance) != size:
        raise InputError(
            f"an RGB-D frame must have colours {(*size, 3)} and distances {size} like its camera, "
            f"got {picture.shape} and {np.shape(distance)}"
        )
    picture = picture.astype(np.float32) / np.float32(255 if picture.dtype == np.uint8 else 1)
    reach = np.asarray(distance, dtype=np.float64)
    if not np.isfinite(picture).all() or np.isnan(reach).any() or not (reach > 0).all():
        raise InputError(
            "an RGB-D frame must have finite colours and distances above 0 (infinite: sky), got NaN, zero or less"
        )
    facts = {"generator": "rgbd", "depth": "given"}
    return _level(
        np.clip(picture, 0, 1), reach, camera, facts, started, progress or (lambda fraction, what: None)
    )


def _own_distance(depth: str | Path | NDArray[Any], photo: Photograph, camera: Camera) -> NDArray[np.float64]:
    from .depth_map import depth_map_from_array, load_depth_map

    if isinstance(depth, (str, Path)):
        return load_depth_map(depth, photo, camera)
    return depth_map_from_array(depth, photo, camera)


def _level(
    picture: NDArray[np.float32],
    distance: NDArray[np.float64],
    camera: Camera,
    facts: dict[str, Any],
    started: float,
    tell: Progress,
) -> LevelResult:
    from .. import __version__

    tell(0.4, "completing hidden views")
    hidden = OfflineCompleter().complete(picture, distance, camera, camera)
    tell(0.6, "making surfels")
    whole = np.ones(distance.shape, dtype=np.float32)
    around = SurfelLayer.concatenate(
        [surroundings(picture, distance, camera), sky_dome(picture, distance, camera)]
    )
    built = build_level(
        picture,
        distance,
        camera,
        home=camera,
        cover=whole,
        hidden=lambda: lift_layers(hidden, camera, cover=whole),
        around=around,
    )
    tell(1.0, "done")
    metadata = {
        **facts,
        "version": __version__,
        **package_versions(),
        "seconds": round(time.perf_counter() - started, 3),
    }
    return LevelResult(
        lens=camera,
        approach=camera,
        layer=built.layer,
        picture=picture,
        distance=distance,
        cover=whole,
        metadata=metadata,
    )
