# SPDX-License-Identifier: Apache-2.0
"""Is invented detail of the right strength, and in the right place? Energy above the coarse Nyquist.

`ratio` is how many pixels of the picture one coarse pixel spans (per axis, > 1); the **coarse Nyquist**
is then 0.5 / ratio cycles per pixel: above it the coarse picture holds nothing, all is invention.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.errors import InputError

from .images import QUANTISATION_RMS, FloatArray, block_mean, frequency_grid, luma, mirrored

#: Bars of the measurement table.
AMPLITUDE_ERROR_BAR = 0.7
TRUTH_CORRELATION_BAR = 0.2
DETAIL_ENERGY_BAR = (0.3, 2.5)

#: RMS (0..1) of detail that is only just seen: `detail_energy` adds its square to what it found and to what
#: it expected.
JUST_SEEN_RMS = 1.5 / 255.0

BLOCK_PX = 60
ORIENTATIONS = 4
RINGS = 2
#: RMS per band (0..1) below which an amplitude cannot be told from the noise of an 8-bit picture.
BAND_FLOOR = 2.0 * QUANTISATION_RMS / math.sqrt(ORIENTATIONS * RINGS)
#: Part of the picture's own pass band that is compared: the outermost frequencies hold sampling artefacts.
TOP_FREQUENCY = 0.45


def _check_ratio(ratio: float) -> float:
    if not (math.isfinite(ratio) and 1.2 <= ratio <= 64.0):
        raise InputError(f"coarse ratio: expected a number in 1.2..64, got {ratio!r}")
    return float(ratio)


def _pair(picture: NDArray[Any], truth: NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    a, b = luma(picture), luma(truth, name="truth")
    if a.shape != b.shape:
        raise InputError(f"expected picture and truth of one size, got {a.shape} and {b.shape}")
    if min(a.shape) < BLOCK_PX:
        raise InputError(f"expected at least {BLOCK_PX}x{BLOCK_PX} pixels, got {a.shape[1]}x{a.shape[0]}")
    return a, b


def _step(value: FloatArray, edge: float, width: float) -> FloatArray:
    """0 below `edge - width/2`, 1 above `edge + width/2`, a raised cosine between."""
    t = np.clip((value - edge) / width + 0.5, 0.0, 1.0)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * t), np.float64)


def _ring_gain(radius: FloatArray, low: float, high: float) -> FloatArray:
    """Pass band low..high of the frequency radius, with edges of a tenth of an octave so that it rings
    little.
    """
    octave = np.log2(np.maximum(radius, 1e-9))
    rise = _step(octave, math.log2(low), 0.1)
    fall = 1.0 - _step(octave, math.log2(high), 0.1)
    return np.asarray(np.sqrt(rise * fall), np.float64)


def _sector_gain(angle: FloatArray, index: int) -> FloatArray:
    """Amplitude gain of orientation sector `index`; the squares of all sectors sum to 1 at every angle."""
    width = math.pi / ORIENTATIONS
    offset = (angle - index * width + math.pi / 2) % math.pi - math.pi / 2
    t = np.clip(np.abs(offset) / width, 0.0, 1.0)
    return np.asarray(np.cos(0.5 * np.pi * t), np.float64)


def _band_amplitudes(grey: FloatArray, ratio: float) -> FloatArray:
    """Local RMS (bands, rows, columns) of `grey` in RINGS x ORIENTATIONS bands between coarse Nyquist and
    TOP_FREQUENCY.
    """
    margin = BLOCK_PX
    padded = mirrored(grey - grey.mean(), margin)
    top = (padded.shape[0] - grey.shape[0]) // 2
    spectrum = np.fft.rfft2(padded)
    fx, fy = frequency_grid(*padded.shape)
    radius, angle = np.hypot(fx, fy), np.arctan2(fy, fx)
    edges = np.geomspace(0.5 / ratio, TOP_FREQUENCY, RINGS + 1)
    bands = []
    for ring in range(RINGS):
        gain = _ring_gain(radius, edges[ring], edges[ring + 1])
        for sector in range(ORIENTATIONS):
            band = np.fft.irfft2(spectrum * gain * _sector_gain(angle, sector), s=padded.shape)
            band = band[top : top + grey.shape[0], top : top + grey.shape[1]]
            bands.append(np.sqrt(block_mean(band * band, BLOCK_PX)))
    return np.stack(bands)


def amplitude_error_octaves(picture: NDArray[Any], truth: NDArray[Any], coarse_ratio: float) -> float:
    """How wrong the *strength* of the detail is: mean |log2(amplitude / true amplitude)|; 0 is perfect, 1 is
    a factor of two.

    Both pictures (H, W[, 3]) have one size. Their lumas are split into 8 bands above the coarse Nyquist
    (4 orientations x 2 rings of equal width in octaves, up to 0.45 cycles/px), and the RMS of each band is
    taken in blocks of 60 px. Of every (band, block) pair the error is |log2| of the two amplitudes, each
    joined with the noise floor as sqrt(a^2 + floor^2).

    Near-silent pairs: the mean is weighted by s = A^2 / (A^2 + (2 floor)^2), A the larger amplitude of the
    two. A pair that is silent in both weighs nothing, so that a large sky can neither help nor hurt; one that
    is silent in one only weighs fully, so that noise put on a sky and texture lost both count. The floor is
    twice the rounding noise of 8-bit pictures, shared out over the bands. All silent: 0.
    """
    ratio = _check_ratio(coarse_ratio)
    if 0.5 / ratio >= 0.8 * TOP_FREQUENCY:
        raise InputError(
            f"coarse ratio: expected at least {0.5 / (0.8 * TOP_FREQUENCY):.2f} to compare bands, got {ratio}"
        )
    grey, true_grey = _pair(picture, truth)
    shown, true = _band_amplitudes(grey, ratio), _band_amplitudes(true_grey, ratio)
    error = 0.5 * np.abs(np.log2((shown**2 + BAND_FLOOR**2) / (true**2 + BAND_FLOOR**2)))
    larger = np.maximum(shown, true) ** 2
    weight = larger / (larger + (2.0 * BAND_FLOOR) ** 2)
    total = float(weight.sum())
    return float((error * weight).sum() / total) if total > 1e-6 * weight.size else 0.0


def _above(grey: FloatArray, ratio: float) -> FloatArray:
    """`grey` with everything below the coarse Nyquist removed."""
    padded = mirrored(grey - grey.mean(), BLOCK_PX)
    top = (padded.shape[0] - grey.shape[0]) // 2
    fx, fy = frequency_grid(*padded.shape)
    gain = _ring_gain(np.hypot(fx, fy), 0.5 / ratio, 1.0)
    high = np.fft.irfft2(np.fft.rfft2(padded) * gain, s=padded.shape)
    return np.asarray(high[top : top + grey.shape[0], top : top + grey.shape[1]], np.float64)


def truth_correlation(picture: NDArray[Any], truth: NDArray[Any], coarse_ratio: float) -> float:
    """Is the detail in the right *place*: correlation (-1..1) of the two lumas above the coarse Nyquist, over
    the whole picture.

    It says nothing of strength (a faint blur that follows the edges correlates well), hence only together
    with `amplitude_error_octaves`. A picture without any detail there correlates 0.
    """
    ratio = _check_ratio(coarse_ratio)
    grey, true_grey = _pair(picture, truth)
    a, b = _above(grey, ratio), _above(true_grey, ratio)
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / norm if norm > 1e-12 * a.size else 0.0


def _windowed_power(grey: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(power, radius, multiplicity) of a Hann-windowed luma; the sum of power x multiplicity is its
    variance.
    """
    height, width = grey.shape
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[None, 1:-1]
    centred = (grey - (grey * window).sum() / window.sum()) * window
    power = np.abs(np.fft.rfft2(centred)) ** 2 / (height * width * (window**2).sum())
    fx, fy = frequency_grid(height, width)
    multiplicity = np.full((1, fx.shape[1]), 2.0)
    multiplicity[0, 0] = 1.0
    if width % 2 == 0:
        multiplicity[0, -1] = 1.0
    return power, np.hypot(fx, fy), multiplicity * np.ones_like(power)


