# SPDX-License-Identifier: Apache-2.0
"""NIQE: how far a picture's local statistics are from those of sharp natural photographs. Lower is better.

Written from the formulas of Mittal, Soundararajan and Bovik, "Making a completely blind image quality
analyzer" (2013). The model of pristine pictures is our own (`niqe_pristine.npz`, made by `fit_pristine` and
`pooled` from the photographs its record names), so numbers rank pictures here but are not those of other
implementations.

A fifth of the model is from pictures 300 to 1632 px wide, most of them reduced, the rest from six photographs at the
camera's own resolution, reduced by 1.5 and to 1088 px: natural detail is softer in a camera's own pixels than in
reduced ones. The reduced ones alone hold blurred noise to be more natural than the true detail of a photograph, at 8
of 12 places; without them, true detail in a small picture loses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.errors import InputError

from .images import FloatArray, area_resize, convolve_separable, luma

#: Side of a block at the picture's own size, px; half of it at the second scale.
BLOCK_PX = 96
FEATURES = 36
#: Pristine statistics come from blocks at least this sharp, relative to the sharpest of their picture.
SHARP_PART = 0.7
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
_MODEL = Path(__file__).with_name("niqe_pristine.npz")


@dataclass(frozen=True)
class PristineModel:
    """A Gaussian over block features: `mean` (36,), `covariance` (36, 36), and where it came from."""

    mean: FloatArray
    covariance: FloatArray
    sources: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _shape_tables() -> tuple[FloatArray, FloatArray]:
    """(shape, Gamma(2/shape)^2 / (Gamma(1/shape) Gamma(3/shape))), increasing, for shapes 0.2..10."""
    shape = np.linspace(0.2, 10.0, 4901)
    ratio = [math.exp(2 * math.lgamma(2 / s) - math.lgamma(1 / s) - math.lgamma(3 / s)) for s in shape]
    return shape, np.array(ratio)


@lru_cache(maxsize=1)
def _window() -> FloatArray:
    kernel = np.exp(-0.5 * (np.arange(-3, 4) / (7.0 / 6.0)) ** 2)
    return np.asarray(kernel / kernel.sum(), np.float64)


def _normalised(grey: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(locally normalised luminance, local deviation) of values on the 0..255 scale."""
    mean = convolve_separable(grey, _window())
    variance = convolve_separable(grey * grey, _window()) - mean * mean
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return (grey - mean) / (deviation + 1.0), deviation


def _blocks(image: FloatArray, block: int) -> FloatArray:
    """(count, block * block): whole blocks from the top left."""
    rows, columns = image.shape[0] // block, image.shape[1] // block
    cut = image[: rows * block, : columns * block].reshape(rows, block, columns, block)
    return cut.transpose(0, 2, 1, 3).reshape(rows * columns, block * block)


def _symmetric_features(values: FloatArray) -> FloatArray:
    """(count, 2): shape and variance of a generalised Gaussian, by moments."""
    shape, ratio = _shape_tables()
    square = np.mean(values**2, axis=1)
    absolute = np.mean(np.abs(values), axis=1)
    return np.stack([np.interp(absolute**2 / np.maximum(square, 1e-12), ratio, shape), square], axis=1)


def _asymmetric_features(values: FloatArray) -> FloatArray:
    """(count, 4): shape, mean, left and right variance of an asymmetric generalised Gaussian, by moments."""
    shape, ratio = _shape_tables()
    negative, positive = values < 0, values > 0
    left = np.sum(values**2 * negative, axis=1) / np.maximum(negative.sum(axis=1), 1)
    right = np.sum(values**2 * positive, axis=1) / np.maximum(positive.sum(axis=1), 1)
    skew = np.sqrt(np.maximum(left, 1e-12) / np.maximum(right, 1e-12))
    moment = np.mean(np.abs(values), axis=1) ** 2 / np.maximum(np.mean(values**2, axis=1), 1e-12)
    wanted = moment * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
    alpha = np.interp(wanted, ratio, shape)
    spread = np.array(
        [math.exp(math.lgamma(2 / a) - 0.5 * (math.lgamma(1 / a) + math.lgamma(3 / a))) for a in alpha]
    )
    mean = (np.sqrt(right) - np.sqrt(left)) * spread
    return np.stack([alpha, mean, left, right], axis=1)


