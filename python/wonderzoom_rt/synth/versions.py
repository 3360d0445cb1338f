# SPDX-License-Identifier: Apache-2.0
"""With which packages a level was made: part of what a level remembers."""

from __future__ import annotations

import sys

import numpy as np

_MODULES = {"opencv": "cv2", "ncnn": "ncnn", "torch": "torch"}


def package_versions() -> dict[str, str]:
    """Names and versions of numpy and of those packages of generators that this process has loaded."""
    versions = {"numpy": np.__version__}
    for package, module in _MODULES.items():
        if version := getattr(sys.modules.get(module), "__version__", None):
            versions[package] = str(version)
    return versions
