# SPDX-License-Identifier: Apache-2.0
"""Lens cameras of one zoom: which views the chain of levels has, and where one view lies in another."""

from __future__ import annotations

import math
from dataclasses import replace

from ..camera import Camera
from ..errors import InputError

MIN_FACTOR = 1.25
MAX_FACTOR = 16.0
OCTAVES_PER_LEVEL = 1.5
"""A tent of the fade spans about this many octaves: a x8 zoom makes two levels."""
MOST_OCTAVES_PER_LEVEL = 2.0
"""No level invents more at once."""


def same_eye(a: Camera, b: Camera) -> bool:
    """Whether two lens cameras look from one point with one orientation: one is then a crop of the other's plane."""
    return a.position == b.position and a.orientation == b.orientation


def window_in(outer: Camera, inner: Camera) -> tuple[float, float, float, float]:
    """Where the view of `inner` lies in the image of `outer`, same eye: (x, y, width, height) in pixels of `outer`."""
    shrink = outer.focal / inner.focal
    return (
        (0.0 - inner.principal[0]) * shrink + outer.principal[0],
        (0.0 - inner.principal[1]) * shrink + outer.principal[1],
        inner.width * shrink,
        inner.height * shrink,
    )


def check_factor(factor: float) -> float:
    """The factor, or InputError when it is not a zoom that one step can make."""
    if not (
        isinstance(factor, (int, float)) and math.isfinite(factor) and MIN_FACTOR <= factor <= MAX_FACTOR
    ):
        raise InputError(
            f"a zoom factor must be a number from {MIN_FACTOR:g} to {MAX_FACTOR:g}, got {factor!r}"
        )
    return float(factor)


def level_count(factor: float) -> int:
    """How many levels a zoom by `factor` makes."""
    octaves = math.log2(factor)
    return max(1, round(octaves / OCTAVES_PER_LEVEL), math.ceil(octaves / MOST_OCTAVES_PER_LEVEL - 1e-6))


def level_chain(outer: Camera, target: Camera) -> list[Camera]:
    """The lens cameras from just inside `outer` to `target`, evenly spaced in octaves, all on the target's middle.

    Their principal points are whole numbers, so that all views of one focal length share one lattice of pixels;
    `target` moves by at most one of its own pixels for it.
    """
    factor = target.focal / outer.focal
    count = level_count(factor)
    x, y, width, height = window_in(outer, target)
    at = (
        min(max((x + width / 2) / outer.width, 0.0), 1.0),
        min(max((y + height / 2) / outer.height, 0.0), 1.0),
    )
    chain: list[Camera] = []
    inside = outer
    for step in range(1, count + 1):
        wanted = target if step == count else outer.zoomed(factor ** (step / count), at=at)
        inside = on_lattice(wanted, inside)
        chain.append(inside)
    return chain


def on_lattice(camera: Camera, outer: Camera) -> Camera:
    """`camera` with a whole-numbered principal point, moved so that its view stays inside `outer`'s."""
    shrink = outer.focal / camera.focal
    moved = []
    for principal, size, outer_principal, outer_size in (
        (camera.principal[0], camera.width, outer.principal[0], outer.width),
        (camera.principal[1], camera.height, outer.principal[1], outer.height),
    ):
        most = math.floor(outer_principal / shrink)
        least = math.ceil(size - (outer_size - outer_principal) / shrink)
        moved.append(float(min(max(round(principal), least), most)))
    return replace(camera, principal=(moved[0], moved[1]))
