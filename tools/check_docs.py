# SPDX-License-Identifier: Apache-2.0
"""Checks the project's Markdown pages: links lead somewhere, tables are whole and Python snippets run.

    python tools/check_docs.py [--run] [PAGE ...]

Links to files and headings of the project are followed; links to the web are not. With --run, a page's Python
blocks run in order in one interpreter, in an empty folder that holds `street.jpg` (a photograph) and
`street.wz` (a world made of it, for pages that open one). A block with the line `<!-- not run: reason -->` before
it is left out.
Run it with a Python that has wonderzoom_rt[offline] installed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PHOTOGRAPH = ROOT / "tests" / "data" / "dandelions.jpg"
MAKE_WORLD = "import wonderzoom_rt as wz; wz.World.from_image('street.jpg').save('street.wz')"
FENCE = re.compile(r"^\s*```\s*(\w*)")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
NOT_RUN = re.compile(r"<!--\s*not run:\s*\S.*-->")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line of its first row, its text, and whether it is meant to run."""

    language: str
    line: int
    text: str
    runs: bool


def pages() -> list[Path]:
    """The Markdown pages of the project: those at the top and all under docs, examples and tests."""
    deep = [p for top in ("docs", "examples", "tests") for p in (ROOT / top).rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *deep])


def blocks_of(text: str) -> list[Block]:
    found: list[Block] = []
    language, start, rows, runs = "", 0, [], True
    inside = False
    previous = ""
    for number, row in enumerate(text.splitlines(), 1):
        fence = FENCE.match(row)
        if fence and not inside:
            inside, language, start, rows = True, fence[1], number + 1, []
            runs = not NOT_RUN.search(previous)
        elif fence:
            inside = False
            found.append(Block(language, start, "\n".join(rows) + "\n", runs))
        elif inside:
            rows.append(row)
        if row.strip():
            previous = row
    return found


def without_blocks(text: str) -> str:
    """The page with its fenced blocks and code spans blanked, so that only prose is searched for links."""
    rows, inside = [], False
    for row in text.splitlines():
        fence = FENCE.match(row)
        rows.append("" if inside or fence else re.sub(r"`[^`]*`", "", row))
        if fence:
            inside = not inside
    return "\n".join(rows)


def anchors_of(page: Path) -> set[str]:
    """The anchors that a page's headings get: lower case, punctuation dropped, spaces to hyphens."""
    headings = re.findall(r"^#{1,6}\s+(.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


def broken_links(page: Path) -> list[str]:
    found = []
    for number, row in enumerate(without_blocks(page.read_text()).splitlines(), 1):
        for target in LINK.findall(row):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (page.parent / path).resolve() if path else page
            here = f"{page.relative_to(ROOT)}:{number}"
            if not file.exists():
                found.append(f"{here}: the link {target} leads nowhere")
            elif anchor and file.suffix == ".md" and anchor not in anchors_of(file):
                found.append(f"{here}: no heading #{anchor} in {file.name}")
    return found


def broken_tables(page: Path) -> list[str]:
    """Tables that a reader would see as text: without a header, or with a row of another number of cells."""
    found: list[str] = []
    before: list[int] = []  # cells of the rows of this table so far
    for number, row in enumerate(without_blocks(page.read_text()).splitlines(), 1):
        if not row.startswith("|"):
            before = []
            continue
        before.append(len(re.findall(r"(?<!\\)\|", row)) - 1)
        here = f"{page.relative_to(ROOT)}:{number}"
        if len(before) == 2 and not re.fullmatch(r"\|[\s:|-]+\|", row):
            found.append(f"{here}: a table without a header; an empty line before it breaks it off")
        if before[-1] != before[0]:
            found.append(f"{here}: a row of {before[-1]} cells in a table of {before[0]}")
    return found


def script_of(blocks: list[Block]) -> str:
    """The runnable blocks as one script; its lines keep the page's numbers, so that errors point there."""
    rows: list[str] = []
    for block in blocks:
        rows += [""] * (block.line - 1 - len(rows)) + block.text.splitlines()
    return "\n".join(rows) + "\n"


def snippet_failure(page: Path, timeout_s: float) -> str | None:
    """Runs a page's Python blocks; what went wrong, or None."""
    wanted = [b for b in blocks_of(page.read_text()) if b.language == "python" and b.runs]
    if not wanted:
        return None
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(PHOTOGRAPH, Path(folder, "street.jpg"))
        script = Path(folder, page.name + ".py")
        script.write_text(script_of(wanted))
        commands = [[sys.executable, script.name]]
        if "World.open(" in script.read_text():
            commands.insert(0, [sys.executable, "-c", MAKE_WORLD])
        for command in commands:
            try:
                answer = subprocess.run(
                    command, cwd=folder, capture_output=True, text=True, timeout=timeout_s
                )
            except subprocess.TimeoutExpired:
                return f"{page.relative_to(ROOT)}: its snippets did not end within {timeout_s:.0f} s"
            if answer.returncode != 0:
                return f"{page.relative_to(ROOT)}: its snippets failed:\n{answer.stderr.strip()}"
    return None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", action="store_true", help="run the Python snippets too")
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds for one page's snippets")
    parser.add_argument("pages", nargs="*", type=Path)
    options = parser.parse_args()
    chosen = [p.resolve() for p in options.pages] or pages()
    wrong = [w for page in chosen for w in (*broken_links(page), *broken_tables(page))]
    if options.run:
        wrong += [w for page in chosen if (w := snippet_failure(page, options.timeout))]
    for line in wrong:
        print(line)
    print(f"docs: {len(wrong)} problem(s) in {len(chosen)} pages")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
