# SPDX-License-Identifier: Apache-2.0
"""What is installed: metadata, typing marker, data, licences, and code that runs on any x86-64."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(wonderzoom_rt.__file__).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def is_installed() -> bool:
    try:
        importlib.metadata.distribution("wonderzoom-rt")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


needs_installation = pytest.mark.skipif(not is_installed(), reason="runs from the source tree")


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()
    assert (PACKAGE / "_core.pyi").exists()


def test_demo_photograph_is_package_data() -> None:
    with Image.open(PACKAGE / "data" / "dandelions.jpg") as image:
        assert image.size == (2048, 1152)
        assert np.asarray(image).std() > 20


@needs_installation
def test_installed_version_is_the_projects() -> None:
    assert importlib.metadata.version("wonderzoom-rt") == PROJECT["version"] == wonderzoom_rt.__version__


@needs_installation
def test_licence_and_notice_travel_with_the_package() -> None:
    files = importlib.metadata.files("wonderzoom-rt") or []
    assert {"LICENSE", "NOTICE"} <= {f.name for f in files}


@needs_installation
def test_no_source_of_another_language_is_installed() -> None:
    suffixes = {f.suffix for f in importlib.metadata.files("wonderzoom-rt") or []}
    assert suffixes.isdisjoint({".cpp", ".h", ".cu", ".a"})


@needs_installation
def test_bare_package_needs_numpy_and_pillow_alone() -> None:
    wanted = importlib.metadata.requires("wonderzoom-rt") or []
    bare = {re.split(r"[<>=!~ ;\[]", w)[0].lower() for w in wanted if "extra ==" not in w}
    assert bare == {"numpy", "pillow"}


@needs_installation
def test_command_is_installed() -> None:
    command = Path(sys.executable).with_name("wonderzoom")
    answer = subprocess.run([command, "--help"], capture_output=True, text=True, check=True)
    assert "demo" in answer.stdout


def test_build_asks_for_no_special_processor() -> None:
    """Wheels run on any x86-64: faster code is chosen while running, never by the build machine."""
    scripts = [ROOT / "CMakeLists.txt", *ROOT.glob("c*/**/CMakeLists.txt"), *ROOT.glob("cmake/*.cmake")]
    assert len(scripts) > 4
    for script in scripts:
        assert "march=native" not in script.read_text(), script


def test_source_files_name_their_licence() -> None:
    suffixes = {".py", ".h", ".cpp", ".cu", ".cmake", ".sh"}
    tops = ("cpp", "cuda", "python", "tools", "tests", "cmake", "examples")
    files = [p for top in tops for p in (ROOT / top).rglob("*") if p.suffix in suffixes]
    assert len(files) > 40
    bare = [
        str(p.relative_to(ROOT))
        for p in files
        if "SPDX-License-Identifier: Apache-2.0" not in p.read_text()[:400]
    ]
    assert bare == []
