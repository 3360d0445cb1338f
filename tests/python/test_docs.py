# SPDX-License-Identifier: Apache-2.0
"""The pages' links lead somewhere, and the checker finds broken links and failing snippets."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_docs  # noqa: E402


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty page in a project of its own."""
    monkeypatch.setattr(check_docs, "ROOT", tmp_path)
    return tmp_path / "page.md"


@pytest.mark.parametrize("name", [str(p.relative_to(ROOT)) for p in check_docs.pages()])
def test_links_of_the_page_lead_somewhere_and_its_tables_are_whole(name: str) -> None:
    assert check_docs.broken_links(ROOT / name) == []
    assert check_docs.broken_tables(ROOT / name) == []


def test_broken_tables_are_found(page: Path) -> None:
    page.write_text("| a | b |\n|---|---|\n| `x | y` | a \\| b |\n| 1 |\n\n| 3 | 4 |\n| 5 | 6 |\n")
    assert check_docs.broken_tables(page) == [
        "page.md:4: a row of 1 cells in a table of 2",
        "page.md:7: a table without a header; an empty line before it breaks it off",
    ]


def test_broken_link_is_found_with_its_line(page: Path) -> None:
    page.write_text("# Title\n\nSee [there](missing.md).\n")
    assert check_docs.broken_links(page) == ["page.md:3: the link missing.md leads nowhere"]


def test_link_to_a_missing_heading_is_found(page: Path) -> None:
    page.write_text("# A title, here\n\n[good](#a-title-here) and [bad](#elsewhere)\n")
    assert check_docs.broken_links(page) == ["page.md:3: no heading #elsewhere in page.md"]


def test_links_in_code_are_not_links(page: Path) -> None:
    page.write_text("`[a](b)`\n\n```python\nx = f[0](y)\n```\n")
    assert check_docs.broken_links(page) == []


def test_blocks_keep_language_line_and_wish_to_run() -> None:
    text = "text\n```python\na = 1\n```\n<!-- not run: opens a window -->\n```python\nb = 2\n```\n"
    first, second = check_docs.blocks_of(text)
    assert first == check_docs.Block("python", 3, "a = 1\n", True)
    assert second == check_docs.Block("python", 7, "b = 2\n", False)


def test_script_keeps_the_pages_line_numbers() -> None:
    blocks = check_docs.blocks_of("one\n\n```python\na = 1\n```\ntext\n```python\nb = 2\n```\n")
    rows = check_docs.script_of(blocks).splitlines()
    assert rows[3] == "a = 1"
    assert rows[7] == "b = 2"


def test_failing_snippet_is_reported_with_its_error(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page.write_text("```python\nimport sys\n\nraise ValueError('planted')\n```\n")
    wrong = check_docs.snippet_failure(page, 120)
    assert wrong is not None
    assert "line 4" in wrong
    assert "planted" in wrong


def test_page_without_snippets_runs_nothing(page: Path) -> None:
    page.write_text("```sh\nfalse\n```\n")
    assert check_docs.snippet_failure(page, 1) is None
