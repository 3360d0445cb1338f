# SPDX-License-Identifier: Apache-2.0
"""Users' depth maps: every kind and format that is promised, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.depth_map import (
    RELATIVE_NEAR_WU,
    RELATIVE_RATIO,
    depth_map_from_array,
    load_depth_map,
)
from wonderzoom_rt.synth.photograph import photograph_from_array

PHOTO = photograph_from_array(np.zeros((243, 325, 3), np.uint8))
CAMERA = Camera.home(320, 240, focal=300.0)
STRETCH = 1.0 / (CAMERA.rays() @ CAMERA.forward)


def ramp(kind: type = np.float64, low: float = 2.0, high: float = 30.0) -> np.ndarray:
    return np.linspace(low, high, 243 * 325).reshape(243, 325).astype(kind)


def test_metric_floats_are_depths_along_the_axis_cropped_like_the_photograph():
    distance = depth_map_from_array(ramp(), PHOTO, CAMERA)
    np.testing.assert_allclose(distance, ramp()[1:241, 2:322] * STRETCH, rtol=1e-12)


def test_whole_metric_numbers_are_millimetres_and_0_is_sky():
    values = ramp(np.uint16, 1000, 60000)
    values[:100] = 0
    distance = depth_map_from_array(values, PHOTO, CAMERA, kind="metric")
    assert np.isinf(distance[:98]).all()
    np.testing.assert_allclose(distance[110:], values[111:241, 2:322] / 1000 * STRETCH[110:], rtol=1e-12)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_images_are_inverse_depth_large_is_near(kind):
    top = np.iinfo(kind).max
    values = np.linspace(1, top, 243)[:, None].astype(kind) * np.ones((1, 325), kind)
    values[:20] = 0
    distance = depth_map_from_array(values, PHOTO, CAMERA) / STRETCH
    assert np.isinf(distance[:18]).all() and (np.diff(distance[25:, 7]) < 0).all()
    assert distance[-1, 7] == pytest.approx(RELATIVE_NEAR_WU, rel=0.02)
    assert distance[25:].max() < RELATIVE_NEAR_WU * RELATIVE_RATIO


def test_relative_depth_is_stretched_to_a_plausible_range():
    distance = depth_map_from_array(ramp(low=0.0, high=1.0), PHOTO, CAMERA, kind="relative") / STRETCH
    assert distance.min() == pytest.approx(RELATIVE_NEAR_WU, rel=0.2)
    assert distance.max() == pytest.approx(RELATIVE_NEAR_WU * RELATIVE_RATIO, rel=0.02)


@pytest.mark.parametrize("size", [(81, 108), (486, 650), (240, 320)])
def test_maps_of_another_resolution_fit_when_their_aspect_does(size):
    rows, columns = size
    away = 3.0 + 2.0 * np.linspace(0, 1, columns)[None, :] * np.ones((rows, 1))
    distance = depth_map_from_array(away, PHOTO, CAMERA) / STRETCH
    expected = 3.0 + 2.0 * np.linspace(0, 1, 320)
    assert np.abs(distance - expected).max() < 0.05


def test_a_finer_map_makes_up_no_depth_at_its_edges():
    values = np.full((972, 1300), 2.0)
    values[:, 651:] = 10.0
    distance = depth_map_from_array(values, PHOTO, CAMERA) / STRETCH
    assert np.isin(np.round(distance, 5), [2.0, 10.0]).all()


@pytest.mark.parametrize("name", ["d.npy", "d.png", "d.tif"])
def test_files_give_what_their_arrays_give(tmp_path, name):
    path = tmp_path / name
    if name.endswith("npy"):
        values = ramp()
        np.save(path, values)
    else:
        values = ramp(np.uint16, 10, 60000) if name.endswith("png") else ramp(np.float32)
        Image.fromarray(values).save(path)
    np.testing.assert_array_equal(
        load_depth_map(path, PHOTO, CAMERA), depth_map_from_array(values, PHOTO, CAMERA)
    )


def test_exr_is_read_by_its_depth_channel(tmp_path):
    exr = pytest.importorskip("OpenEXR")
    values = ramp(np.float32)
    values[0, 0] = np.inf
    header = {"compression": exr.ZIP_COMPRESSION, "type": exr.scanlineimage}
    with exr.File(header, {"Z": values}) as file:
        file.write(str(tmp_path / "d.exr"))
    np.testing.assert_allclose(
        load_depth_map(tmp_path / "d.exr", PHOTO, CAMERA), depth_map_from_array(values, PHOTO, CAMERA)
    )


def spoiled(what: float) -> np.ndarray:
    values = ramp()
    values[5, 5] = what
    return values


@pytest.mark.parametrize(
    "values, kind, expected",
    [
        (np.ones((243, 500)), "auto", "325 x 243, got 500 x 243"),
        (spoiled(np.nan), "auto", "NaN, got 1"),
        (spoiled(0.0), "auto", "above 0"),
        (spoiled(-1.0), "auto", "above 0"),
        (spoiled(np.inf), "inverse", "infinity"),
        (np.zeros((243, 325)), "inverse", "some depth"),
        (np.full((243, 325), np.inf), "metric", "not infinite"),
        (np.tile([1.0, 2.0, 3.0], (243, 325, 1)), "auto", "one depth a pixel"),
        (np.ones((243, 325), bool), "auto", "numbers"),
        (ramp(), "best", "kind"),
    ],
)
def test_what_is_no_depth_map_is_refused(values, kind, expected):
    with pytest.raises(InputError, match=expected):
        depth_map_from_array(values, PHOTO, CAMERA, kind=kind)


def test_files_that_are_none_are_refused_by_name(tmp_path):
    (tmp_path / "d.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"d\.png must be a depth map"):
        load_depth_map(tmp_path / "d.png", PHOTO, CAMERA)
    (tmp_path / "d.npy").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"d\.npy"):
        load_depth_map(tmp_path / "d.npy", PHOTO, CAMERA)
    with pytest.raises(InputError, match="no such file"):
        load_depth_map(tmp_path / "e.npy", PHOTO, CAMERA)
