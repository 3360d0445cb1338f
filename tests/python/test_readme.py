# SPDX-License-Identifier: Apache-2.0
"""What the README promises: its commands exist, its snippet runs, its pictures are there and small."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from PIL import Image

from wonderzoom_rt.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_docs  # noqa: E402

README = ROOT / "README.md"
IMAGES = ROOT / "docs" / "images"
MOST_PICTURE_BYTES = 3_000_000


def test_the_snippet_runs() -> None:
    assert check_docs.snippet_failure(README, 300) is None


def test_the_make_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"\bmake (\w[\w-]*)", README.read_text(encoding="utf-8")))
    assert {"demo", "test"} <= named
    for target in named:
        assert re.search(rf"^[\w -]*\b{target}\b[\w -]*:", makefile, re.MULTILINE), target


def commands_of(page: Path) -> list[list[str]]:
    """The words of each `wonderzoom ..` line in the page's shell blocks, without comments."""
    blocks = [
        block for block in check_docs.blocks_of(page.read_text(encoding="utf-8")) if block.language == "sh"
    ]
    rows = [row.partition("#")[0].split() for block in blocks for row in block.text.splitlines()]
    return [row[1:] for row in rows if row[:1] == ["wonderzoom"]]


@pytest.mark.parametrize("page", [README, *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem)
def test_the_shell_commands_are_ones_that_the_program_knows(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in commands_of(page):
        assert main([words[0], "--help"]) == 0, words
        help_text = capsys.readouterr().out
        for option in (word for word in words if word.startswith("-") and not word[1:2].isdigit()):
            assert re.search(rf"(^|[\s\[,]){re.escape(option)}\b", help_text), (words, option)


def test_each_picture_is_shown_somewhere_and_together_they_are_small() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in check_docs.pages())
    files = [file for file in IMAGES.iterdir() if file.suffix in (".jpg", ".png")]
    assert len(files) >= 3
    for file in files:
        assert f"images/{file.name}" in pages, file.name
        with Image.open(file) as image:
            image.verify()
    assert sum(file.stat().st_size for file in files) <= MOST_PICTURE_BYTES
