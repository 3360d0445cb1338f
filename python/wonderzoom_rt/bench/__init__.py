# SPDX-License-Identifier: Apache-2.0
"""Benchmarks as data: named scenes, camera paths, the machine's own limits, results that can be compared.

result = run_bench(Wishes("field-500k", path="orbit", frames=60))
scene = make_scene("stack-12")
rows = compare.compare(before, after)
"""

from __future__ import annotations

from . import compare
from .measure import Settings
from .run import Wishes, run_bench
from .scene import Scene
from .scenes import SCENES, make_scene, open_subject

__all__ = ["SCENES", "Scene", "Settings", "Wishes", "compare", "make_scene", "open_subject", "run_bench"]
