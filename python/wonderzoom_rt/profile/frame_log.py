# SPDX-License-Identifier: Apache-2.0
"""`FrameLog`: the numbers of many frames, and their percentiles."""

from __future__ import annotations

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
        """frame_ms {p50, p95, p99, p999, mean}, fps, low1_fps, stages_ms {name: {p50, p95}}, funnel, bytes_read."""
        total = self.total_ms()
        if len(total) == 0:
            return {"frames": 0}
        p50, p95, p99, p999 = (float(value) for value in np.percentile(total, (50, 95, 99, 99.9)))
        slowest = np.sort(total)[-max(1, len(total) // 100) :]
        funnel = {name: int(np.median(self.numbers("funnel", name))) for name in self.stats[0]["funnel"]}
        return {
            "frames": len(total),
            "frame_ms": {"p50": p50, "p95": p95, "p99": p99, "p999": p999, "mean": float(total.mean())},
            "fps": 1000.0 / float(total.mean()),
            "low1_fps": 1000.0 / float(slowest.mean()),
            "stages_ms": {
                name: {"p50": float(np.median(values)), "p95": float(np.percentile(values, 95))}
                for name, values in self.stages_ms().items()
            },
            "funnel": funnel,
            "bytes_read": int(self.numbers("bytes", "read").sum()),
            "pages_loaded": int(self.numbers("pages", "loaded").sum()),
        }
