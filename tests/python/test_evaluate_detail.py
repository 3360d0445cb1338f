# SPDX-License-Identifier: Apache-2.0
"""The detail metrics report what is wrong with detail, and the trivial cheats fail at least one of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.evaluate.detail_metrics import (
    AMPLITUDE_ERROR_BAR,
    DETAIL_ENERGY_BAR,
    TRUTH_CORRELATION_BAR,
    amplitude_error_octaves,
    detail_energy,
    truth_correlation,
)
from wonderzoom_rt.evaluate.images import area_resize, bicubic_resize, gaussian_blur, luma

RATIO = 3.0
Picture = NDArray[np.float64]


def true_and_coarse(path: Path) -> tuple[Picture, Picture]:
    """A real photograph's luma (540, 720) and its exact reduction by three."""
    with Image.open(path) as image:
        grey = luma(np.asarray(image.convert("RGB")))
    grey = grey[60:600, 200:920]
    height, width = grey.shape
    return grey, area_resize(grey, width // 3, height // 3)


@pytest.fixture(scope="module", params=["creek", "mountains", "valley"])
def pair(request: pytest.FixtureRequest, data_dir: Path) -> tuple[Picture, Picture]:
    return true_and_coarse(data_dir / f"{request.param}.jpg")


def enlarged(coarse: Picture) -> Picture:
    return bicubic_resize(coarse, coarse.shape[1] * 3, coarse.shape[0] * 3)


def unsharp(coarse: Picture, strength: float = 1.2) -> Picture:
    big = enlarged(coarse)
    return big + strength * (big - gaussian_blur(big, 1.5))


def noisy(coarse: Picture, true: Picture, seed: int = 3) -> Picture:
    """Bicubic plus white noise, zero-mean per coarse pixel, of the energy that the truth adds to bicubic."""
    noise = np.random.default_rng(seed).standard_normal(true.shape)
    noise -= enlarged(area_resize(noise, coarse.shape[1], coarse.shape[0]))
    big = enlarged(coarse)
    return big + noise * ((true - big).std() / noise.std())


def passes(picture: Picture, true: Picture) -> bool:
    return (
        amplitude_error_octaves(picture, true, RATIO) <= AMPLITUDE_ERROR_BAR
        and truth_correlation(picture, true, RATIO) >= TRUTH_CORRELATION_BAR
    )


def test_the_truth_itself_is_perfect(pair: tuple[Picture, Picture]) -> None:
    true, _ = pair
    assert amplitude_error_octaves(true, true, RATIO) == 0.0
    assert truth_correlation(true, true, RATIO) == pytest.approx(1.0)


def test_halved_detail_is_one_octave_off(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    low = enlarged(coarse)
    half = true - 0.5 * (true - gaussian_blur(true, 6.0))
    assert amplitude_error_octaves(half, true, RATIO) == pytest.approx(1.0, abs=0.12)
    assert truth_correlation(half, true, RATIO) > 0.99
    assert amplitude_error_octaves(low, true, RATIO) > 1.2


def test_misplaced_detail_loses_its_correlation_only(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    detail = true - enlarged(coarse)
    moved = enlarged(coarse) + np.roll(detail, (5, 7), axis=(0, 1))
    assert truth_correlation(moved, true, RATIO) < 0.25
    assert amplitude_error_octaves(moved, true, RATIO) < 0.3


@pytest.mark.parametrize("cheat", ["bicubic", "unsharp", "noise"])
def test_cheats_fail_against_the_truth(pair: tuple[Picture, Picture], cheat: str) -> None:
    true, coarse = pair
    made = {"bicubic": enlarged(coarse), "unsharp": unsharp(coarse), "noise": noisy(coarse, true)}[cheat]
    assert not passes(made, true)


def test_half_right_detail_of_the_right_strength_passes(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    detail, noise = true - enlarged(coarse), noisy(coarse, true) - enlarged(coarse)
    local = np.sqrt(gaussian_blur(detail**2, 12.0) / gaussian_blur(noise**2, 12.0))
    assert passes(enlarged(coarse) + 0.7 * detail + 0.7 * local * noise, true)


def test_large_silent_sky_does_not_hide_a_blur(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    sky = np.full_like(true, 0.7)
    with_sky = amplitude_error_octaves(np.vstack([sky, enlarged(coarse)]), np.vstack([sky, true]), RATIO)
    assert with_sky == pytest.approx(amplitude_error_octaves(enlarged(coarse), true, RATIO), rel=0.1)


def test_noise_on_a_silent_sky_is_reported() -> None:
    sky = np.full((240, 360), 0.7)
    noise = np.random.default_rng(1).standard_normal(sky.shape)
    assert amplitude_error_octaves(sky, sky, RATIO) == 0.0
    assert amplitude_error_octaves(sky + 0.01 * noise, sky, RATIO) > 1.0


def test_energy_of_real_detail_is_within_the_bar_and_of_blur_below(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    low, high = DETAIL_ENERGY_BAR
    assert low <= detail_energy(true, coarse, RATIO) <= high
    assert detail_energy(enlarged(coarse), coarse, RATIO) < low
    assert detail_energy(unsharp(coarse, 0.5), coarse, RATIO) < low


def test_loud_noise_has_too_much_energy(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    loud = enlarged(coarse) + 2.5 * (noisy(coarse, true) - enlarged(coarse))
    assert detail_energy(loud, coarse, RATIO) > DETAIL_ENERGY_BAR[1]


def test_energy_does_not_depend_on_a_border_or_a_ramp(pair: tuple[Picture, Picture]) -> None:
    true, coarse = pair
    plain = detail_energy(true, coarse, RATIO)
    ramp, small_ramp = (np.linspace(-0.2, 0.2, p.shape[1])[None, :] for p in (true, coarse))
    assert detail_energy(true + ramp, coarse + small_ramp, RATIO) == pytest.approx(plain, rel=0.25)


def test_flat_over_flat_is_one() -> None:
    assert detail_energy(np.full((300, 300), 0.5), np.full((100, 100), 0.5), RATIO) == pytest.approx(
        1.0, abs=0.05
    )


def test_energy_of_a_power_law_continued_is_one() -> None:
    """A synthetic picture of amplitude 1/f, and the same picture with nothing above the coarse Nyquist
    removed by area.
    """
    rng = np.random.default_rng(5)
    fx, fy = np.fft.rfftfreq(720)[None, :], np.fft.fftfreq(720)[:, None]
    spectrum = np.fft.rfft2(rng.standard_normal((720, 720))) / np.maximum(np.hypot(fx, fy), 1 / 720)
    picture = np.fft.irfft2(spectrum, s=(720, 720))
    picture = 0.5 + 0.15 * picture / picture.std()
    assert detail_energy(picture, area_resize(picture, 240, 240), RATIO) == pytest.approx(1.0, abs=0.3)


@pytest.mark.parametrize("ratio", [float("nan"), 0.0, -3.0, 1.0, 1e9])
def test_impossible_ratio_is_refused(ratio: float) -> None:
    picture = np.zeros((120, 120))
    for measure in (amplitude_error_octaves, truth_correlation, detail_energy):
        with pytest.raises(InputError, match="ratio"):
            measure(picture, picture, ratio)


def test_wrong_pictures_are_refused() -> None:
    good = np.zeros((120, 120))
    with pytest.raises(InputError, match="one size"):
        amplitude_error_octaves(good, np.zeros((120, 121)), RATIO)
    with pytest.raises(InputError, match="NaN"):
        truth_correlation(np.full((120, 120), np.nan), good, RATIO)
    with pytest.raises(InputError, match="at least"):
        detail_energy(good, np.zeros((10, 10)), RATIO)
