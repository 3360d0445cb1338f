# SPDX-License-Identifier: Apache-2.0
"""What `import wonderzoom_rt` promises: names, errors, signatures, documentation."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz

CAMERA = wz.Camera.home(32, 24, focal=30.0)
CLASSES = [getattr(wz, name) for name in wz.__all__ if inspect.isclass(getattr(wz, name))]


def members() -> Iterator[tuple[str, Any]]:
    """Every public method and property of the public classes, with its name."""
    for kind in CLASSES:
        for name, member in vars(kind).items():
            if name.startswith("_") or not (
                inspect.isfunction(member) or isinstance(member, property | classmethod)
            ):
                continue
            yield f"{kind.__name__}.{name}", member


@pytest.fixture(scope="module")
def world() -> wz.World:
    points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (200, 3))
    return wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.1, now=0.1), CAMERA)


def test_every_listed_name_is_there() -> None:
    for name in wz.__all__:
        assert getattr(wz, name) is not None, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Wolrd'"):
        wz.Wolrd  # noqa: B018


def test_every_error_is_a_wonderzoom_error() -> None:
    errors = [kind for kind in CLASSES if issubclass(kind, BaseException)]
    assert len(errors) == 7
    assert all(issubclass(kind, wz.WonderzoomError) for kind in errors)
    assert issubclass(wz.InputError, ValueError)


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(wz.__file__).parent / "py.typed").exists()


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_public_classes_are_documented(kind: type) -> None:
    assert inspect.getdoc(kind)


@pytest.mark.parametrize(
    ("name", "member"), list(members()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_public_methods_and_properties_are_documented(name: str, member: Any) -> None:
    target = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    assert inspect.getdoc(target), name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"outputs": ("color", "colour")}, r"outputs must be among color, .*surfel_id, got 'colour'"),
        ({"fade_law": "linear"}, "fade_law must be one of dissolve, opacity, optical, got 'linear'"),
        ({"compat": "3dgs"}, "compat must be one of native, gsplat, inria-2dgs, got '3dgs'"),
        ({"depth_kind": "y"}, "depth_kind must be one of radial, z, got 'y'"),
        ({"detail_bias": math.nan}, "detail_bias must be a finite number, got nan"),
        ({"near": -math.inf}, "near must be a finite number, got -inf"),
        ({"background": (1.0, 0.0)}, "background must be 3 finite numbers"),
        ({"background": (1.0, 0.0, math.nan)}, "background must be 3 finite numbers"),
        ({"readiness": {0: math.nan}}, r"readiness .* 0\.\.1, got nan"),
        ({"readiness": {0: 1.5}}, r"readiness .* 0\.\.1, got 1\.5"),
        ({"readiness": {7: 0.5}}, "level 7"),
        ({"readiness": {-1: 0.5}}, "level -1"),
        ({"until_level": 7}, r"the world has levels 0\.\.0, got level 7"),
        ({"width": 10}, "width and height must be given together, got width=10, height=None"),
        ({"width": 0, "height": 10}, r"camera width must be a whole number of pixels in 1\.\.65536, got 0"),
    ],
)
def test_a_render_option_out_of_range_is_named(world: wz.World, options: dict[str, Any], words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        world.render(CAMERA, **options)


def test_an_unknown_render_option_is_refused(world: wz.World) -> None:
    with pytest.raises(TypeError, match="detail"):
        world.render(CAMERA, detail=2)


def test_too_large_a_picture_is_refused_before_memory_is_taken(world: wz.World) -> None:
    with pytest.raises(wz.InputError, match="65536"):
        world.render(CAMERA, 2**20, 2**20)


def test_an_engine_with_fewer_than_no_threads_is_refused() -> None:
    with pytest.raises(wz.InputError, match="threads must be 0 or more, got -1"):
        wz.Engine(threads=-1)


def test_an_engine_draws_a_layer_that_is_in_no_world(world: wz.World) -> None:
    layer = world.surfels(0)
    alone = wz.Engine(threads=1).render_layer(layer, CAMERA)
    inside = world.render(CAMERA)
    assert alone.color is not None and inside.color is not None
    assert np.abs(alone.color - inside.color).max() < 2 / 255


def test_two_engines_with_other_numbers_of_threads_draw_the_same_bits(world: wz.World) -> None:
    one, three = (wz.Engine(threads=count).render(world.snapshot(), CAMERA) for count in (1, 3))
    for name in ("color", "coverage", "depth", "normal", "level"):
        assert np.array_equal(getattr(one, name), getattr(three, name)), name
