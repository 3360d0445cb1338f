# SPDX-License-Identifier: Apache-2.0
"""NVTX ranges reach a library of the name and calls that CUDA's has, and nothing is asked of it otherwise."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from wonderzoom_rt import _core

LIBRARY = """
#include <stdio.h>
int nvtxRangePushA(const char* name) { fprintf(stderr, "push %s\\n", name); return 0; }
int nvtxRangePop(void) { fprintf(stderr, "pop\\n"); return 0; }
"""
DRAW = """
import numpy as np, wonderzoom_rt as wz
camera = wz.Camera.home(32, 24, focal=30.0)
points = np.random.default_rng(5).uniform((-1, -1, 2), (1, 1, 4), (100, 3))
world = wz.World.from_surfels(wz.SurfelLayer.from_arrays(points, extents=0.1, now=0.1), camera)
wz.Engine(threads=1).render(world.snapshot(), camera)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a libnvToolsExt.so.1 that prints what it is told."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler on Linux")
    if _core.NVTX != "library":
        pytest.skip("this build has the header-only NVTX compiled in")
    folder = tmp_path_factory.mktemp("nvtx")
    (folder / "nvtx.c").write_text(LIBRARY)
    command = [compiler, "-shared", "-fPIC", "-o", str(folder / "libnvToolsExt.so.1"), str(folder / "nvtx.c")]
    subprocess.run(command, check=True)
    return folder


def draw(**environment: str) -> list[str]:
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("WONDERZOOM_NVTX", "NVTX_"))
    }
    answer = subprocess.run(
        [sys.executable, "-c", DRAW], env={**kept, **environment}, capture_output=True, text=True, check=True
    )
    return answer.stderr.split("\n")[:-1]


@pytest.mark.parametrize("wish", [{"WONDERZOOM_NVTX": "1"}, {"NVTX_INJECTION64_PATH": "/a/tool.so"}])
def test_zones_are_nvtx_ranges_that_close(library: Path, wish: dict[str, str]) -> None:
    lines = draw(LD_LIBRARY_PATH=str(library), **wish)
    depth = 0
    for line in lines:
        depth += 1 if line.startswith("push ") else -1
        assert depth >= 0
    assert depth == 0
    for name in ("insert", "frame", "select", "project", "blend"):
        assert f"push {name}" in lines


def test_no_range_is_pushed_unasked(library: Path) -> None:
    assert draw(LD_LIBRARY_PATH=str(library)) == []
    assert draw(LD_LIBRARY_PATH=str(library), WONDERZOOM_NVTX="0", NVTX_INJECTION64_PATH="/a/tool.so") == []


def test_drawing_goes_on_where_there_is_no_library() -> None:
    assert draw(WONDERZOOM_NVTX="1") == []
