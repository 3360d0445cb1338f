# SPDX-License-Identifier: Apache-2.0
"""What lies under a pixel: a tiny render around it, read in its middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .errors import InputError
from .frame import Frame

_SIDE = 3
_OUTPUTS = ("color", "coverage", "depth_median", "normal", "level")


@dataclass(frozen=True)
class Pick:
    """What lies under a pixel.

    level: id of the level seen there. point: (3,) wu; for sky the unit direction to it. distance: radial, wu, of the
    surface that brings coverage to one half; +inf for sky. normal: unit, world axes, towards the camera.
    color: display sRGB.
    """

    level: int
    point: tuple[float, float, float]
    distance: float
    normal: tuple[float, float, float]
    color: tuple[float, float, float]


def picked(render: Callable[..., Frame], camera: Camera, x: float, y: float) -> Pick | None:
    """What lies under the image point (x, y), px; None where nothing does. Raises InputError outside the frame.

    render: draws the view of a camera, with the options `outputs` and `depth_reference`; its second picture measures
    from the first one's distance, which a float32 cannot hold exactly.
    """
    around = _probe(camera, x, y)
    rough = _shown(render(around, outputs=_OUTPUTS))
    if rough is None or not np.isfinite(rough.distance):
        return rough
    return _shown(render(around, outputs=_OUTPUTS, depth_reference=rough.distance))


def _probe(camera: Camera, x: float, y: float) -> Camera:
    """The camera of a few pixels whose middle one is the pixel of `camera` that holds the image point (x, y), px.

    Raises InputError for a point outside the frame.
    """
    if not (0 <= x < camera.width and 0 <= y < camera.height):
        raise InputError(
            f"a picked point must lie in 0..{camera.width} x 0..{camera.height} px, got ({x}, {y})"
        )
    shift = _SIDE // 2
    principal = (camera.principal[0] - int(x) + shift, camera.principal[1] - int(y) + shift)
    return Camera(camera.position, camera.orientation, camera.focal, _SIDE, _SIDE, principal)


def _shown(frame: Frame) -> Pick | None:
    """What the middle pixel of a probe's frame shows; None when less than half of it is covered."""
    assert frame.coverage is not None and frame.depth_median is not None and frame.normal is not None
    assert frame.level is not None and frame.color is not None
    middle = (_SIDE // 2, _SIDE // 2)
    if frame.coverage[middle] < 0.5:
        return None
    camera = frame.camera
    distance = float(frame.depth_median[middle]) + frame.depth_reference
    ray = camera.rays()[middle]
    point = camera.eye + ray * distance if np.isfinite(distance) else ray
    normal = camera.rotation @ frame.normal[middle].astype(np.float64)
    normal /= max(float(np.linalg.norm(normal)), 1e-12)
    return Pick(
        level=round(float(frame.level[middle])),
        point=_triple(point),
        distance=distance,
        normal=_triple(normal),
        color=_triple(frame.color[middle]),
    )


def _triple(values: NDArray[Any]) -> tuple[float, float, float]:
    return (float(values[0]), float(values[1]), float(values[2]))
