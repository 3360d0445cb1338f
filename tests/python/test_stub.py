# SPDX-License-Identifier: Apache-2.0
"""The committed stub of `_core` says what the compiled module says."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from wonderzoom_rt import _core

ROOT = Path(__file__).resolve().parents[2]
STUB = ROOT / "python" / "wonderzoom_rt" / "_core.pyi"


def public_names(body: list[ast.stmt]) -> set[str]:
    """Names of classes, functions and values that a stub's body declares."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {n for n in names if not n.startswith("_")}


def test_stub_declares_every_name_of_the_module() -> None:
    declared = public_names(ast.parse(STUB.read_text()).body)
    present = {n for n in vars(_core) if not n.startswith("_")}
    assert declared == present


def test_stub_declares_every_method_of_every_class() -> None:
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef):
            present = {n for n in vars(getattr(_core, node.name)) if not n.startswith("_")}
            assert public_names(node.body) == present, node.name


def test_module_stays_under_fifty_functions() -> None:
    functions = [n for n, value in vars(_core).items() if callable(value) and not isinstance(value, type)]
    assert len(functions) < 50


@pytest.mark.skipif(not importlib.util.find_spec("pybind11_stubgen"), reason="needs the extra [dev]")
def test_generated_stub_equals_the_committed_one() -> None:
    command = [sys.executable, str(ROOT / "tools" / "make_stub.py"), "--check"]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr
