# SPDX-License-Identifier: Apache-2.0
"""`Pipeline`: the stages put together. A request goes in, finished levels come out; no world in between."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np

from ..camera import Camera
from ..errors import CancelledError
from ..zones import zone
from .blas_threads import one_blas_thread
from .build_level import HiddenLayer, build_level
from .cameras import level_chain
from .cover import soft_cover
from .offline import OfflineDepth, OfflineSynthesizer
from .own_picture import Laid, OwnPicture
from .protocols import DepthEstimator, Synthesizer, ViewCompleter
from .types import Cancelled, Context, LevelResult, Progress, ZoomRequest
from .views import OfflineCompleter


class Pipeline:
    """Runs one request through its stages: synthesize, find depth, complete hidden views, lift.

    Stages left out are those of the offline tier. One object from one thread at a time.
    """

    def __init__(
        self,
        *,
        synthesizer: Synthesizer | None = None,
        depth: DepthEstimator | None = None,
        completer: ViewCompleter | None = None,
    ) -> None:
        self.synthesizer: Synthesizer = synthesizer or OfflineSynthesizer()
        self.depth: DepthEstimator = depth or OfflineDepth()
        self.completer: ViewCompleter = completer or OfflineCompleter()

    def run(
        self, request: ZoomRequest, *, progress: Progress | None = None, cancelled: Cancelled | None = None
    ) -> list[LevelResult]:
        """The levels from just inside the context to `request.camera`, coarse first.

        Raises GeneratorError, MissingExtraError, or CancelledError as soon as `cancelled` answers True.
        """
        tell = progress or (lambda fraction, what: None)
        stop = cancelled or (lambda: False)
        chain = level_chain(request.context.camera, request.camera)
        context, results = request.context, []
        own = OwnPicture(request) if request.picture is not None else None
        for step, camera in enumerate(chain):

            def part(fraction: float, what: str, step: int = step) -> None:
                if stop():
                    raise CancelledError("the zoom was cancelled")
                tell((step + fraction) / len(chain), what)

            with one_blas_thread(), zone("make level"):
                result = self._level(request, context, camera, own, part, stop)
            results.append(result)
            context = Context(
                camera=camera, picture=result.picture, distance=result.distance, mask=result.cover
            )
        tell(1.0, "done")
        return results

    def _level(
        self,
        request: ZoomRequest,
        context: Context,
        camera: Camera,
        own: OwnPicture | None,
        part: Progress,
        stop: Cancelled,
    ) -> LevelResult:
        started = time.perf_counter()
        octave = math.log2(camera.focal / request.home.focal)
        part(0.0, "inventing detail")
        # With the user's own picture the words are only remembered: what they describe is in it.
        wish = request if own is None else replace(request, prompt=None)
        with zone("synthesize"):
            picture = self.synthesizer.synthesize(
                wish,
                context,
                camera,
                octave=octave,
                progress=lambda fraction, what: part(0.7 * fraction, what),
                cancelled=stop,
            )
        laid: Laid | None = None
        if own is not None:
            laid = own.lay_into(picture, camera, ratio=camera.focal / context.camera.focal)
            picture = laid.picture
        part(0.7, "finding depth")
        with zone("depth"):
            distance = self.depth.estimate(request, context, camera, picture)
        part(0.78, "making surfels")
        prior = request.parent_lens if context is request.context else context.camera

        def complete() -> Sequence[HiddenLayer]:
            with zone("complete"):
                return self.completer.complete(picture, distance, camera, request.home)

        with ThreadPoolExecutor(max_workers=1) as aside:
            hidden = aside.submit(complete)
            built = build_level(
                picture,
                distance,
                camera,
                home=request.home,
                prior_camera=prior,
                cover=soft_cover(context, camera),
                hidden=hidden.result,
            )
        part(1.0, "making surfels")
        return LevelResult(
            lens=camera,
            approach=built.approach,
            layer=built.layer,
            picture=picture,
            distance=distance,
            cover=built.cover,
            color_change=laid.color_change if laid else None,
            edit_mask=laid.edit_mask if laid else None,
            metadata=self._metadata(request, time.perf_counter() - started),
        )

    def _metadata(self, request: ZoomRequest, seconds: float) -> dict[str, Any]:
        from .. import __version__

        return {
            "generator": self.synthesizer.name,
            "depth": self.depth.name,
            "completer": self.completer.name,
            "version": __version__,
            "numpy": np.__version__,
            "prompt": request.prompt,
            "seed": request.seed,
            "quality": request.quality,
            "seconds": round(seconds, 3),
        }
