# SPDX-License-Identifier: Apache-2.0
"""Honest measurements of a world: what a user would see, as numbers with bars.

report = evaluate(world)
print(report.to_table())
"""

from __future__ import annotations

from .report import Report, evaluate, report_table

__all__ = ["Report", "evaluate", "report_table"]
