# SPDX-License-Identifier: Apache-2.0
"""`Pipeline`: the stages put together. A request goes in, finished levels come out; no world in between."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import CancelledError
from ..layer import SurfelLayer
from ..zones import zone
from .blas_threads import one_blas_thread
from .build_level import build_level, lift_layers
from .cameras import level_chain
from .cover import soft_cover
from .offline import OfflineDepth, OfflineSynthesizer
from .own_picture import Laid, OwnPicture
from .protocols import DepthEstimator, Synthesizer, ViewCompleter
from .types import Cancelled, Context, LevelResult, Progress, ZoomRequest
from .versions import package_versions
from .views import OfflineCompleter

_STAGES_DONE = 0.78
"""Share of a level's work that is done when its picture and its distances are there."""


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the stages found of one level: all that its surfels, and the next level, are made of.

    prior: the parent's lens. laid: what the user's own picture changed. seconds: that it took.
    """

    camera: Camera
    prior: Camera
    picture: NDArray[np.float32]
    distance: NDArray[np.float64]
    cover: NDArray[np.float32]
    laid: Laid | None
    seconds: float


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

        The next level is made of the picture and the distances of this one, not of its surfels: so surfels are made on
        a thread of their own, while the stages, one after another, are at the next level.

        Raises GeneratorError, MissingExtraError, or CancelledError as soon as `cancelled` answers True.
        """
        tell = progress or (lambda fraction, what: None)
        stop = cancelled or (lambda: False)
        chain = level_chain(request.context.camera, request.camera)
        context = request.context
        own = OwnPicture(request) if request.picture is not None else None
        making: list[Future[LevelResult]] = []
        with one_blas_thread(), ThreadPoolExecutor(1, "wonderzoom-surfels") as aside:
            for step, camera in enumerate(chain):
                last = step == len(chain) - 1

                def part(fraction: float, what: str, step: int = step, last: bool = last) -> None:
                    if stop():
                        raise CancelledError("the zoom was cancelled")
                    done = fraction if last else min(fraction / _STAGES_DONE, 1.0)
                    tell((step + done) / len(chain), what)

                with zone("make level"):
                    for level in making:
                        if level.done():
                            level.result()  # or what went wrong with it
                    seen = self._see(request, context, camera, own, part, stop)
                    part(_STAGES_DONE, "making surfels")
                    hidden: Future[Sequence[SurfelLayer]] = Future()
                    try:
                        making.append(aside.submit(self._lift, request, seen, hidden))
                        hidden.set_result(self._complete(request, seen))
                    except BaseException as problem:
                        hidden.set_exception(problem)  # or the other thread would wait for ever
                        raise
                context = Context(
                    camera=camera, picture=seen.picture, distance=seen.distance, mask=seen.cover
                )
            results = [level.result() for level in making]
        if stop():
            raise CancelledError("the zoom was cancelled")
        tell(1.0, "done")
        return results

    def _see(
        self,
        request: ZoomRequest,
        context: Context,
        camera: Camera,
        own: OwnPicture | None,
        part: Progress,
        stop: Cancelled,
    ) -> _Seen:
        """What a level's lens sees: its picture and its distances."""
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
        return _Seen(
            camera=camera,
            prior=request.parent_lens if context is request.context else context.camera,
            picture=picture,
            distance=distance,
            cover=soft_cover(context, camera),
            laid=laid,
            seconds=time.perf_counter() - started,
        )

    def _complete(self, request: ZoomRequest, seen: _Seen) -> Sequence[SurfelLayer]:
        """The surfels of what the level's lens does not see."""
        with zone("complete"):
            layers = self.completer.complete(seen.picture, seen.distance, seen.camera, request.home)
        return lift_layers(layers, seen.camera, cover=seen.cover, prior_camera=seen.prior)

    def _lift(self, request: ZoomRequest, seen: _Seen, hidden: Future[Sequence[SurfelLayer]]) -> LevelResult:
        """The finished level, on a thread of its own."""
        started = time.perf_counter()
        with zone("make surfels"):
            built = build_level(
                seen.picture,
                seen.distance,
                seen.camera,
                home=request.home,
                prior_camera=seen.prior,
                cover=seen.cover,
                hidden=hidden.result,
            )
        return LevelResult(
            lens=seen.camera,
            approach=built.approach,
            layer=built.layer,
            picture=seen.picture,
            distance=seen.distance,
            cover=built.cover,
            color_change=seen.laid.color_change if seen.laid else None,
            edit_mask=seen.laid.edit_mask if seen.laid else None,
            metadata=self._metadata(request, seen.seconds + time.perf_counter() - started),
        )

    def _metadata(self, request: ZoomRequest, seconds: float) -> dict[str, Any]:
        from .. import __version__

        return {
            "generator": self.synthesizer.name,
            "depth": self.depth.name,
            "completer": self.completer.name,
            "version": __version__,
            **package_versions(),
            "prompt": request.prompt,
            "seed": request.seed,
            "quality": request.quality,
            "seconds": round(seconds, 3),
        }
