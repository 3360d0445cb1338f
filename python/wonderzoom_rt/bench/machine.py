# SPDX-License-Identifier: Apache-2.0
"""Which machine, which build, how much memory: what a result must say to mean anything later."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

_FLAGS = ("avx2", "avx512f")


def machine(backend: str = "cpu") -> dict[str, Any]:
    """The processor, its cores, memory and how busy it is, the system and Python; with the backend cuda the GPU too."""
    model, flags = _processor()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "cpu": model,
        "cores": cores(),
        "instructions": [flag for flag in _FLAGS if flag in flags],
        "memory_bytes": _memory_bytes(),
        "load": None if load is None else round(load, 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **({"device": _gpu()} if backend == "cuda" else {}),
    }


def cores() -> int:
    """Hardware threads that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def commit() -> str | None:
    """The commit of the source tree that this package runs from, with + when it was changed; None elsewhere."""
    folder = Path(__file__).resolve().parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None or not (Path(top) / "python" / "wonderzoom_rt").is_dir():
        return None
    number = _git(folder, "rev-parse", "--short=10", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return None if number is None else number + ("+" if changed else "")


def peak_memory_bytes() -> int | None:
    """Largest resident size of this process so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if platform.system() == "Darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def resident_bytes() -> int | None:
    """Resident size of this process now; None where the system does not tell."""
    table = Path("/proc/self/statm")
    if not table.exists():
        return None
    return int(table.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _gpu() -> str:
    """The GPU's name, memory, capability and driver, in words."""
    from .. import _core

    return str(_core.gpu_status()["words"])


def _git(folder: Path, *words: str) -> str | None:
    try:
        answer = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _processor() -> tuple[str, set[str]]:
    table = Path("/proc/cpuinfo")
    name, flags = platform.processor() or platform.machine(), set[str]()
    if table.exists():
        for row in table.read_text().splitlines():
            key, _, value = row.partition(":")
            if key.strip() == "model name":
                name = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
    return name, flags


def _memory_bytes() -> int | None:
    try:
        return int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
