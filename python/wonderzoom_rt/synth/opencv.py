# SPDX-License-Identifier: Apache-2.0
"""OpenCV, which comes with the extra [offline]."""

from __future__ import annotations

from types import ModuleType

from ..errors import MissingExtraError


def opencv() -> ModuleType:
    """The cv2 module, or MissingExtraError that says how to get it."""
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("making levels needs OpenCV: pip install 'wonderzoom-rt[offline]'") from error
    module: ModuleType = cv2
    return module
