# SPDX-License-Identifier: Apache-2.0
"""`save_report`: one page about a recording."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..camera import Camera
from ..errors import InputError, WonderzoomError
from ..frame import Frame
from . import charts
from .canvas import GREY, INK, PALE, SMALL, Box, Canvas, milliseconds, short_number, shortened
from .machine import machine_facts
from .session import Recording

Draw = Callable[[Camera], Frame]
WIDTH, MARGIN, GUTTER = 1800, 70, 70
COLUMN = (WIDTH - 2 * MARGIN - GUTTER) // 2
_MOST_HITCH_LINES = 4


def save_report(
    path: str | Path, session: Recording, *, draw: Draw | None = None, title: str | None = None
) -> None:
    """Draws a recording on one page and writes it as a PNG.

    draw: draws the view of a camera, with `tile_stats`; with it the page shows the slowest frame and what its tiles
    cost.
    Raises InputError when no frame was drawn, WonderzoomError when the file cannot be written.
    """
    page = draw_report(session, draw=draw, title=title)
    try:
        page.save(path)
    except OSError as problem:
        raise WonderzoomError(f"cannot write the report {path}: {problem.strerror or problem}") from None


def draw_report(session: Recording, *, draw: Draw | None = None, title: str | None = None) -> Canvas:
    """The page itself."""
    frames = session.frames
    if len(frames) == 0:
        raise InputError("a report needs at least one frame, and none was drawn")
    slowest = slowest_frame(session)
    again = None if draw is None else draw(frames.cameras[slowest])
    hitches = session.hitches
    tile_height = 0 if again is None else 150 + math.ceil(COLUMN * again.height / again.width)
    hitch_height = 70 + 34 * min(len(hitches), _MOST_HITCH_LINES + 1) if hitches else 0
    canvas = Canvas(WIDTH, 1270 + tile_height + hitch_height)
    _header(canvas, session, title)
    charts.key_numbers(canvas, Box(MARGIN, 190, WIDTH - 2 * MARGIN, 90), _key_numbers(session))
    charts.heading(canvas, MARGIN, 350, "Stages of each frame", "triangles mark hitches")
    stack = Box(MARGIN, 366, WIDTH - 2 * MARGIN, 440)
    charts.stage_stack(canvas, stack, frames.stages_ms(), [h.frame for h in hitches])
    right = MARGIN + COLUMN + GUTTER
    charts.heading(canvas, MARGIN, 868, "Frame times", f"{len(frames)} frames")
    charts.histogram(canvas, Box(MARGIN, 870, COLUMN, 370), frames.total_ms())
    charts.heading(canvas, right, 868, "Funnel", "medians of all frames, logarithmic")
    charts.funnel(canvas, Box(right, 880, COLUMN, 350), funnel_steps(session))
    y = 1300
    if again is not None:
        _slowest(canvas, y, again, slowest)
        y += tile_height
    if hitches:
        _hitches(canvas, y, session)
    return canvas


def slowest_frame(session: Recording) -> int:
    """The number of the frame that took longest, apart from what it waited for files."""
    busy = session.frames.total_ms() - session.frames.stages_ms().get("load", 0.0)
    return int(np.argmax(busy))


def funnel_steps(session: Recording) -> list[tuple[str, float, str]]:
    """(name, median count, what it means) from pages to contributions."""
    frames = session.frames
    size = frames.cameras[0]
    pixels = float(size.width * size.height)

    def usual(group: str, name: str) -> float:
        return float(round(np.median(frames.numbers(group, name))))

    tested, drawn = usual("funnel", "tested"), usual("funnel", "projected")
    visible = usual("funnel", "visible")
    entries, evaluations = usual("funnel", "tile_entries"), usual("funnel", "evaluations")
    contributions = usual("funnel", "contributions")
    pages = usual("pages", "tested")
    return [
        ("pages", pages, "in the world"),
        ("selected", usual("pages", "selected"), "pages to draw"),
        ("tested", tested, "surfels"),
        ("projected", drawn, f"{100 * drawn / max(tested, 1.0):.0f} % of tested"),
        ("visible", visible, "at least a pixel"),
        ("tile entries", entries, f"{entries / max(drawn, 1.0):.2f} a surfel"),
        ("evaluations", evaluations, f"{evaluations / pixels:.0f} a pixel"),
        ("contributions", contributions, f"{contributions / pixels:.1f} a pixel"),
    ]


def _key_numbers(session: Recording) -> list[tuple[str, str, str]]:
    summary = session.frames.summary()
    frame = summary["frame_ms"]
    count, _, prefix = short_number(float(summary["bytes_read"])).partition(" ")
    return [
        (milliseconds(frame["p50"]), "ms", "median frame"),
        (f"{summary['fps']:.1f}", "a second", "frames, mean"),
        (milliseconds(frame["p95"]), "ms", "P95"),
        (milliseconds(frame["p99"]), "ms", "P99"),
        (str(len(session.hitches)), "", "hitches"),
        (count, f"{prefix}B", f"read, {summary['pages_loaded']} pages"),
    ]


def _header(canvas: Canvas, session: Recording, title: str | None) -> None:
    camera, facts = session.frames.cameras[0], machine_facts()
    name = Path(title).name if title else "a recording"
    canvas.text(MARGIN, 92, shortened(f"Profile of {name}", WIDTH - 2 * MARGIN, 52), size=52)
    sizes = {(c.width, c.height) for c in session.frames.cameras}
    size = f"{camera.width} x {camera.height} px" if len(sizes) == 1 else f"{len(sizes)} sizes"
    machine = facts["machine"]
    parts = [
        f"{len(session.frames)} frames",
        size,
        f"{machine['cpu']}, {machine['cores']} cores",
        f"wonderzoom {facts['version']}" + (f" at {facts['commit']}" if facts["commit"] else ""),
        "fine zones" if session.fine else "zones",
        datetime.datetime.now().strftime("%Y-%m-%d %H:%M"),
    ]
    canvas.text(
        MARGIN, 136, shortened("   |   ".join(parts), WIDTH - 2 * MARGIN, SMALL), size=SMALL, color=GREY
    )
    canvas.line(MARGIN, 158, WIDTH - MARGIN, 158, INK, width=2)


def _slowest(canvas: Canvas, y: int, frame: Frame, number: int) -> None:
    right = MARGIN + COLUMN + GUTTER
    charts.heading(
        canvas, MARGIN, y, f"The slowest frame to draw, number {number}", "loading apart; drawn once more"
    )
    canvas.picture(Box(MARGIN, y + 22, COLUMN, canvas.image.height), frame.image(), smooth=True)
    if "tiles" not in frame.stats:
        return
    tiles: dict[str, Any] = frame.stats["tiles"]
    rows, columns = tiles["entries"].shape
    size = int(tiles["size"])
    charts.heading(canvas, right, y, "Cost of its tiles", f"surfels in the list of each {size}-px tile")
    crop = (frame.height / size - (rows - 1), frame.width / size - (columns - 1))
    values = tiles["entries"].astype(np.float64)
    charts.heat_map(canvas, Box(right, y + 22, COLUMN, canvas.image.height), values, "surfels", crop=crop)


def _hitches(canvas: Canvas, y: int, session: Recording) -> None:
    hitches = session.hitches
    canvas.line(MARGIN, y - 46, WIDTH - MARGIN, y - 46, PALE)
    worst = sorted(hitches, key=lambda hitch: -hitch.total_ms)[:_MOST_HITCH_LINES]
    charts.heading(canvas, MARGIN, y, "Hitches", "the longest first")
    for row, hitch in enumerate(worst):
        canvas.text(MARGIN, y + 40 + 34 * row, shortened(hitch.words(), WIDTH - 2 * MARGIN))
    if len(hitches) > len(worst):
        words = f"and {len(hitches) - len(worst)} more"
        canvas.text(MARGIN, y + 40 + 34 * len(worst), words, color=GREY)