def block_features(picture: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """Features (blocks, 36) of the 96-px blocks of a picture (H, W[, 3]) at two scales, and their sharpness
    (blocks,).

    InputError for a picture of less than 96 x 96.
    """
    grey = luma(picture) * 255.0
    if min(grey.shape) < BLOCK_PX:
        raise InputError(
            f"niqe: expected at least {BLOCK_PX}x{BLOCK_PX} px, got {grey.shape[1]}x{grey.shape[0]}"
        )
    grey = grey[: grey.shape[0] // BLOCK_PX * BLOCK_PX, : grey.shape[1] // BLOCK_PX * BLOCK_PX]
    columns: list[FloatArray] = []
    sharpness = np.zeros(0)
    for scale in (1, 2):
        block = BLOCK_PX // scale
        normal, deviation = _normalised(grey)
        if scale == 1:
            sharpness = _blocks(deviation, block).mean(axis=1)
        columns.append(_symmetric_features(_blocks(normal, block)))
        for shift in _SHIFTS:
            columns.append(_asymmetric_features(_blocks(normal * np.roll(normal, shift, axis=(0, 1)), block)))
        grey = area_resize(grey, grey.shape[1] // 2, grey.shape[0] // 2)
    return np.concatenate(columns, axis=1), sharpness


def fit_pristine(pictures: Iterable[NDArray[Any]], *, sources: Iterable[str] = ()) -> PristineModel:
    """The model of a set of sharp natural photographs, from the sharper blocks of each."""
    kept = []
    for picture in pictures:
        features, sharpness = block_features(picture)
        kept.append(features[sharpness >= SHARP_PART * sharpness.max()])
    rows = np.concatenate(kept) if kept else np.zeros((0, FEATURES))
    if len(rows) < 2 * FEATURES:
        raise InputError(f"fit_pristine: expected at least {2 * FEATURES} sharp blocks, got {len(rows)}")
    return PristineModel(rows.mean(axis=0), np.cov(rows, rowvar=False), tuple(sources))


def pooled(one: PristineModel, other: PristineModel, *, share: float = 0.5) -> PristineModel:
    """The model of two sets of photographs together; `share` (0..1) is how much the first set counts."""
    apart = one.mean - other.mean
    return PristineModel(
        share * one.mean + (1.0 - share) * other.mean,
        share * one.covariance
        + (1.0 - share) * other.covariance
        + share * (1.0 - share) * np.outer(apart, apart),
        one.sources + other.sources,
    )


@lru_cache(maxsize=1)
def pristine_model() -> PristineModel:
    """The model that comes with the package."""
    with np.load(_MODEL, allow_pickle=False) as data:
        return PristineModel(data["mean"], data["covariance"], tuple(str(s) for s in data["sources"]))


def niqe(picture: NDArray[Any], *, model: PristineModel | None = None) -> float:
    """Distance of a picture (H, W[, 3]) from natural statistics: about 3 to 6 for sharp photographs, more for
    worse ones.

    sqrt(d^T ((C + C0) / 2)^+ d), d the difference of the two feature means, C and C0 the covariances over
    this picture's blocks and over the pristine ones.
    """
    reference = model or pristine_model()
    features, _ = block_features(picture)
    difference = features.mean(axis=0) - reference.mean
    own = np.cov(features, rowvar=False) if len(features) > 1 else np.zeros_like(reference.covariance)
    inverse = np.linalg.pinv((own + reference.covariance) / 2.0, hermitian=True)
    return math.sqrt(max(0.0, float(difference @ inverse @ difference)))
