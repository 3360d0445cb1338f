# SPDX-License-Identifier: Apache-2.0
"""The command `wonderzoom`. Exit codes: 0 done, 1 failed, 2 asked for wrongly, 130 stopped by Ctrl-C."""

from __future__ import annotations

from .main import main

__all__ = ["main"]
