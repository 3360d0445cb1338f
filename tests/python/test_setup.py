# SPDX-License-Identifier: Apache-2.0
"""Set-up on a fresh machine: what is missing is said in one line to paste; an unchanged tree costs nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import bootstrap  # noqa: E402

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for POSIX shells")


def check_system(folder: Path, commands: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Runs check_system.sh where only these commands exist; a text is a shell script, None the real command."""
    for name, text in commands.items():
        path = folder / name
        if text is None:
            path.symlink_to(shutil.which(name) or "")
        else:
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
    script = str(ROOT / "tools" / "check_system.sh")
    return subprocess.run(["/bin/sh", script], env={"PATH": str(folder)}, capture_output=True, text=True)


def real_python(folder: Path) -> None:
    (folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (folder / "python3").chmod(0o755)


def test_missing_compiler_and_python_are_one_line_to_paste(tmp_path: Path) -> None:
    answer = check_system(tmp_path, {"apt-get": "exit 0", "id": "echo 0"})
    assert answer.returncode == 1
    assert answer.stdout == ""
    (line,) = answer.stderr.splitlines()
    assert line.startswith(
        "apt-get update && apt-get install -y python3 python3-venv python3-dev g++  # missing: "
    )


def test_an_ordinary_user_is_told_to_use_sudo(tmp_path: Path) -> None:
    answer = check_system(tmp_path, {"dnf": "exit 0", "id": "echo 1000"})
    (line,) = answer.stderr.splitlines()
    assert line.startswith("sudo dnf install -y ")


def test_a_compiler_too_old_for_the_sources_counts_as_missing(tmp_path: Path) -> None:
    real_python(tmp_path)
    answer = check_system(tmp_path, {"apt-get": "exit 0", "id": "echo 0", "g++": "exit 1"})
    assert answer.returncode == 1
    assert "a C++20 compiler" in answer.stderr
    assert "Python >=" not in answer.stderr


def test_a_python_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    answer = check_system(
        tmp_path, {"apt-get": "exit 0", "id": "echo 0", "python3": "exit 1", "g++": "exit 0"}
    )
    assert "apt-get install -y python3.11 python3.11-venv python3.11-dev  #" in answer.stderr


def test_with_everything_there_it_names_the_python(tmp_path: Path) -> None:
    real_python(tmp_path)
    answer = check_system(tmp_path, {"g++": "exit 0", "id": "echo 0"})
    assert (answer.returncode, answer.stderr) == (0, "")
    assert Path(answer.stdout.strip()).samefile(sys.executable)


def test_digest_changes_with_content_name_and_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    first, second = tmp_path / "a.h", tmp_path / "b.h"
    first.write_text("1")
    second.write_text("1")
    digest = bootstrap.digest_of([first], "AUTO")
    assert digest == bootstrap.digest_of([first], "AUTO")
    assert digest != bootstrap.digest_of([second], "AUTO")
    assert digest != bootstrap.digest_of([first], "OFF")
    first.write_text("2")
    assert digest != bootstrap.digest_of([first], "AUTO")


def test_sources_hold_all_that_is_installed_and_nothing_that_is_made() -> None:
    names = {str(p.relative_to(ROOT)) for p in bootstrap.source_files()}
    assert {
        "CMakeLists.txt",
        "pyproject.toml",
        "cpp/CMakeLists.txt",
        "python/wonderzoom_rt/camera.py",
    } <= names
    assert not any(n.endswith((".so", ".pyc")) for n in names)


def test_requirements_hold_the_build_the_package_and_the_extras() -> None:
    wanted = bootstrap.requirements(["offline"])
    for start in ("scikit-build-core", "pybind11", "cmake", "ninja", "numpy", "Pillow", "ncnn"):
        assert any(w.startswith(start) for w in wanted), start
    assert not any(w.startswith("pytest") for w in wanted)


def test_unknown_extra_is_refused_with_those_that_exist() -> None:
    with pytest.raises(bootstrap.SetupError, match=r"no extra named 'ofline'; there are offline"):
        bootstrap.requirements(["ofline"])
