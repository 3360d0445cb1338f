# SPDX-License-Identifier: Apache-2.0
"""The offline tier: stages that need no download, no account and no GPU."""

from __future__ import annotations

import math

import numpy as np

from ..camera import Camera
from ..errors import GeneratorError
from .cameras import window_in
from .protocols import Distance, Image
from .types import Cancelled, Context, Progress, ZoomRequest

MARGIN_PX = 16
"""Context pixels taken along on each side where there are any, so that filters see no border."""


class OfflineSynthesizer:
    """Invents detail by filters, world-anchored procedural matter and, at quality "best", Real-ESRGAN."""

    name = "offline"

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
        """See `protocols.Synthesizer`."""
        from .detail.enlarge import enlarge

        if request.prompt:
            raise GeneratorError(
                "the offline generator cannot paint what words describe: leave the prompt out, give a picture of "
                "the view, or use a generator that can (see docs/generators.md)"
            )
        low, window = crop_with_margin(context, camera)
        origin = (-round(camera.principal[0]), -round(camera.principal[1]))
        picture = enlarge(
            low,
            size=(camera.width, camera.height),
            quality=request.quality,
            origin=origin,
            octave=octave,
            seed=level_seed(request.seed, octave),
            window=window,
            progress=lambda fraction: progress(fraction, "inventing detail"),
            cancelled=cancelled,
        )
        return np.clip(picture, 0.0, 1.0)


class OfflineDepth:
    """Carries the context's distances over, edges on edges, and adds relief."""

    name = "guided relief"

    def estimate(self, request: ZoomRequest, context: Context, camera: Camera, picture: Image) -> Distance:
        """See `protocols.DepthEstimator`."""
        from .register import zoom_distance

        return zoom_distance(context, camera, picture, home_focal=request.home.focal)


def crop_with_margin(context: Context, camera: Camera) -> tuple[Image, tuple[float, float, float, float]]:
    """The part of the context's picture under `camera` with a margin, and the view's window in that part's pixels."""
    x, y, width, height = window_in(context.camera, camera)
    rows, columns = context.picture.shape[:2]
    left, top = max(0, math.floor(x) - MARGIN_PX), max(0, math.floor(y) - MARGIN_PX)
    right = min(columns, math.ceil(x + width) + MARGIN_PX)
    bottom = min(rows, math.ceil(y + height) + MARGIN_PX)
    inside = (max(0.0, x - left), max(0.0, y - top))
    window = (*inside, min(width, right - left - inside[0]), min(height, bottom - top - inside[1]))
    return context.picture[top:bottom, left:right], window


def level_seed(seed: int, octave: float) -> int:
    """The seed of a zoom depth: everywhere the same at one depth, another at every other."""
    return (seed * 0x9E3779B97F4A7C15 + round(octave * 64) * 0xD1B54A32D192ED03) % 2**63
