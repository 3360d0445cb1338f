# SPDX-License-Identifier: Apache-2.0
"""Builds a manylinux wheel into dist/ and tries it in an environment that has no compiler.

    python tools/make_wheel.py [--cuda OFF|ON] [--no-try]

The C++ run-time library is linked in, so that only the system's C library decides where the wheel runs.
Run it with a Python that has the [dev] extra.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RAW = ROOT / "build" / "wheel-raw"
TRIAL = ROOT / "build" / "wheel-trial"
DIST = ROOT / "dist"
# x86-64-v2: SSE4.2, no AVX.
OLD_PROCESSOR = "Nehalem"
PROBE = ROOT / "tools" / "probe_wheel.py"


def run(*command: str | Path, **environment: str) -> None:
    env = {**os.environ, **environment}
    subprocess.run([str(c) for c in command], cwd=ROOT, check=True, env=env)


def build(cuda: str) -> Path:
    """The wheel as the build makes it, tagged for this machine alone."""
    shutil.rmtree(RAW, ignore_errors=True)
    settings = {
        "cmake.define.WZ_CUDA": cuda,
        "cmake.define.WZ_STATIC_RUNTIME": "ON",
        "build-dir": "build/wheel",
    }
    options = [f"--config-settings={key}={value}" for key, value in settings.items()]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    run(*pip, "--no-build-isolation", "--no-deps", "-w", RAW, *options, ".")
    (wheel,) = RAW.glob("*.whl")
    return wheel


def repair(wheel: Path) -> Path:
    """The same wheel with the widest manylinux tag that its symbols allow."""
    shutil.rmtree(DIST, ignore_errors=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run(sys.executable, "-m", "auditwheel", "repair", "-w", DIST, wheel, PATH=path)
    (repaired,) = DIST.glob("*.whl")
    if "manylinux" not in repaired.name:
        raise SystemExit(f"auditwheel left the tag of {repaired.name}: it is no manylinux wheel")
    return repaired


def try_wheel(wheel: Path) -> None:
    """Installs the wheel in a fresh environment and runs it there with no compiler in reach.

    Where qemu-user is installed it runs once more on the oldest processor that numpy's own wheels accept.
    """
    shutil.rmtree(TRIAL, ignore_errors=True)
    venv.create(TRIAL, with_pip=True)
    folder = TRIAL / "bin"
    python = folder / "python"
    path = {"PATH": str(folder)}
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--only-binary", ":all:"]
    run(*pip, wheel, **path)
    run(python, "-I", PROBE, **path)
    run(folder / "wonderzoom", "--help", **path)
    emulator = shutil.which("qemu-x86_64")
    if emulator and platform.machine() == "x86_64":
        run(emulator, "-cpu", OLD_PROCESSOR, "-0", python, python.resolve(), "-I", PROBE, **path)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cuda", choices=["ON", "OFF"], default="OFF")
    parser.add_argument("--no-try", action="store_true", help="build only")
    options = parser.parse_args()
    wheel = repair(build(options.cuda))
    if not options.no_try:
        try_wheel(wheel)
    print(f"wheel: {wheel.relative_to(ROOT)}, {wheel.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
