# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom doctor`: what works here, what is missing and how to get it."""

from __future__ import annotations

import argparse

from .arguments import add_json, print_json

HELP = "say what works here, what is missing and how to get it"
DESCRIPTION = (
    "Tries every part of the installation. Exit code 1 when something that everyone needs does not work."
)
EXAMPLE = "  wonderzoom doctor"
_MARKS = {"works": "ok     ", "missing": "missing", "broken": "BROKEN "}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its arguments."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Runs it."""
    from ..doctor import examine

    findings = examine()
    healthy = all(finding.state == "works" for finding in findings if finding.essential)
    if arguments.json:
        print_json({"healthy": healthy, "findings": [finding.to_dict() for finding in findings]})
        return 0 if healthy else 1
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        print(f"{_MARKS[finding.state]}  {finding.name:{width}}  {finding.words}")
        if finding.remedy:
            print(f"{'':{width + 9}}  -> {finding.remedy}")
    return 0 if healthy else 1
