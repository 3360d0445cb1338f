# SPDX-License-Identifier: Apache-2.0
"""`SurfelLayer`: what it refuses, and what plain arrays become."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.layer import EXTENT_PER_FOOTPRINT, LAYER_ARRAYS, SurfelLayer
from wonderzoom_rt.rotation import matrix_from_quaternion, quaternion_from_matrix, quaternions_facing


def some(count: int = 40, seed: int = 0) -> SurfelLayer:
    generator = np.random.default_rng(seed)
    return SurfelLayer.from_arrays(
        generator.normal(size=(count, 3)),
        colors=generator.random((count, 3)),
        normals=generator.normal(size=(count, 3)),
        opacities=generator.random(count),
    )


def test_arrays_cannot_be_written_to():
    layer = some()
    for name in LAYER_ARRAYS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(layer, name)[0] = 0


@pytest.mark.parametrize(
    "name, value, expected",
    [
        ("positions", np.zeros((40, 3), np.float32), "positions must be an array of float64"),
        ("colors", np.zeros((40, 4), np.float32), "shape"),
        ("extents", np.zeros((39, 2), np.float32), "shape"),
        ("now", [1.0] * 40, "got list"),
        ("flags", np.zeros(40, np.int64), "uint16"),
    ],
)
def test_a_wrong_dtype_or_shape_is_named(name, value, expected):
    with pytest.raises(InputError, match=expected):
        replace(some(), **{name: value})


@pytest.mark.parametrize(
    "name, index, value",
    [
        ("positions", (3, 1), np.nan),
        ("positions", (3, 1), np.inf),
        ("orientations", (3, 0), 5.0),
        ("extents", (3, 1), 0.0),
        ("extents", (3, 0), np.inf),
        ("colors", (3, 2), 2.5),
        ("colors", (3, 2), np.nan),
        ("opacities", 3, 1.5),
        ("opacities", 3, np.nan),
        ("now", 3, 0.0),
        ("now", 3, np.inf),
        ("prior", 3, 0.0),
        ("prior", 3, np.nan),
        ("mask", 3, -0.1),
    ],
)
def test_a_bad_value_is_named_with_its_index(name, index, value):
    layer = some()
    array = getattr(layer, name).copy()
    array[index] = value
    with pytest.raises(InputError, match=rf"{name}.*index 3"):
        replace(layer, **{name: array})


def test_sky_must_be_unit_directions():
    layer = some()
    sky = np.zeros(len(layer), bool)
    sky[5] = True
    with pytest.raises(InputError, match="unit directions"):
        replace(layer, is_sky=sky)


def test_select_and_concatenate_undo_each_other():
    layer = replace(some(), leak=0.1)
    left = layer.positions[:, 0] > 0
    again = SurfelLayer.concatenate([layer.select(left), layer.select(~left)])
    order = np.argsort(np.concatenate([np.flatnonzero(left), np.flatnonzero(~left)]))
    for name in LAYER_ARRAYS:
        np.testing.assert_array_equal(getattr(again, name)[order], getattr(layer, name))
    assert again.leak == layer.leak
    assert len(SurfelLayer.concatenate([])) == 0 and len(SurfelLayer.empty()) == 0


def test_other_colors_leave_all_else_and_are_checked():
    layer = replace(some(), leak=0.1)
    other = layer.with_colors(np.full((40, 3), 0.25, np.float32))
    assert (other.colors == 0.25).all() and other.leak == layer.leak
    assert other.positions is layer.positions and not (layer.colors == 0.25).all()
    with pytest.raises(ValueError, match="read-only"):
        other.colors[0] = 0
    for wrong, words in (
        (np.zeros((39, 3), np.float32), "shape"),
        (np.zeros((40, 3)), "float32"),
        (np.full((40, 3), np.nan, np.float32), "colors must lie in -1..2"),
        (np.full((40, 3), 2.5, np.float32), "colors must lie in -1..2"),
    ):
        with pytest.raises(InputError, match=words):
            layer.with_colors(wrong)


def test_plain_points_get_the_extent_of_their_spacing():
    columns, rows = np.meshgrid(np.arange(30) * 0.2, np.arange(20) * 0.2)
    layer = SurfelLayer.from_arrays(np.stack([columns, rows, columns * 0], axis=-1).reshape(-1, 3))
    np.testing.assert_allclose(layer.extents, EXTENT_PER_FOOTPRINT * 0.2, rtol=1e-6)
    np.testing.assert_allclose(layer.now, 0.2, rtol=1e-6)
    assert np.isinf(layer.prior).all() and (layer.mask == 1).all() and not layer.is_sky.any()


def test_normals_become_the_discs_z_axis():
    generator = np.random.default_rng(2)
    normals = generator.normal(size=(300, 3))
    normals[:2] = [[0, 0, 1], [0, 0, -1]]
    layer = SurfelLayer.from_arrays(generator.normal(size=(300, 3)), normals=normals * 3)
    for quaternion, normal in zip(layer.orientations, normals, strict=True):
        np.testing.assert_allclose(
            matrix_from_quaternion(quaternion)[:, 2], normal / np.linalg.norm(normal), atol=1e-6
        )


def test_one_value_serves_for_all_and_a_wrong_count_is_refused():
    layer = SurfelLayer.from_arrays(np.zeros((5, 3)), extents=(0.1, 0.2), colors=(1, 0, 0))
    assert layer.extents.shape == (5, 2) and (layer.colors[:, 0] == 1).all()
    with pytest.raises(InputError, match=r"colors must have shape \(5, 3\)"):
        SurfelLayer.from_arrays(np.zeros((5, 3)), colors=np.zeros((4, 3)))
    with pytest.raises(InputError, match="positions"):
        SurfelLayer.from_arrays([["a"]])
    with pytest.raises(InputError, match=r"shape \(N, 3\)"):
        SurfelLayer.from_arrays(np.zeros((5, 2)))
    with pytest.raises(InputError, match="normals"):
        SurfelLayer.from_arrays(np.zeros((5, 3)), normals=np.zeros((5, 3)))


def test_quaternions_and_matrices_agree_in_every_quadrant():
    generator = np.random.default_rng(3)
    for quaternion in np.concatenate([generator.normal(size=(200, 4)), np.eye(4)]):
        quaternion = quaternion / np.linalg.norm(quaternion)
        again = quaternion_from_matrix(matrix_from_quaternion(quaternion))
        assert min(np.abs(again - quaternion).max(), np.abs(again + quaternion).max()) < 1e-12
    facing = quaternions_facing(np.array([[0.0, 0, 1], [0, 0, -1], [1, 0, 0], [0, -1, 0]]))
    np.testing.assert_allclose(np.linalg.norm(facing, axis=1), 1)