def _density_in_rings(grey: FloatArray, low: float, high: float, count: int) -> tuple[FloatArray, FloatArray]:
    """(frequency, power density per (cycle/px)^2) of `grey` in log-spaced rings low..high, before its pixels
    averaged it.

    The average over a pixel's square damps amplitudes by sinc(fx) sinc(fy); that is divided out. Empty rings
    are left out.
    """
    power, radius, multiplicity = _windowed_power(grey)
    fx, fy = frequency_grid(*grey.shape)
    power = power / (np.sinc(fx) * np.sinc(fy)) ** 2
    edges = np.geomspace(low, high, count + 1)
    index = np.digitize(radius, edges) - 1
    frequencies, densities = [], []
    for ring in range(count):
        inside = index == ring
        cells = float(multiplicity[inside].sum())
        if cells < 8.0:
            continue
        density = float((power * multiplicity)[inside].sum()) / cells * grey.size
        frequencies.append(math.sqrt(edges[ring] * edges[ring + 1]))
        densities.append(density)
    return np.array(frequencies), np.array(densities)


def _power_law(frequency: FloatArray, density: FloatArray) -> tuple[float, float]:
    """(log2 density at frequency 1, slope) of density ~ frequency^slope by the median of all pairwise slopes
    (Theil-Sen).
    """
    x, y = np.log2(frequency), np.log2(density)
    i, j = np.triu_indices(len(x), 1)
    far = np.abs(x[i] - x[j]) > 0.5
    slope = float(np.median((y[i] - y[j])[far] / (x[i] - x[j])[far]))
    slope = min(max(slope, -5.0), -1.0)
    return float(np.median(y - slope * x)), slope


