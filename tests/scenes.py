# SPDX-License-Identifier: Apache-2.0
"""The named scenes for tests and benchmarks: the package's own, small enough to test with."""

from __future__ import annotations

from functools import cache

from wonderzoom_rt.bench.scene import Scene
from wonderzoom_rt.bench.scenes import SCENES, make_scene

__all__ = ["SCENES", "SMALL_PART", "Scene", "make_scene", "small_scene"]

SMALL_PART = {
    "field-500k": 0.04,
    "field-2m": 0.01,
    "stack-12": 0.02,
    "city-20m": 0.0025,
    "crossing": 0.04,
    "needle": 0.04,
}
"""The part of each scene that a test makes: 20 to 100 thousand surfels. The demo needs a generator."""


@cache
def small_scene(name: str, seed: int = 0) -> Scene:
    """A named scene of a few thousand surfels, in a view as much smaller; made once."""
    return make_scene(name, seed=seed, part=SMALL_PART[name])
