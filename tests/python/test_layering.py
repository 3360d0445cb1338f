# SPDX-License-Identifier: Apache-2.0
"""The dependency table holds in the sources, and the checker finds what is planted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import layering  # noqa: E402


def tree(root: Path, files: dict[str, str]) -> Path:
    """A source tree with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_sources_follow_the_dependency_table() -> None:
    assert layering.violations() == []


def test_every_module_of_the_tree_was_looked_at() -> None:
    seen = {layering.module_of(ROOT, f) for f in layering.cpp_files(ROOT)}
    assert {"shared", "core", "world", "raster", "engine", "bindings"} <= seen


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("cpp/shared/vec.h", "#include <vector>", "only <cmath>"),
        ("cpp/shared/vec.h", '#include "core/errors.h"', "may not include"),
        ("cpp/world/page.h", '#include "engine/engine.h"', "may not include"),
        ("cpp/cull/select.cpp", '#include "stream/streamer.h"', "may not include"),
        ("cpp/stream/streamer.cpp", '#include "cull/select.h"', "may not include"),
        ("cpp/raster/r.cpp", '#include "world/page.h"', "may not include"),
        ("cpp/engine/engine.cpp", "#include <pybind11/pybind11.h>", "only bindings"),
        ("cpp/engine/engine.cpp", '#include "cuda/cuda_rasterizer.h"', "may not include"),
        ("cpp/raster/r.cpp", "#include <cuda_runtime.h>", "only cuda/"),
        ("cpp/core/a.cpp", '#include "errors.h"', "no module"),
        ("cpp/extras/a.cpp", "", "not in the dependency table"),
        ("cuda/pass.cu", '#include "world/page.h"', "may not include"),
        ("python/wonderzoom_rt/viewer/a.py", "from wonderzoom_rt.synth import types", "may not import synth"),
        ("python/wonderzoom_rt/synth/a.py", "from ..viewer import app", "may not import viewer"),
        ("python/wonderzoom_rt/synth/a.py", "from wonderzoom_rt import world", "may not import world"),
        (
            "python/wonderzoom_rt/synth/a.py",
            "if TYPE_CHECKING:\n    from ..viewer import app",
            "import viewer",
        ),
        ("python/wonderzoom_rt/camera.py", "from .layer import SurfelLayer", "may not import layer"),
        ("python/wonderzoom_rt/evaluate/a.py", "def f():\n    import torch\n", "only synth and bench may"),
        ("python/wonderzoom_rt/viewer/b.py", "if TYPE_CHECKING:\n    from ..synth import types", "not even"),
        ("python/wonderzoom_rt/world.py", "from .synth import first", "only inside a function"),
        ("python/wonderzoom_rt/extras.py", "", "not in the dependency table"),
    ],
)
def test_planted_violation_is_found(tmp_path: Path, file: str, text: str, words: str) -> None:
    found = layering.violations(tree(tmp_path, {file: text}))
    assert len(found) == 1
    assert found[0].startswith(file)
    assert words in found[0]


def test_selection_may_not_reach_files_through_another_header(tmp_path: Path) -> None:
    files = {
        "cpp/cull/select.cpp": '#include "world/snapshot.h"',
        "cpp/world/snapshot.h": '#include "world/world_file.h"',
        "cpp/world/world_file.h": "",
    }
    (found,) = layering.violations(tree(tmp_path, files))
    assert "world/world_file.h" in found


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("cpp/engine/backends.cpp", '#include "cuda/cuda_rasterizer.h"'),
        ("cpp/bindings/module.cpp", '#include <pybind11/pybind11.h>\n#include "engine/engine.h"'),
        ("cpp/shared/vec.h", "#include <cmath>\n#include <cstdint>"),
        ("cuda/pass.cu", '#include <cub/device/device_radix_sort.cuh>\n#include "raster/rasterizer.h"'),
        ("python/wonderzoom_rt/jobs/a.py", "from ..synth.types import ZoomRequest"),
        ("python/wonderzoom_rt/world.py", "def from_image():\n    from .synth import first\n"),
        ("python/wonderzoom_rt/synth/a.py", "import torch\nfrom .. import camera"),
        ("python/wonderzoom_rt/synth/a.py", "if TYPE_CHECKING:\n    from ..world import World"),
    ],
)
def test_allowed_dependency_passes(tmp_path: Path, file: str, text: str) -> None:
    assert layering.violations(tree(tmp_path, {file: text})) == []