def detail_energy(picture: NDArray[Any], coarse: NDArray[Any], ratio: float) -> float:
    """Energy of `picture` above the coarse Nyquist over what the power law of `coarse` predicts there; about
    1 is natural.

    picture: (H, W[, 3]); coarse: the same view before the zoom, about `ratio` times smaller per axis. Natural
    pictures have spectra close to a power law; the law is fitted to the Hann-windowed spectrum of the coarse
    luma between 0.04 and 0.3 cycles per coarse pixel (nearer its Nyquist a coarse picture is blurred or
    aliased by whatever shrank it; the average over its pixels is divided out) in 12 log-spaced rings,
    robustly (median of pairwise slopes, held to -5..-1), then continued from coarse Nyquist to the picture's
    own and integrated. The energy of just visible detail (1.5 / 255 RMS) is added to both, so that flat over
    flat is 1 and nothing is judged that nobody sees. Bar: 0.3 to 2.5; below is blur, above is noise or
    oversharpening. InputError if either picture is too small.
    """
    ratio = _check_ratio(ratio)
    grey, small = luma(picture), luma(coarse, name="coarse")
    if min(small.shape) < 24 or min(grey.shape) < 48:
        raise InputError(
            f"detail_energy: expected at least 24 px coarse and 48 px fine, got {small.shape} and {grey.shape}"
        )
    frequency, density = _density_in_rings(small, 0.04, 0.3, 12)
    density = density + QUANTISATION_RMS**2
    offset, slope = _power_law(frequency, density)
    low, high = 0.5, 0.5 * ratio
    if abs(slope + 2.0) < 1e-6:
        integral = math.log(high / low)
    else:
        integral = (high ** (slope + 2.0) - low ** (slope + 2.0)) / (slope + 2.0)
    predicted = 2.0**offset * 2.0 * math.pi * integral
    power, radius, multiplicity = _windowed_power(grey)
    inside = (radius >= 0.5 / ratio) & (radius <= 0.5)
    measured = float((power * multiplicity)[inside].sum())
    floor = JUST_SEEN_RMS**2
    return float((measured + floor) / (predicted + floor))
