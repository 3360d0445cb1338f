# SPDX-License-Identifier: Apache-2.0
"""What charts are drawn with: a white page, text, lines and boxes, in Pillow."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

INK, GREY, PALE, PAPER = "#1b1f24", "#6a737d", "#e4e7eb", "#ffffff"
TEXT, SMALL, TITLE = 24, 20, 28

# Colours of Okabe and Ito (2008), which stay apart for colour-blind eyes; what is no work of its own is grey.
STAGE_COLORS = {
    "select": "#8c8c8c",
    "load": "#e69f00",
    "list": "#f0e442",
    "upload": "#4d4d4d",
    "project": "#56b4e9",
    "sort": "#009e73",
    "bin": "#cc79a7",
    "blend": "#0072b2",
    "resolve": "#d55e00",
    "other": "#cfd4da",
}
SPARE_COLORS = ("#7a5c00", "#004d38", "#66003d", "#003a5c")

# Dark blue to yellow, each step lighter than the last: points of the viridis map.
_HEAT = np.array(
    [
        (68, 1, 84),
        (71, 44, 122),
        (59, 81, 139),
        (44, 113, 142),
        (33, 144, 141),
        (39, 173, 129),
        (92, 200, 99),
        (170, 220, 50),
        (253, 231, 37),
    ],
    dtype=np.float64,
)
Anchor = Literal["left", "middle", "right"]


class Box(NamedTuple):
    """A rectangle on the page, px."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The x of its right side."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The y of its lower side."""
        return self.y + self.height


class Canvas:
    """A white page of width x height px."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self.image)

    def text(
        self, x: float, y: float, words: str, *, size: int = TEXT, color: str = INK, anchor: Anchor = "left"
    ) -> None:
        """A line of text whose baseline is at y."""
        spot = {"left": "ls", "middle": "ms", "right": "rs"}[anchor]
        self._draw.text((x, y), words, fill=color, font=font(size), anchor=spot)

    def box(self, box: Box | tuple[float, float, float, float], color: str) -> None:
        """A filled rectangle (x, y, width, height); thinner than half a pixel it vanishes."""
        x, y, width, height = box
        left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
        if right > left and bottom > top:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=color)

    def line(
        self, x0: float, y0: float, x1: float, y1: float, color: str = PALE, *, width: int = 1, dash: int = 0
    ) -> None:
        """A straight line; dash: px of each stroke and gap."""
        length = math.hypot(x1 - x0, y1 - y0)
        if dash <= 0 or length == 0:
            self._draw.line((x0, y0, x1, y1), fill=color, width=width)
            return
        for begin in range(0, int(length), 2 * dash):
            a, b = begin / length, min((begin + dash) / length, 1.0)
            self._draw.line(
                (x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0)),
                fill=color,
                width=width,
            )

    def marker(self, x: float, y: float, color: str, *, side: float = 14) -> None:
        """A triangle that points down to (x, y)."""
        self._draw.polygon([(x, y), (x - side / 2, y - side), (x + side / 2, y - side)], fill=color)

    def picture(self, box: Box, pixels: NDArray[np.uint8], *, smooth: bool) -> Box:
        """A picture (H,W,3) as large as fits into the box, at its top left; the rectangle it took."""
        height, width = pixels.shape[:2]
        part = min(box.width / width, box.height / height)
        size = (max(round(width * part), 1), max(round(height * part), 1))
        kind = Image.Resampling.LANCZOS if smooth else Image.Resampling.NEAREST
        self.image.paste(Image.fromarray(pixels).resize(size, kind), (box.x, box.y))
        return Box(box.x, box.y, *size)

    def save(self, path: str | Path) -> None:
        """Writes the page as a PNG."""
        self.image.save(path, format="PNG", optimize=True)


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that Pillow brings, in px."""
    try:
        return ImageFont.load_default(size)
    except TypeError:  # before Pillow 10.1: one small size
        return ImageFont.load_default()


def text_width(words: str, size: int = TEXT) -> float:
    """How wide a line of text is, px."""
    return float(font(size).getlength(words))


def shortened(words: str, width: float, size: int = TEXT) -> str:
    """The text, or as much of its beginning as fits."""
    if text_width(words, size) <= width:
        return words
    while words and text_width(words + "...", size) > width:
        words = words[:-1]
    return words.rstrip() + "..."


def heat_colors(part: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Colours (..., 3) for numbers 0..1: dark is little."""
    at = np.clip(np.nan_to_num(part), 0.0, 1.0) * (len(_HEAT) - 1)
    below = np.minimum(at.astype(int), len(_HEAT) - 2)
    rest = (at - below)[..., None]
    colors: NDArray[np.uint8] = np.round(_HEAT[below] * (1 - rest) + _HEAT[below + 1] * rest).astype(np.uint8)
    return colors


def ticks(top: float, most: int = 6) -> list[float]:
    """Round numbers from 0 up to `top` at most, evenly spaced by 1, 2 or 5 times a power of ten."""
    if not top > 0.0:
        return [0.0]
    step = 10.0 ** math.floor(math.log10(top / most))
    for factor in (1.0, 2.0, 5.0, 10.0):
        if top / (factor * step) <= most:
            step *= factor
            break
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


def short_number(value: float) -> str:
    """1.2 M, 34 k, 0.5: three digits or so."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= limit:
            return f"{value / limit:.3g}{unit}"
    return f"{value:.3g}"


def milliseconds(value: float) -> str:
    """A time with three digits or so, without its unit."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
