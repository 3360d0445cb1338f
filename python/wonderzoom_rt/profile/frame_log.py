# SPDX-License-Identifier: Apache-2.0
"""`FrameLog`: the numbers of many frames, and their percentiles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..frame import Frame

STAGES = ("select", "load", "list", "upload", "project", "bin", "sort", "blend", "resolve", "other")
"""The stages of a frame in their order; `other` is what none of them accounts for."""


class FrameLog:
    """Collects `Frame.stats` and cameras of frames, not their pictures."""

    def __init__(self) -> None:
        self.stats: list[dict[str, Any]] = []
        self.cameras: list[Camera] = []

    def add(self, frame: Frame) -> None:
        """Takes one more frame."""
        self.stats.append(frame.stats)
        self.cameras.append(frame.camera)

    def __len__(self) -> int:
        return len(self.stats)

    def total_ms(self) -> NDArray[np.float64]:
        """The time (N,) of each frame."""
        return np.array([stats["total_ms"] for stats in self.stats], dtype=np.float64)

    def stages_ms(self) -> dict[str, NDArray[np.float64]]:
        """The times (N,) of each stage that any frame has, in order; `other` makes their sum the frame's time."""
        present = {name for stats in self.stats for name in stats["stages_ms"]}
        ordered = [name for name in STAGES if name in present]
        ordered += sorted(present - set(STAGES))
        stages = {
            name: np.array([stats["stages_ms"].get(name, 0.0) for stats in self.stats], dtype=np.float64)
            for name in ordered
        }
        known = np.sum(list(stages.values()), axis=0) if stages else np.zeros(len(self))
        return {**stages, "other": np.maximum(self.total_ms() - known, 0.0)}

    def numbers(self, group: str, name: str) -> NDArray[np.float64]:
        """The values (N,) of stats[group][name], such as ("funnel", "projected"); 0 where a frame has none."""
        return np.array([stats.get(group, {}).get(name, 0) for stats in self.stats], dtype=np.float64)

    def summary(self) -> dict[str, Any]:
        """frames; frame_ms {p50, p95, p99, p999, mean} and stages_ms {name: {p50, p95}}, ms; fps; low1_fps, over the
        slowest hundredth, one frame at least; funnel, medians; bytes_read and pages_loaded, sums. To five digits."""
        total = self.total_ms()
        if len(total) == 0:
            return {"frames": 0}
        p50, p95, p99, p999 = (_rounded(value) for value in np.percentile(total, (50, 95, 99, 99.9)))
        slowest = np.sort(total)[-math.ceil(len(total) / 100) :]
        funnel = {name: int(np.median(self.numbers("funnel", name))) for name in self.stats[0]["funnel"]}
        return {
            "frames": len(total),
            "frame_ms": {"p50": p50, "p95": p95, "p99": p99, "p999": p999, "mean": _rounded(total.mean())},
            "fps": _rounded(1000.0 / total.mean()),
            "low1_fps": _rounded(1000.0 / slowest.mean()),
            "stages_ms": {
                name: {"p50": _rounded(np.median(values)), "p95": _rounded(np.percentile(values, 95))}
                for name, values in self.stages_ms().items()
            },
            "funnel": funnel,
            "bytes_read": int(self.numbers("bytes", "read").sum()),
            "pages_loaded": int(self.numbers("pages", "loaded").sum()),
        }


def _rounded(value: Any) -> float:
    """To five digits: no timer knows more."""
    return float(f"{float(value):.5g}")
