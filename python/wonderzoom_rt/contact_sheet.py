# SPDX-License-Identifier: Apache-2.0
"""A contact sheet: every level of a zoom through its lens, with the place where the next one lies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .flight import ancestry

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from .level import Level
    from .world import World

TILE_WIDTH = 544
COLUMNS = 4
_GAP, _MARGIN, _CAPTION, _HEAD = 20, 40, 40, 96
_PAPER, _INK, _SOFT, _FRAME = (17, 18, 21), (236, 237, 240), (150, 153, 161), (255, 255, 255)


def contact_sheet(
    world: World, *, level: int | Level | None = None, title: str = "", notes: list[str] | None = None
) -> Image:
    """A picture of all levels from the first to `level` (the newest when left out), as they are rendered.

    title: words at the top. notes: short lines for the sheet's last field.
    """
    from PIL import Image, ImageDraw

    chain = ancestry(world, level)
    home = world.home
    tile = (TILE_WIDTH, round(TILE_WIDTH * home.height / home.width))
    columns = min(COLUMNS, len(chain) + (1 if notes else 0))
    rows = -(-(len(chain) + (1 if notes else 0)) // columns)
    width = 2 * _MARGIN + columns * tile[0] + (columns - 1) * _GAP
    height = _HEAD + rows * (tile[1] + _CAPTION) + (rows - 1) * _GAP + _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((_MARGIN, 32), title, font=_font(30), fill=_INK)
    for index, record in enumerate(chain):
        corner = _corner(index, columns, tile)
        frame = world.render(record.lens, outputs=("color",))
        picture = Image.fromarray(frame.image()).resize(tile, Image.Resampling.LANCZOS)
        sheet.paste(picture, corner)
        if index + 1 < len(chain):
            _mark(draw, record, chain[index + 1], corner, tile)
        _caption(draw, corner, tile, record, home.focal)
    if notes:
        x, y = _corner(len(chain), columns, tile)
        for number, line in enumerate(notes):
            draw.text((x + 8, y + 4 + 30 * number), line, font=_font(19), fill=_SOFT if number else _INK)
    return sheet


def save_contact_sheet(world: World, path: str | Path, **options: Any) -> None:
    """Writes `contact_sheet` as a PNG."""
    contact_sheet(world, **options).save(path, format="PNG")


def _corner(index: int, columns: int, tile: tuple[int, int]) -> tuple[int, int]:
    row, column = divmod(index, columns)
    return _MARGIN + column * (tile[0] + _GAP), _HEAD + row * (tile[1] + _CAPTION + _GAP)


def _mark(
    draw: ImageDraw, outer: Level, inner: Level, corner: tuple[int, int], tile: tuple[int, int]
) -> None:
    """Outlines the view of `inner` in that of `outer`; both look from one eye."""
    lens = inner.lens
    corners = outer.lens.project_directions(lens.ray([0.0, float(lens.width)], [0.0, float(lens.height)]))
    scale = tile[0] / outer.lens.width
    box = [corner[axis] + float(corners[point][axis]) * scale for point in (0, 1) for axis in (0, 1)]
    if all(abs(value) < 1e6 for value in box):
        draw.rectangle([box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1], outline=(0, 0, 0), width=1)
        draw.rectangle(box, outline=_FRAME, width=2)


def _caption(
    draw: ImageDraw, corner: tuple[int, int], tile: tuple[int, int], record: Level, home_focal: float
) -> None:
    y = corner[1] + tile[1] + 9
    draw.text((corner[0], y), f"level {record.id}", font=_font(20), fill=_INK)
    zoom = record.lens.focal / home_focal
    words = "the photograph" if record.parent is None else f"x{zoom:.3g}" if zoom < 1e4 else f"x{zoom:.1e}"
    draw.text((corner[0] + tile[0], y), words, font=_font(20), fill=_SOFT, anchor="ra")


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)
