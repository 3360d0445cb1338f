# SPDX-License-Identifier: Apache-2.0
"""Importing the package stays light: what costs time or needs an extra is loaded where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "torch",
    "diffusers",
    "transformers",
    "cv2",
    "ncnn",
    "scipy",
    "imageio_ffmpeg",
    "OpenEXR",
    "ray",
    "glfw",
)


def modules_after(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint('\\n'.join({{name.partition('.')[0] for name in sys.modules}}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(answer.stdout.split())


@pytest.mark.parametrize("statement", ["import wonderzoom_rt", "import wonderzoom_rt.cli"])
def test_import_loads_no_heavy_module(statement: str) -> None:
    assert modules_after(statement).isdisjoint(HEAVY)


def test_import_adds_few_modules_to_those_of_numpy_and_pillow() -> None:
    """Counts modules instead of seconds: the count is the same on a busy machine, and time follows from it."""
    code = "import sys, numpy, PIL.Image; n = len(sys.modules); import wonderzoom_rt; print(len(sys.modules) - n)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(answer.stdout) < 120
