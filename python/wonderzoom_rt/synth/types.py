# SPDX-License-Identifier: Apache-2.0
"""What goes into a generator and what comes out: plain values, so that they cross a process border."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..layer import SurfelLayer

Quality = Literal["fast", "best"]
Progress = Callable[[float, str], None]
"""Called with a fraction 0..1 of the work done and a word on what is being done."""
Cancelled = Callable[[], bool]
"""Answers whether the work should stop; the worker then raises CancelledError."""


@dataclass(frozen=True, eq=False)
class Context:
    """What is known of the place where a level is to be made: the parent's view around it.

    camera: the lens camera whose pixels these images are (the parent's lens, or a crop of it).
    picture (h,w,3) float32 display sRGB. distance (h,w) float64 radial wu, +inf sky. mask (h,w) float32: the
    parent's own soft mask, 1 where it is whole.
    """

    camera: Camera
    picture: NDArray[np.float32]
    distance: NDArray[np.float64]
    mask: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ZoomRequest:
    """One zoom to be made, complete: a worker needs nothing else.

    camera: the lens camera to be reached. parent: id of the level zoomed into. parent_lens: its lens camera.
    home: the world's home camera (its focal is the approach's). context: the parent's whole view.
    seed: of everything random. prompt: words for the generator, None without. picture: the user's own picture of
    the view (H,W,3) float32, None to invent one. quality: "fast" or "best".
    """

    camera: Camera
    parent: int
    parent_lens: Camera
    home: Camera
    context: Context
    seed: int = 0
    prompt: str | None = None
    picture: NDArray[np.float32] | None = None
    quality: Quality = "best"


@dataclass(frozen=True, eq=False)
class LevelResult:
    """One finished level, not yet in the world.

    lens, approach: its cameras. picture (H,W,3) float32, distance (H,W) float64, cover (H,W) float32: soft weight
    with which it replaces its parent. color_change (H,W,3) float32: new minus old colours where an edit happened
    (prefiltered by the world for each coarser level), None without one. edit_mask (H,W) float32, None without one.
    metadata: JSON-able facts: generator, versions, seconds, prompt, seed, quality.
    """

    lens: Camera
    approach: Camera
    layer: SurfelLayer
    picture: NDArray[np.float32]
    distance: NDArray[np.float64]
    cover: NDArray[np.float32]
    color_change: NDArray[np.float32] | None = None
    edit_mask: NDArray[np.float32] | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
