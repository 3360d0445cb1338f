# SPDX-License-Identifier: Apache-2.0
"""Seams that were planted are reported; soft borders and photographs without any are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.evaluate.images import area_resize, bicubic_resize
from wonderzoom_rt.evaluate.seams import SEAM_BAR, Rectangle, seam_ratio

Picture = NDArray[np.float64]
RECTANGLES = (Rectangle(120, 80, 620, 420), Rectangle(340, 150, 900, 510))


@pytest.fixture(scope="module", params=["creek", "mountains", "valley", "dandelions"])
def photo(request: pytest.FixtureRequest, data_dir: Path) -> Picture:
    with Image.open(data_dir / f"{request.param}.jpg") as image:
        return np.asarray(image.convert("RGB"))[:609, :1086] / 255.0


def weight(photo: Picture, rectangle: Rectangle, band: float) -> Picture:
    """1 inside, falling to 0 within `band` px of the border; (H, W, 1)."""
    rows, columns = (np.arange(n) + 0.5 for n in photo.shape[:2])
    across = np.minimum(columns - rectangle.x0, rectangle.x1 - columns)[None, :]
    down = np.minimum(rows - rectangle.y0, rectangle.y1 - rows)[:, None]
    t = np.clip(np.minimum(across, down) / band, 0.0, 1.0)
    return (t * t * t * (t * (t * 6.0 - 15.0) + 10.0))[..., None]


def coarse(photo: Picture) -> Picture:
    return bicubic_resize(
        area_resize(photo, photo.shape[1] // 3, photo.shape[0] // 3), photo.shape[1], photo.shape[0]
    )


@pytest.mark.parametrize("rectangle", RECTANGLES)
def test_soft_border_between_coarse_and_fine_is_no_seam(photo: Picture, rectangle: Rectangle) -> None:
    low, w = coarse(photo), weight(photo, rectangle, 32.0)
    assert seam_ratio(w * photo + (1 - w) * low, rectangle, without=low) <= SEAM_BAR
    assert seam_ratio(0.5 * w * photo + (1 - 0.5 * w) * low, rectangle, without=low) <= SEAM_BAR


@pytest.mark.parametrize("rectangle", RECTANGLES)
def test_untouched_photograph_has_no_seam(photo: Picture, rectangle: Rectangle) -> None:
    assert seam_ratio(photo, rectangle, without=photo) == pytest.approx(1.0, abs=0.05)


def test_photograph_alone_is_rarely_taken_for_a_seam(photo: Picture) -> None:
    rng = np.random.default_rng(7)
    found = []
    for _ in range(12):
        x, y = int(rng.integers(48, 500)), int(rng.integers(48, 250))
        found.append(seam_ratio(photo, Rectangle(x, y, x + 480, y + 300)))
    assert np.median(found) < 1.0
    assert np.mean(np.array(found) > SEAM_BAR) <= 0.25


@pytest.mark.parametrize("rectangle", RECTANGLES)
@pytest.mark.parametrize("shift", [0.02, -0.04])
def test_hard_rectangle_of_another_tint_is_a_seam(photo: Picture, rectangle: Rectangle, shift: float) -> None:
    assert seam_ratio(photo + shift * weight(photo, rectangle, 0.01), rectangle, without=photo) > 1.2


def test_the_same_tint_with_a_soft_border_is_none(photo: Picture) -> None:
    tinted = photo + 0.02 * weight(photo, RECTANGLES[0], 32.0)
    assert seam_ratio(tinted, RECTANGLES[0], without=photo) <= SEAM_BAR


def test_hard_rectangle_of_detail_on_a_blur_is_a_seam(data_dir: Path) -> None:
    with Image.open(data_dir / "mountains.jpg") as image:
        photo = np.asarray(image.convert("RGB"))[:609, :1086] / 255.0
    low, rectangle = coarse(photo), RECTANGLES[1]
    w = weight(photo, rectangle, 0.01)
    assert seam_ratio(w * photo + (1 - w) * low, rectangle, without=low) > 1.2
    assert seam_ratio(w * photo + (1 - w) * low, rectangle) > 1.2


def test_seam_on_one_side_only_is_found(photo: Picture) -> None:
    rectangle = RECTANGLES[0]
    step = (np.arange(photo.shape[1]) >= rectangle.x0)[None, :, None] * 0.03
    assert seam_ratio(photo + step, rectangle, without=photo) > 1.2


def test_rectangle_without_room_is_refused(photo: Picture) -> None:
    with pytest.raises(InputError, match="48 px around"):
        seam_ratio(photo, Rectangle(10, 80, 620, 420))
    with pytest.raises(InputError, match="one size"):
        seam_ratio(photo, RECTANGLES[0], without=photo[:-1])
