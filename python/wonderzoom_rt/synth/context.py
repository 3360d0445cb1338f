# SPDX-License-Identifier: Apache-2.0
"""From a world and a wish to a `ZoomRequest`: the checks, the parent level and the context, taken once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..errors import InputError
from .cameras import MAX_FACTOR, MIN_FACTOR, check_factor, level_count, same_eye, window_in
from .photograph import load_photograph, photograph_from_array
from .types import Context, Quality, ZoomRequest

if TYPE_CHECKING:
    from ..level import Level
    from ..world import World

WHOLE_COVERAGE = 0.95
"""A rendered pixel that is covered by less is no ground to build on."""
FINEST_BIAS = 64.0
"""Octaves of detail bias at which only the finest level of each place is drawn."""


def zoom_request(
    world: World,
    camera: Camera,
    *,
    parent: int | None,
    seed: int,
    prompt: str | None,
    picture: str | Path | NDArray[Any] | None,
    quality: Quality,
) -> ZoomRequest:
    """See `World.request`."""
    if quality not in ("fast", "best"):
        raise InputError(f"quality must be fast or best, got {quality!r}")
    home = world.home
    target = (
        camera
        if (camera.width, camera.height) == (home.width, home.height)
        else camera.resized(home.width, home.height)
    )
    level = world.level(parent) if parent is not None else _finest_holder(world, target)
    if level is not None and same_eye(level.lens, target) and level.has_picture:
        context = _stored_context(world, level, target)
    else:
        level, context = _rendered_context(world, level, target)
    return ZoomRequest(
        camera=target,
        parent=level.id,
        parent_lens=level.lens,
        home=home,
        context=context,
        seed=seed,
        prompt=prompt,
        picture=_own_picture(picture, home.width),
        quality=quality,
    )


def _finest_holder(world: World, target: Camera) -> Level | None:
    """The finest level, newest first, whose lens view holds the whole of `target`'s and leaves room to zoom."""
    holders = [
        level
        for level in world.levels
        if same_eye(level.lens, target)
        and level.lens.focal * MIN_FACTOR <= target.focal
        and _holds(level.lens, target)
    ]
    return max(holders, key=lambda level: (level.lens.focal, level.id), default=None)


def _holds(outer: Camera, inner: Camera, *, slack_px: float = 1.0) -> bool:
    x, y, width, height = window_in(outer, inner)
    return (
        x >= -slack_px
        and y >= -slack_px
        and x + width <= outer.width + slack_px
        and y + height <= outer.height + slack_px
    )


def _stored_context(world: World, level: Level, target: Camera) -> Context:
    """The level's own source picture and distances: sharper than any render of it."""
    check_factor(target.focal / level.lens.focal)
    if not _holds(level.lens, target):
        raise InputError(
            f"the wanted view lies outside the view of level {level.id}: x, y must be in 0..1 of it"
        )
    return Context(
        camera=level.lens,
        picture=world.picture(level),
        distance=world.distance(level),
        mask=world.cover(level),
    )


