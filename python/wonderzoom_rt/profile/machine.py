# SPDX-License-Identifier: Apache-2.0
"""What a measurement was made on."""

from __future__ import annotations

from typing import Any


def machine_facts() -> dict[str, Any]:
    """machine, version of the package, commit of its source tree (None when installed)."""
    from .. import __version__
    from ..bench.machine import commit, machine

    return {"machine": machine(), "version": __version__, "commit": commit()}
