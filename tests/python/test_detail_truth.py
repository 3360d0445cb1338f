# SPDX-License-Identifier: Apache-2.0
"""Invented detail against the detail that a photograph really held before it was shrunk."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("cv2")

from wonderzoom_rt.evaluate.detail_metrics import (
    AMPLITUDE_ERROR_BAR,
    amplitude_error_octaves,
    truth_correlation,
)
from wonderzoom_rt.evaluate.niqe import niqe
from wonderzoom_rt.synth.detail.enlarge import enlarge
from wonderzoom_rt.synth.detail.resample import Axis, FloatArray, Resampler

PHOTOS = Path(__file__).resolve().parents[1] / "data"
RATIO = 8**0.5
MARGIN = 10
VIEW = (540, 420)


@lru_cache(maxsize=4)
def case(name: str) -> dict[str, FloatArray]:
    """The truth in the middle of a photograph, what is invented from a picture 2.83 times smaller, and the
    cheats.
    """
    photo = np.asarray(Image.open(PHOTOS / f"{name}.jpg").convert("RGB"), dtype=np.float32) / 255
    rows, columns = (round(side / RATIO) + 2 * MARGIN for side in (VIEW[1], VIEW[0]))
    grids = Resampler(
        x=Axis(columns, int(np.ceil(columns * RATIO)), RATIO), y=Axis(rows, int(np.ceil(rows * RATIO)), RATIO)
    )
    high_rows, high_columns = grids.high_shape
    top, left = (photo.shape[0] - high_rows) // 2, (photo.shape[1] - high_columns) // 2
    crop = photo[top : top + high_rows, left : left + high_columns]
    low = grids.down(crop)
    x, y = (round(MARGIN * RATIO),) * 2
    window = (x / RATIO, y / RATIO, VIEW[0] / RATIO, VIEW[1] / RATIO)
    invented = enlarge(low, size=VIEW, window=window, quality="fast", origin=(0, 0), octave=1.5, seed=1)
    view = np.s_[y : y + VIEW[1], x : x + VIEW[0]]
    smooth = grids.up(low)
    unseen = grids.detail(crop).std()
    noise = np.random.default_rng(0).normal(0, unseen, grids.high_shape).astype(np.float32)
    return {
        "truth": crop[view],
        "invented": np.clip(invented, 0, 1),
        "bicubic": np.clip(smooth[view], 0, 1),
        "noise": np.clip((smooth + grids.detail(noise)[..., None])[view], 0, 1),
    }


NAMES = ["creek", "dandelions", "mountains", "valley"]


@pytest.mark.parametrize("name", NAMES)
def test_detail_is_as_strong_as_the_truth_and_where_it_was(name: str) -> None:
    pictures = case(name)
    error = {k: amplitude_error_octaves(v, pictures["truth"], RATIO) for k, v in pictures.items()}
    assert error["invented"] <= AMPLITUDE_ERROR_BAR
    assert error["invented"] < error["bicubic"] and error["invented"] < error["noise"]
    correlation = truth_correlation(pictures["invented"], pictures["truth"], RATIO)
    assert correlation > 0.1
    assert correlation > truth_correlation(pictures["noise"], pictures["truth"], RATIO)


def test_detail_correlates_with_the_truth_on_average() -> None:
    values = [truth_correlation(case(name)["invented"], case(name)["truth"], RATIO) for name in NAMES]
    assert np.mean(values) >= 0.18


@pytest.mark.parametrize("name", NAMES)
def test_detail_looks_more_natural_than_interpolation_and_noise(name: str) -> None:
    pictures = case(name)
    score = niqe(pictures["invented"])
    assert score < niqe(pictures["bicubic"])
    assert score < niqe(pictures["noise"])
