# SPDX-License-Identifier: Apache-2.0
"""NIQE ranks sharp photographs before the trivial ways to enlarge a small one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.evaluate.images import area_resize, bicubic_resize, gaussian_blur, luma
from wonderzoom_rt.evaluate.niqe import FEATURES, block_features, fit_pristine, niqe, pooled, pristine_model


@pytest.fixture(scope="module", params=["creek", "mountains", "valley", "dandelions"])
def sharp(request: pytest.FixtureRequest, data_dir: Path) -> NDArray[np.float64]:
    with Image.open(data_dir / f"{request.param}.jpg") as image:
        return luma(np.asarray(image.convert("RGB")))[:576, :1056]


def blurred(sharp: NDArray[np.float64]) -> NDArray[np.float64]:
    return bicubic_resize(area_resize(sharp, 352, 192), 1056, 576)


def test_sharp_photograph_beats_bicubic_noise_and_unsharp(sharp: NDArray[np.float64]) -> None:
    low = blurred(sharp)
    noise = np.random.default_rng(2).standard_normal(sharp.shape) * (sharp - low).std()
    own = niqe(sharp)
    assert own < 8.0
    assert own < 0.7 * niqe(low)
    assert own < 0.7 * niqe(low + noise)
    assert own < 0.8 * niqe(low + 2.0 * (low - gaussian_blur(low, 1.5)))


def test_a_little_blur_is_a_little_worse(sharp: NDArray[np.float64]) -> None:
    values = [niqe(gaussian_blur(sharp, sigma)) for sigma in (1.0, 1.7, 3.0)]
    assert niqe(sharp) < values[0] < values[1] < values[2]


def test_picture_and_its_mirror_image_measure_alike(sharp: NDArray[np.float64]) -> None:
    assert niqe(sharp[:, ::-1]) == pytest.approx(niqe(sharp), rel=0.1)


def test_picture_is_nearest_to_the_model_fitted_on_it(data_dir: Path) -> None:
    with Image.open(data_dir / "creek.jpg") as image:
        creek = luma(np.asarray(image.convert("RGB")))
    model = fit_pristine([creek, creek[::-1], creek[:, ::-1]])
    assert niqe(creek, model=model) < niqe(creek)


def test_pooled_model_has_the_moments_of_both_sets() -> None:
    pictures = [
        np.random.default_rng(seed).random((960, 960 * (3 - 2 * seed))) ** (1 + seed) for seed in (0, 1)
    ]
    features = [block_features(picture)[0] for picture in pictures]
    one, other = (fit_pristine([picture], sources=[str(k)]) for k, picture in enumerate(pictures))
    both = pooled(one, other, share=0.75)  # 300 blocks of 400
    rows = np.concatenate(features)
    assert both.sources == ("0", "1")
    assert both.mean == pytest.approx(rows.mean(axis=0), rel=1e-6)
    wanted = np.cov(rows, rowvar=False)
    deviation = np.sqrt(np.diag(wanted))
    assert (np.abs(both.covariance - wanted) <= 0.03 * np.outer(deviation, deviation)).all()


def test_model_in_the_package_is_whole_and_says_where_it_is_from() -> None:
    model = pristine_model()
    assert model.mean.shape == (FEATURES,)
    assert np.linalg.eigvalsh(model.covariance).min() > 0.0
    assert all("CC" in source or "public domain" in source for source in model.sources)


def test_flat_picture_gives_a_finite_number() -> None:
    assert np.isfinite(niqe(np.full((300, 400), 0.5)))


def test_gaussian_noise_has_the_shape_of_a_gaussian() -> None:
    """A generalised Gaussian of shape 2 is a Gaussian: what normalised white noise nearly is."""
    noise = 0.5 + 0.2 * np.random.default_rng(4).standard_normal((480, 480))
    features, _ = block_features(noise)
    assert features[:, 0].mean() == pytest.approx(2.7, abs=0.8)


def test_too_small_a_picture_is_refused() -> None:
    with pytest.raises(InputError, match="96x96"):
        niqe(np.zeros((95, 200)))
    with pytest.raises(InputError, match="sharp blocks"):
        fit_pristine([np.random.default_rng(0).random((200, 200))])