def _rendered_context(world: World, level: Level | None, target: Camera) -> tuple[Level, Context]:
    """A render of the surroundings of a free camera's view, at the footprint of what is there."""
    probe = world.render(target, outputs=("coverage", "depth_median", "level"))
    assert probe.coverage is not None and probe.depth_median is not None and probe.level is not None
    seen = probe.coverage > 0.5
    if seen.mean() < 0.5:
        raise InputError(
            f"the wanted view must show the world: only {100 * seen.mean():.0f} % of it is covered"
        )
    middle = seen & _central(seen.shape)
    where = middle if middle.any() else seen
    chosen = level if level is not None else world.level(int(np.median(np.rint(probe.level[where]))))
    solid = where & np.isfinite(probe.depth_median)
    distance, footprint = 1.0, 1.0 / chosen.lens.focal
    if solid.any():
        reach = probe.depth_median[solid].astype(np.float64)
        points = target.eye + target.rays()[solid] * reach[:, None]
        distance = float(np.median(reach))
        footprint = float(np.median(np.linalg.norm(points - chosen.lens.eye, axis=1))) / chosen.lens.focal
    factor = target.focal / (distance / footprint)
    if not MIN_FACTOR <= factor <= MAX_FACTOR:
        raise InputError(
            f"the wanted view must be {MIN_FACTOR:g} to {MAX_FACTOR:g} times closer than what is there "
            f"(level {chosen.id}), it is {factor:.3g} times"
        )
    wide = _widened(target, factor)
    # The median is the surface itself; a mean would also see a little of what lies hidden behind it.
    frame = world.render(wide, outputs=("color", "coverage", "depth_median"), depth_reference=distance)
    assert frame.color is not None and frame.coverage is not None and frame.depth_median is not None
    reach = frame.depth_median.astype(np.float64) + distance
    whole = (frame.coverage > WHOLE_COVERAGE) & _is_of_level(world, chosen, wide)
    whole &= _can_be_refined(reach, wide, chosen.lens, factor)
    picture = np.clip(frame.color, 0, 1).astype(np.float32)
    return chosen, Context(camera=wide, picture=picture, distance=reach, mask=whole.astype(np.float32))


def _is_of_level(world: World, level: Level, camera: Camera) -> NDArray[np.bool_]:
    """Where (H,W) the finest that there is belongs to `level` or to what refines it: nowhere else may it be covered."""
    finest = world.render(camera, outputs=("level",), detail_bias=FINEST_BIAS).level
    assert finest is not None
    family = {level.id}
    for record in world.levels[level.id + 1 :]:
        if record.parent in family:
            family.add(record.id)
    shown = np.rint(finest)
    pure: NDArray[np.bool_] = (np.abs(finest - shown) < 0.25) & np.isin(shown.astype(int), list(family))
    padded = np.pad(pure, 1, mode="edge")
    height, width = pure.shape
    around = [
        padded[down : down + height, across : across + width] for down in range(3) for across in range(3)
    ]
    whole: NDArray[np.bool_] = np.logical_and.reduce(around)
    return whole


def _can_be_refined(
    distance: NDArray[np.float64], camera: Camera, parent: Camera, factor: float
) -> NDArray[np.bool_]:
    """Where (H,W) the first level of the zoom is finer than the parent: not far behind what was zoomed to."""
    first_ratio = factor ** (1.0 / level_count(factor))
    points = camera.unproject(distance)
    there = np.linalg.norm(points - parent.eye, axis=-1) / parent.focal
    here = distance / camera.focal
    sky = np.isinf(distance)
    there[sky], here[sky] = 1.0 / parent.focal, 1.0 / camera.focal
    refined: NDArray[np.bool_] = here < there * math.sqrt(first_ratio)
    return refined


def _widened(camera: Camera, factor: float) -> Camera:
    """The same eye with a focal `factor` times shorter, the middle of the view kept."""
    principal = (
        (camera.principal[0] - camera.width / 2) / factor + camera.width / 2,
        (camera.principal[1] - camera.height / 2) / factor + camera.height / 2,
    )
    return Camera(
        camera.position, camera.orientation, camera.focal / factor, camera.width, camera.height, principal
    )


def _central(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    height, width = shape[:2]
    chosen = np.zeros((height, width), dtype=bool)
    chosen[2 * height // 5 : -(-3 * height // 5), 2 * width // 5 : -(-3 * width // 5)] = True
    return chosen


def _own_picture(picture: str | Path | NDArray[Any] | None, width: int) -> NDArray[np.float32] | None:
    """The user's picture of a view, at most `width` px wide."""
    if picture is None:
        return None
    if isinstance(picture, (str, Path)):
        return load_photograph(picture, width).pixels
    return photograph_from_array(picture, width).pixels
