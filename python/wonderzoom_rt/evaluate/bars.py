# SPDX-License-Identifier: Apache-2.0
"""The bars that measurements are held to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from . import consistency, fades, orbit, seams
from .detail_metrics import AMPLITUDE_ERROR_BAR, DETAIL_ENERGY_BAR, TRUTH_CORRELATION_BAR


@dataclass(frozen=True)
class Bar:
    """low <= value <= high. words: for people. source: the key whose value is judged, when it is another
    one.
    """

    low: float
    high: float
    words: str
    source: str | None = None

    def holds(self, value: float) -> bool:
        """Whether a value is within; NaN (nothing to measure) is."""
        return math.isnan(value) or self.low <= value <= self.high

    def badness(self, value: float) -> float:
        """Larger is worse: how far beyond the nearer end, relative to it, or how near to it."""
        over = value / self.high if math.isfinite(self.high) else -math.inf
        under = self.low / max(value, 1e-12) if math.isfinite(self.low) and self.low > 0.0 else -math.inf
        return max(over, under)


def _most(high: float, text: str | None = None) -> Bar:
    return Bar(-math.inf, high, f"<= {text or format(high, 'g')}")


def _least(low: float) -> Bar:
    return Bar(low, math.inf, f">= {low:g}")


#: Lower than both of its rivals, by more than two noises of one kind differ.
NIQE_RATIO_BAR = 0.95

BARS: dict[str, Bar] = {
    "photo_psnr_db": _least(consistency.PHOTO_PSNR_BAR),
    "coverage_dip": _most(fades.COVERAGE_DIP_BAR, "1/255"),
    "fade_error": _most(fades.FADE_ERROR_BAR),
    "blink_ratio": _most(fades.BLINK_BAR),
    "scale_psnr_db": _least(consistency.SCALE_PSNR_BAR),
    "seam_ratio": _most(seams.SEAM_BAR),
    "depth_median_rel": _most(consistency.DEPTH_MEDIAN_BAR),
    "depth_p99_rel": _most(consistency.DEPTH_P99_BAR),
    "relief_parallax_px": _least(consistency.RELIEF_BAR),
    "holes_fraction": _most(orbit.HOLES_BAR),
    "stretched_fraction": _most(orbit.STRETCHED_BAR),
    "detail_energy": Bar(*DETAIL_ENERGY_BAR, f"{DETAIL_ENERGY_BAR[0]:g} to {DETAIL_ENERGY_BAR[1]:g}"),
    "niqe": Bar(
        -math.inf, NIQE_RATIO_BAR, f"< {NIQE_RATIO_BAR:g} of bicubic's, noise's", source="niqe_ratio"
    ),
    "amplitude_error_octaves": _most(AMPLITUDE_ERROR_BAR),
    "truth_correlation": _least(TRUTH_CORRELATION_BAR),
}
