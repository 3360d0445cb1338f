# SPDX-License-Identifier: Apache-2.0
"""Properties of one enlargement with invented detail."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from wonderzoom_rt.errors import CancelledError, InputError
from wonderzoom_rt.synth.detail.bandnoise import fractal
from wonderzoom_rt.synth.detail.enlarge import enlarge
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.resample import Axis, FloatArray, Resampler


def picture(columns: int, rows: int, *, seed: int) -> FloatArray:
    """A fractal picture with an edge in it, colours in 0.1..0.9."""
    noise = np.stack([fractal(Patch(0, 900 * c, columns, rows, seed), c) for c in range(3)], axis=-1)
    noise[:, columns // 2 :] += 2.0
    return np.clip(0.4 + 0.08 * noise, 0.1, 0.9).astype(np.float32)


def psnr(a: FloatArray, b: FloatArray) -> float:
    return float(-10 * np.log10(np.square(a - b, dtype=np.float64).mean()))


@pytest.mark.parametrize("ratio", [1.3, 2.0, 2.8284, 4.0])
def test_area_means_of_the_result_are_the_low_picture(ratio: float) -> None:
    low = picture(76, 60, seed=1)
    width, height = int(60 * ratio), int(44 * ratio)
    window = (8.0, 8.0, width / ratio, height / ratio)
    high = enlarge(
        low, size=(width, height), quality="fast", origin=(0, 0), octave=0.0, seed=1, window=window
    )
    assert high.shape == (height, width, 3) and high.dtype == np.float32
    inside = Resampler(
        x=Axis(int(width / ratio) - 1, width, ratio), y=Axis(int(height / ratio) - 1, height, ratio)
    )
    again = inside.down(high)
    assert psnr(again, low[8 : 8 + again.shape[0], 8 : 8 + again.shape[1]]) >= 40


def test_detail_has_more_energy_than_interpolation_and_less_than_a_noise_field() -> None:
    low = picture(80, 64, seed=2)
    high = enlarge(low, size=(192, 144), quality="fast", origin=(5, 5), octave=0.0, seed=1, margin=8)
    grids = Resampler(x=Axis(64, 192, 3.0), y=Axis(48, 144, 3.0))
    detail = grids.detail(high)
    assert 0.01 < detail.std() < 0.1


def test_overlapping_views_agree_where_they_overlap() -> None:
    low = picture(120, 90, seed=3)
    first = enlarge(
        low[:70, :90], size=(222, 162), quality="fast", origin=(0, 0), octave=3.0, seed=9, margin=8
    )
    second = enlarge(
        low[10:90, 20:], size=(252, 192), quality="fast", origin=(60, 30), octave=3.0, seed=9, margin=8
    )
    assert psnr(first[50:-20, 80:-20], second[20 : 162 - 50, 20 : 222 - 80]) > 45


def test_another_seed_gives_other_detail_and_the_same_seed_the_same_bits() -> None:
    low = picture(60, 50, seed=4)
    results = [
        enlarge(low, size=(132, 102), quality="fast", origin=(0, 0), octave=0.0, seed=s, margin=8)
        for s in (1, 1, 2)
    ]
    assert np.array_equal(results[0], results[1])
    assert np.abs(results[0] - results[2]).max() > 0.02


def test_a_cancelled_enlargement_stops() -> None:
    with pytest.raises(CancelledError):
        enlarge(
            picture(40, 40, seed=5),
            size=(80, 80),
            quality="fast",
            origin=(0, 0),
            octave=0.0,
            seed=1,
            cancelled=lambda: True,
        )


@pytest.mark.parametrize(
    ("size", "margin", "message"),
    [((400, 400), 0, "enlargement"), ((40, 40), 30, "inside the picture"), ((20, 20), 0, "enlargement")],
)
def test_bad_views_are_refused(size: tuple[int, int], margin: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        enlarge(
            picture(40, 40, seed=6),
            size=size,
            quality="fast",
            origin=(0, 0),
            octave=0.0,
            seed=1,
            margin=margin,
        )


def test_a_picture_with_a_hole_in_its_values_is_refused() -> None:
    low = picture(40, 40, seed=7)
    low[3, 4, 1] = np.nan
    with pytest.raises(InputError, match="finite"):
        enlarge(low, size=(80, 80), quality="fast", origin=(0, 0), octave=0.0, seed=1)
