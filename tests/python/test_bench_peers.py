# SPDX-License-Identifier: Apache-2.0
"""What other renderers are handed: the same surfels and camera in their conventions, checked without them."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.bench.measure import Settings
from wonderzoom_rt.bench.peer_run import SAME_PICTURE_DB, run_peers
from wonderzoom_rt.bench.peers import mitsuba_peer
from wonderzoom_rt.bench.peers.gsplat_peer import gsplat_arrays
from wonderzoom_rt.bench.peers.mitsuba_peer import REACH, MitsubaPeer, mitsuba_arrays
from wonderzoom_rt.bench.run import Wishes
from wonderzoom_rt.rotation import quaternions_facing

COUNT = 50
CAMERA = wz.Camera.look_at((1.0, -2.0, 3.0), (0.5, 0.0, 9.0), focal=120.0, width=96, height=54)


def surfels() -> tuple[wz.SurfelLayer, np.ndarray]:
    random = np.random.default_rng(5)
    normals = random.normal(size=(COUNT, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    layer = wz.SurfelLayer.from_arrays(
        random.uniform((-1.0, -1.0, 7.0), (1.0, 1.0, 9.0), (COUNT, 3)),
        colors=random.uniform(size=(COUNT, 3)).astype(np.float32),
        orientations=quaternions_facing(normals),
        extents=random.uniform(0.01, 0.1, (COUNT, 2)),
        opacities=0.7,
    )
    return layer, normals


def test_gsplat_gets_the_shapes_that_both_of_its_functions_take() -> None:
    layer, _ = surfels()
    arrays = gsplat_arrays(layer, CAMERA)
    # rasterize_to_pixels_2dgs of gsplat 1.5.3: colors.shape[:-2] == means2d.shape[:-2], the number of cameras.
    assert {name: array.shape for name, array in arrays.items()} == {
        "means": (COUNT, 3),
        "quats": (COUNT, 4),
        "scales": (COUNT, 3),
        "opacities": (COUNT,),
        "colors": (1, COUNT, 3),
        "viewmats": (1, 4, 4),
        "Ks": (1, 3, 3),
    }
    assert all(array.dtype == np.float32 and array.flags.c_contiguous for array in arrays.values())


def test_gsplat_sees_surfels_where_we_see_them() -> None:
    layer, _ = surfels()
    arrays = gsplat_arrays(layer, CAMERA)
    local = arrays["means"] @ arrays["viewmats"][0, :3, :3].T + arrays["viewmats"][0, :3, 3]
    image = local @ arrays["Ks"][0].T
    ours, distances = CAMERA.project(layer.positions)
    assert local[:, 2].min() > 0.0, "ahead is +z"
    np.testing.assert_allclose(image[:, :2] / image[:, 2:], ours, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(local, axis=1), distances, rtol=1e-5)


def test_gsplat_turns_discs_as_we_do() -> None:
    layer, normals = surfels()
    arrays = gsplat_arrays(layer, CAMERA)
    w, x, y, z = arrays["quats"].T.astype(np.float64)  # gsplat's order
    third = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    np.testing.assert_allclose(third, normals, atol=1e-5)
    assert (arrays["scales"][:, 2] < 0.01 * arrays["scales"][:, :2].min(axis=1)).all(), (
        "a disc is flat along it"
    )
    np.testing.assert_array_equal(arrays["scales"][:, :2], layer.extents)


def test_mitsuba_sees_surfels_where_we_see_them_and_turned_as_ours() -> None:
    layer, normals = surfels()
    data = mitsuba_arrays(layer, CAMERA)["data"].astype(np.float64)
    local, deviations, (x, y, z, w) = data[:, :3], data[:, 3:6], data[:, 6:].T
    ours, distances = CAMERA.project(layer.positions)
    np.testing.assert_allclose(CAMERA.focal * local[:, :2] / local[:, 2:] + CAMERA.principal, ours, atol=1e-3)
    size = np.linalg.norm(local, axis=1) / distances
    np.testing.assert_allclose(size, REACH / np.median(distances), rtol=1e-5)
    np.testing.assert_allclose(deviations[:, :2], size[:, None] * layer.extents, rtol=1e-4)
    third = np.stack([2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)], axis=1)
    np.testing.assert_allclose(third, normals @ CAMERA.rotation, atol=1e-5)


def test_mitsuba_says_what_keeps_it_from_drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert MitsubaPeer().missing() == "mitsuba is not installed"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "/no/such/library")
    monkeypatch.setattr(mitsuba_peer, "_PROBE", "import os; os.abort()")
    assert "no LLVM it can use" in str(MitsubaPeer().missing())


def test_mitsuba_draws_our_picture_where_it_is_installed() -> None:
    pytest.importorskip("mitsuba")
    if why := MitsubaPeer().missing():
        pytest.skip(why)
    row = run_peers(Wishes("field-500k", part=0.01, frames=1), peers=(MitsubaPeer(),))["peers"][0]
    assert row["status"] == "measured" and row["psnr_db"] > SAME_PICTURE_DB


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        (Wishes("needle", part=0.002, path="orbit"), "reference view.*orbit"),
        (Wishes("needle", part=0.002, runs=3), "one run"),
        (Wishes("needle", part=0.002, settings=Settings(outputs=("depth",))), "colour and coverage.*depth"),
    ],
)
def test_wishes_that_peers_cannot_follow_are_refused(wishes: Wishes, words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        run_peers(wishes, peers=())
