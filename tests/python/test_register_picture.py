# SPDX-License-Identifier: Apache-2.0
"""A user's own picture lands where it belongs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from wonderzoom_rt.errors import GeneratorError
from wonderzoom_rt.synth.place_picture import register_picture, warp_picture

cv2 = pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def photograph(data_dir) -> np.ndarray:
    with Image.open(data_dir / "mountains.jpg") as image:
        return np.asarray(image.convert("RGB"), dtype=np.float32) / 255


def corners(picture: np.ndarray, homography: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    placed = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1.0]]) @ homography.T
    return placed[:, :2] / placed[:, 2:]


@pytest.mark.parametrize("x, y", [(60, 300), (500, 250), (620, 400)])
def test_a_crop_of_a_photograph_lands_where_it_was_taken(photograph, x, y):
    context = cv2.resize(photograph, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    crop = np.clip(photograph[y : y + 280, x : x + 400] ** 0.85 * 1.05, 0, 1).astype(np.float32)
    placement = register_picture(crop, context)
    expected = np.array([[x, y], [x + 400, y], [x + 400, y + 280], [x, y + 280]]) / 2.0
    assert np.abs(corners(crop, placement.homography) - expected).max() < 1.0
    assert placement.correlation > 0.8


def test_a_tilted_and_turned_picture_is_found_too(photograph):
    start = np.float32([[0, 0], [480, 0], [480, 320], [0, 320]])
    end = np.float32([[300, 380], [700, 340], [720, 640], [320, 660]])
    tilt = cv2.getPerspectiveTransform(start, end)
    picture = cv2.warpPerspective(photograph, tilt, (480, 320), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    placement = register_picture(picture, photograph)
    assert np.abs(corners(picture, placement.homography) - end).max() < 2.0


def test_a_placed_picture_shows_the_view(photograph):
    context = cv2.resize(photograph, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    crop = photograph[220:620, 300:900]
    placement = register_picture(crop, context)
    seen, covered = warp_picture(crop, placement, (320, 240), (200, 150, 160, 120))
    expected = cv2.resize(photograph[300:540, 400:720], (320, 240), interpolation=cv2.INTER_AREA)
    assert covered.min() > 0.99
    assert np.abs(cv2.blur(seen, (5, 5)) - cv2.blur(expected, (5, 5))).mean() < 0.01
    _, outside = warp_picture(crop, placement, (320, 240), (0, 0, 160, 120))
    assert outside.mean() < 0.2


def test_a_picture_of_something_else_is_refused(photograph, data_dir):
    with Image.open(data_dir / "dandelions.jpg") as image:
        other = np.asarray(image.convert("RGB"), dtype=np.float32)[100:400, 100:500] / 255
    with pytest.raises(GeneratorError, match="must show a part of the view"):
        register_picture(other, photograph)
    with pytest.raises(GeneratorError, match="must show a part of the view"):
        register_picture(np.full((200, 300, 3), 0.5, np.float32), photograph)
