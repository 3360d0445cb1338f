# SPDX-License-Identifier: Apache-2.0
"""The stages of a generator, as protocols that users' own classes can fill (found by entry point)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from .types import Cancelled, Context, Progress, ZoomRequest

Image = NDArray[np.float32]
Distance = NDArray[np.float64]


@runtime_checkable
class Synthesizer(Protocol):
    """Invents the picture of a view from the coarser picture of its surroundings."""

    name: str

    def synthesize(
        self,
        request: ZoomRequest,
        context: Context,
        camera: Camera,
        *,
        octave: float,
        progress: Progress,
        cancelled: Cancelled,
    ) -> Image:
        """The picture (H,W,3) float32 display sRGB of `camera`, which looks into `context`.

        octave: how many doublings of focal length `camera` lies beyond the home camera.
        Raises GeneratorError, MissingExtraError or CancelledError.
        """
        ...


@runtime_checkable
class DepthEstimator(Protocol):
    """Finds the radial distance of each pixel of a new picture, registered on the context's."""

    name: str

    def estimate(self, request: ZoomRequest, context: Context, camera: Camera, picture: Image) -> Distance:
        """Radial distances (H,W) float64, wu, +inf for sky, that average to the context's per coarse pixel."""
        ...


@runtime_checkable
class ViewCompleter(Protocol):
    """Invents what the level's own camera cannot see but an orbit of 15 degrees would.

    In a zoom it is called while the colours of the level are fitted, on another thread.
    """

    name: str

    def complete(
        self, picture: Image, distance: Distance, camera: Camera, home: Camera
    ) -> list[tuple[Image, Distance, NDArray[np.bool_]]]:
        """Hidden layers from near to far, each a picture, a distance map and the mask (H,W) of pixels to lift."""
        ...
