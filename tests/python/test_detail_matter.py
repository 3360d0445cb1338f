# SPDX-License-Identifier: Apache-2.0
"""Properties of the procedural matter that deep zooms are made of."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from wonderzoom_rt.synth.detail import micro
from wonderzoom_rt.synth.detail.enlarge import enlarge
from wonderzoom_rt.synth.detail.filters import gaussian, luma
from wonderzoom_rt.synth.detail.lattice import Patch
from wonderzoom_rt.synth.detail.matter import MATERIALS, material_weights
from wonderzoom_rt.synth.detail.resample import FloatArray

FAR = 7 * 10**13
STRUCTURES = {
    "relief": lambda patch: micro.relief(patch, 1),
    "cells": lambda patch: micro.cells(patch, 2, 9),
    "pebbles": lambda patch: micro.pebbles(patch, 3, 7),
    "facets": lambda patch: micro.facets(patch, 4, 7),
    "speckle": lambda patch: micro.speckle(patch, 5, 6.0),
    "cracks": lambda patch: micro.cracks(patch, 6, 22),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_are_the_same_in_every_crop_however_far_out(name: str) -> None:
    whole = STRUCTURES[name](Patch(FAR, -FAR, 150, 130, seed=3))
    part = STRUCTURES[name](Patch(FAR + 40, -FAR + 30, 60, 50, seed=3))
    differs = np.abs(whole[30:80, 40:100] - part) > 1e-3
    assert differs.mean() < 0.002
    assert whole.std() > 0.1


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_do_not_repeat(name: str) -> None:
    field = STRUCTURES[name](Patch(0, 0, 320, 256, seed=4))
    field = field - field.mean()
    spectrum = np.abs(np.fft.fft2(field)) ** 2
    correlation = np.fft.ifft2(spectrum).real / (field**2).sum()
    correlation[:25, :25] = correlation[-25:, :25] = correlation[:25, -25:] = correlation[-25:, -25:] = 0
    assert correlation.max() < 0.2


@pytest.mark.parametrize(
    ("color", "material"),
    [
        ((0.25, 0.45, 0.15), "leaf"),
        ((0.5, 0.35, 0.2), "earth"),
        ((0.4, 0.4, 0.41), "stone"),
        ((0.9, 0.92, 0.97), "pale"),
    ],
)
def test_colour_tells_the_material(color: tuple[float, float, float], material: str) -> None:
    weights = material_weights(np.full((40, 40, 3), color, np.float32))
    assert MATERIALS[int(weights[20, 20].argmax())] == material
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, atol=1e-5)


def chain(low: FloatArray, calls: int) -> list[FloatArray]:
    """Each call enlarges the middle of the last picture, as a deep zoom does, with 8-bit pictures between."""
    pictures = []
    for call in range(calls):
        high = enlarge(
            low,
            size=(272, 180),
            window=(10.0, 10.0, 272 / 8**0.5, 180 / 8**0.5),
            quality="fast",
            origin=(FAR + 1000 * call, FAR),
            octave=3.0 + 1.5 * call,
            seed=5,
        )
        assert np.isfinite(high).all()
        pictures.append(np.round(np.clip(high, 0, 1) * 255).astype(np.float32) / 255)
        low = pictures[-1][40:124, 70:187]
    return pictures


def contrast(picture: FloatArray) -> float:
    return float(luma(picture).std())


def test_a_featureless_place_grows_structure_and_keeps_it_for_twelve_zooms() -> None:
    pictures = chain(np.full((84, 117, 3), (0.45, 0.4, 0.3), np.float32), 24)
    contrasts = [contrast(picture) for picture in pictures]
    assert all(0.01 < value < 0.3 for value in contrasts[4:])
    for picture in pictures[4:]:
        plane = luma(picture)
        assert (plane - gaussian(plane, 1.2)).std() > 0.004


def test_matter_keeps_the_mean_colour_of_the_place() -> None:
    low = np.full((84, 117, 3), (0.45, 0.4, 0.3), np.float32)
    for picture in chain(low, 6):
        assert np.abs(picture.mean(axis=(0, 1)) - low[0, 0]).max() < 0.04


def test_matter_has_no_grid_of_coarse_pixels() -> None:
    """Mean power of matter at the coarse pixels' own frequency is no higher than beside it."""
    low = np.full((116, 158, 3), (0.45, 0.4, 0.3), np.float32)
    high = enlarge(low, size=(544, 376), margin=11, quality="fast", origin=(0, 0), octave=6.0, seed=2)
    plane = luma(high)
    power = (np.abs(np.fft.rfft2((plane - plane.mean()) ** 2)) ** 2).mean(axis=0)
    peak = round(544 / 4)
    around = np.concatenate([power[peak - 12 : peak - 3], power[peak + 4 : peak + 13]])
    assert power[peak - 1 : peak + 2].max() < 4 * around.mean()
