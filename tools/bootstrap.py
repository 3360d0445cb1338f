# SPDX-License-Identifier: Apache-2.0
"""Makes .venv and installs the project with the extras asked for; a second run does only what changed.

    python tools/bootstrap.py offline,dev

Runs on any Python >= 3.11 with its standard library alone. `.venv/wonderzoom_rt.json` keeps what was done,
requirements and a digest of the sources, so that an unchanged tree costs no call of pip at all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
STATE = ENVIRONMENT / "wonderzoom_rt.json"
SOURCES = (
    "CMakeLists.txt",
    "pyproject.toml",
    "LICENSE",
    "NOTICE",
    "cmake",
    "cpp",
    "cuda",
    "shaders",
    "python",
)
IGNORED_SUFFIXES = {".pyc", ".so", ".new"}


class SetupError(Exception):
    """A step of the set-up failed; the message is what a person should read."""


def say(text: str) -> None:
    print(f"setup: {text}", file=sys.stderr, flush=True)


def digest_of(paths: list[Path], *extra: str) -> str:
    """SHA-256 over names and contents of files, in order, and over the extra strings."""
    total = hashlib.sha256("\0".join(extra).encode())
    for path in paths:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def source_files() -> list[Path]:
    """All files that the installed package is made from."""
    found: list[Path] = []
    for name in SOURCES:
        path = ROOT / name
        candidates = [path] if path.is_file() else sorted(path.rglob("*"))
        found += [
            p
            for p in candidates
            if p.is_file() and p.suffix not in IGNORED_SUFFIXES and "__pycache__" not in p.parts
        ]
    return found


def python_of_environment() -> Path:
    folder = "Scripts" if os.name == "nt" else "bin"
    return ENVIRONMENT / folder / ("python.exe" if os.name == "nt" else "python")


def make_environment() -> None:
    """Creates .venv, or makes it anew when its interpreter no longer runs or is another version."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    python = python_of_environment()
    if python.exists():
        answer = subprocess.run(
            [python, "-c", "import pip, sys; print('{}.{}'.format(*sys.version_info), sys.prefix)"],
            capture_output=True,
            text=True,
        )
        if answer.returncode == 0 and answer.stdout.split() == [wanted, str(ENVIRONMENT)]:
            return
    say(f"making .venv with Python {wanted}")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)


def pip(*arguments: str) -> None:
    command = [
        str(python_of_environment()),
        "-m",
        "pip",
        "--disable-pip-version-check",
        "install",
        "--prefer-binary",
    ]
    command += ["--retries", "10", "--timeout", "60", "-qq", *arguments]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise SetupError(f"pip could not install: {' '.join(a for a in arguments if not a.startswith('-'))}")


def requirements(extras: list[str]) -> list[str]:
    """Everything the build and the extras need, from pyproject.toml; CMake and Ninja come as packages too."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = settings["project"]
    wanted = [
        *settings["build-system"]["requires"],
        "cmake" + settings["tool"]["scikit-build"]["cmake"]["version"],
    ]
    wanted += ["ninja>=1.11", *project["dependencies"]]
    for extra in extras:
        if extra not in project["optional-dependencies"]:
            raise SetupError(
                f"no extra named '{extra}'; there are {', '.join(project['optional-dependencies'])}"
            )
        wanted += project["optional-dependencies"][extra]
    return wanted


def install_package(cuda: str) -> None:
    settings = [f"--config-settings=cmake.define.WZ_CUDA={cuda}", "--config-settings=build-dir=build/venv"]
    pip("--no-build-isolation", "--no-deps", "--force-reinstall", *settings, ".")


def set_up(extras: list[str], cuda: str) -> None:
    make_environment()
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    extras = sorted({*extras, *state.get("extras", [])})
    wanted = requirements(extras)
    started = time.monotonic()
    if state.get("requirements") != wanted:
        say(f"installing packages for [{','.join(extras)}]")
        pip(*wanted)
        state = {**state, "requirements": wanted, "extras": extras}
        STATE.write_text(json.dumps(state, indent=1))
        say(f"packages are there after {time.monotonic() - started:.0f} s")
    digest = digest_of(source_files(), cuda, str(ENVIRONMENT))
    if state.get("sources") != digest:
        started = time.monotonic()
        say("building and installing wonderzoom_rt")
        install_package(cuda)
        STATE.write_text(json.dumps({**state, "sources": digest}, indent=1))
        say(f"installed after {time.monotonic() - started:.0f} s")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("extras", nargs="?", default="", help="comma-separated extras, e.g. offline,dev")
    parser.add_argument("--cuda", choices=["AUTO", "ON", "OFF"], default=os.environ.get("WZ_CUDA", "AUTO"))
    options = parser.parse_args()
    try:
        set_up([e for e in options.extras.split(",") if e], options.cuda)
    except SetupError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
