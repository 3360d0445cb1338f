# SPDX-License-Identifier: Apache-2.0
"""Honest measurements of a world: what a user would see, as numbers with bars."""

from __future__ import annotations
