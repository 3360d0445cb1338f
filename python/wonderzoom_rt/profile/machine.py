# SPDX-License-Identifier: Apache-2.0
"""What a measurement was made on."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def machine_facts() -> dict[str, Any]:
    """machine {cpu, cores, system, python}, version of the package, commit of its source tree (None when installed)."""
    from .. import __version__

    return {
        "machine": {
            "cpu": processor_name(),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version(),
        },
        "version": __version__,
        "commit": source_commit(),
    }


def processor_name() -> str:
    """The processor as Linux names it, else what the platform module knows."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for row in table.read_text().splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def source_commit() -> str | None:
    """The short commit of the source tree the package runs from, with a + when it was changed; None outside one."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / ".git").exists():
        return None
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip() or None
