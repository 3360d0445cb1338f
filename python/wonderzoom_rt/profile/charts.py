# SPDX-License-Identifier: Apache-2.0
"""The charts of a report, each drawn into a box of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from .canvas import (
    GREY,
    INK,
    PALE,
    SMALL,
    SPARE_COLORS,
    STAGE_COLORS,
    TEXT,
    TITLE,
    Box,
    Canvas,
    heat_colors,
    milliseconds,
    short_number,
    text_width,
    ticks,
)

Numbers = NDArray[np.float64]
HITCH_COLOR = "#b00020"
LEGEND_WIDTH = 330


def stage_color(name: str) -> str:
    """The colour that stands for a stage everywhere."""
    return STAGE_COLORS.get(name) or SPARE_COLORS[sum(name.encode()) % len(SPARE_COLORS)]


def heading(canvas: Canvas, x: int, y: int, words: str, note: str = "") -> None:
    """The title of a chart, with a grey note behind it."""
    canvas.text(x, y, words, size=TITLE)
    canvas.text(x + text_width(words, TITLE) + 16, y, note, size=SMALL, color=GREY)


def key_numbers(canvas: Canvas, box: Box, numbers: Sequence[tuple[str, str, str]]) -> None:
    """Large numbers side by side: (value, unit, what it is)."""
    step = box.width / len(numbers)
    for index, (value, unit, what) in enumerate(numbers):
        x = box.x + step * index
        if index:
            canvas.line(x - 22, box.y, x - 22, box.bottom)
        canvas.text(x, box.y + 46, value, size=46)
        canvas.text(x + text_width(value, 46) + 8, box.y + 46, unit, size=TEXT, color=GREY)
        canvas.text(x, box.y + 82, what, size=SMALL, color=GREY)


def stage_stack(canvas: Canvas, box: Box, stages: Mapping[str, Numbers], hitches: Sequence[int]) -> None:
    """Bars of the stages' times, one a frame, with a legend at the right; hitches are marked above."""
    plot = Box(box.x + 70, box.y + 24, box.width - 70 - LEGEND_WIDTH, box.height - 70)
    shown = [name for name, values in stages.items() if values.max(initial=0.0) > 0.0]
    total = np.sum([stages[name] for name in stages], axis=0)
    top = _top(total)
    _grid(canvas, plot, top, "ms")
    frames = len(total)
    columns = min(frames, plot.width // 2)
    # More frames than columns: each column shows the slowest of its frames, so that none of them hides.
    edges = np.linspace(0, frames, columns + 1).astype(int)
    for column in range(columns):
        span = slice(edges[column], edges[column + 1])
        frame = int(edges[column] + np.argmax(total[span]))
        x0 = plot.x + plot.width * column / columns
        x1 = plot.x + plot.width * (column + 1) / columns
        gap = 1.0 if plot.width / columns >= 5 else 0.0
        below = 0.0
        for name in shown:
            above = below + float(stages[name][frame])
            y0, y1 = plot.bottom - plot.height * above / top, plot.bottom - plot.height * below / top
            canvas.box((x0, y0, x1 - x0 - gap, y1 - y0), stage_color(name))
            below = above
    for frame in hitches:
        canvas.marker(plot.x + plot.width * (frame + 0.5) / frames, plot.y - 4, HITCH_COLOR)
    canvas.line(plot.x, plot.bottom, plot.right, plot.bottom, INK)
    for at in ticks(frames - 1, 10) if frames > 1 else [0.0]:
        if at == int(at):
            x = plot.x + plot.width * (at + 0.5) / frames
            canvas.text(x, plot.bottom + 28, f"{at:.0f}", size=SMALL, color=GREY, anchor="middle")
    canvas.text(plot.right, plot.bottom + 52, "frame", size=SMALL, color=GREY, anchor="right")
    _legend(canvas, Box(plot.right + 36, plot.y, LEGEND_WIDTH - 36, plot.height), stages, shown, total)


def _legend(
    canvas: Canvas, box: Box, stages: Mapping[str, Numbers], shown: Sequence[str], total: Numbers
) -> None:
    """In the order of the stack, the last stage on top: median and share of all time."""
    canvas.text(box.x + 200, box.y + 4, "median ms", size=SMALL, color=GREY, anchor="right")
    canvas.text(box.right, box.y + 4, "share", size=SMALL, color=GREY, anchor="right")
    step = min(38, (box.height - 30) // max(len(shown), 1))
    for row, name in enumerate(reversed(shown)):
        y = box.y + 16 + step * row
        share = stages[name].sum() / max(total.sum(), 1e-12)
        canvas.box((box.x, y + 6, 20, 20), stage_color(name))
        canvas.text(box.x + 32, y + 24, name)
        canvas.text(box.x + 200, y + 24, milliseconds(float(np.median(stages[name]))), anchor="right")
        canvas.text(box.right, y + 24, f"{100 * share:.1f} %", anchor="right", color=GREY)


def histogram(canvas: Canvas, box: Box, total: Numbers) -> None:
    """How many frames took how long, with the percentiles."""
    plot = Box(box.x + 70, box.y + 92, box.width - 70, box.height - 158)
    marks = {f"P{p}": float(np.percentile(total, p)) for p in (50, 95, 99)}
    high = max(float(total.max()) * 1.02, 1e-6)
    low = max(0.0, float(total.min()) - 0.05 * high)
    bins = int(np.clip(2 * np.sqrt(len(total)), 12, 60))
    counts, edges = np.histogram(total, bins=bins, range=(low, high))
    top = _top(counts.astype(np.float64))
    _grid(canvas, plot, top, "frames", whole=True)
    for count, left, right in zip(counts, edges[:-1], edges[1:], strict=True):
        x0 = plot.x + plot.width * (left - low) / (high - low)
        x1 = plot.x + plot.width * (right - low) / (high - low)
        tall = plot.height * count / top
        canvas.box((x0, plot.bottom - tall, x1 - x0 - 1, tall), "#7a8794")
    canvas.line(plot.x, plot.bottom, plot.right, plot.bottom, INK)
    free = [float(plot.x)] * 3
    for name, value in marks.items():
        x = plot.x + plot.width * (value - low) / (high - low)
        words = f"{name}  {milliseconds(value)}"
        half = text_width(words, SMALL) / 2
        middle = min(max(x, plot.x + half), plot.right - half)
        row = next((r for r in range(3) if middle - half >= free[r]), 2)
        free[row] = middle + half + 14
        y = plot.y - 12 - 24 * row
        canvas.line(x, y + 9, x, plot.bottom, INK, dash=6)
        canvas.text(middle, y, words, size=SMALL, anchor="middle")
    spread = ticks(high - low, 7)
    step = spread[1] if len(spread) > 1 else high - low
    for number in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1):
        x = plot.x + plot.width * (number * step - low) / (high - low)
        words = f"{round(number * step, 9):g}"
        canvas.text(x, plot.bottom + 28, words, size=SMALL, color=GREY, anchor="middle")
    canvas.text(plot.right, plot.bottom + 54, "ms a frame", size=SMALL, color=GREY, anchor="right")


def funnel(canvas: Canvas, box: Box, steps: Sequence[tuple[str, float, str]]) -> None:
    """Bars on a logarithmic axis: (name, count, note)."""
    top = max((count for _, count, _ in steps), default=1.0)
    decades = np.log10(max(top, 10.0))
    plot = Box(box.x + 190, box.y + 20, box.width - 190 - 250, box.height - 20)
    step = plot.height / max(len(steps), 1)
    for row, (name, count, note) in enumerate(steps):
        y = plot.y + step * row
        middle = y + step / 2 + 8
        wide = plot.width * (np.log10(max(count, 1.0)) / decades if count > 0 else 0.0)
        canvas.box((plot.x, y + step * 0.16, plot.width, step * 0.68), "#f3f5f7")
        canvas.box((plot.x, y + step * 0.16, wide, step * 0.68), "#4a7fa8")
        canvas.text(plot.x - 16, middle, name, anchor="right")
        canvas.text(plot.right + 92, middle, short_number(count), anchor="right")
        canvas.text(plot.right + 108, middle, note, size=SMALL, color=GREY)


def heat_map(canvas: Canvas, box: Box, values: Numbers, unit: str, *, crop: tuple[float, float]) -> None:
    """A picture (rows, columns) of what each tile took, with its scale below.

    crop: which part (height, width) of the outermost row and column lies inside the frame.
    """
    top = max(float(np.percentile(values, 99.5)), 1e-9)
    height, width = values.shape
    magnified = 16
    pixels = np.repeat(np.repeat(heat_colors(values / top), magnified, axis=0), magnified, axis=1)
    inside = (round((height - 1 + crop[0]) * magnified), round((width - 1 + crop[1]) * magnified))
    taken = canvas.picture(box, pixels[: inside[0], : inside[1]], smooth=False)
    bar = Box(taken.x, taken.bottom + 16, taken.width // 2, 18)
    ramp = heat_colors(np.linspace(0.0, 1.0, bar.width)[None, :].repeat(bar.height, axis=0))
    canvas.picture(bar, ramp, smooth=False)
    canvas.text(bar.x, bar.bottom + 24, "0", size=SMALL, color=GREY)
    mean, most = float(values.mean()), float(values.max())
    end = f"{short_number(top)} {unit}{' and more' if most > top else ''}"
    canvas.text(bar.right, bar.bottom + 24, end, size=SMALL, color=GREY, anchor="right")
    canvas.text(
        taken.right,
        bar.y + 17,
        f"mean {short_number(mean)}, most {short_number(most)} ({most / max(mean, 1e-9):.1f} x)",
        size=SMALL,
        anchor="right",
    )


def _top(values: Numbers) -> float:
    """Where an axis that starts at 0 ends."""
    return max(float(values.max(initial=0.0)) * 1.04, 1e-6)


def _grid(canvas: Canvas, plot: Box, top: float, unit: str, *, whole: bool = False) -> None:
    """Lines and numbers at the left; whole: of things that come whole, so nothing between."""
    for value in ticks(top, 5):
        if whole and value != int(value):
            continue
        y = plot.bottom - plot.height * value / top
        canvas.line(plot.x, y, plot.right, y, PALE)
        canvas.text(plot.x - 12, y + 7, f"{value:g}", size=SMALL, color=GREY, anchor="right")
    canvas.text(plot.x - 12, plot.y - 8, unit, size=SMALL, color=GREY, anchor="right")
