# SPDX-License-Identifier: Apache-2.0
"""Makes the pictures of the README and the pages, in docs/images, by the project's own commands.

    python tools/make_pictures.py [--demo DIR] [--quality best|fast] [NAME ...]

--demo: the folder of a finished `wonderzoom demo`, whose world is drawn; one is made in a temporary folder when
left out. NAMEs: descent, contact_sheet, before_after, levels, outputs; all when left out. Run it with a Python
that has wonderzoom_rt[offline] installed. Prints the size of each file and of all, and fails above 3 MB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import wonderzoom_rt as wz
from wonderzoom_rt.contact_sheet import contact_sheet
from wonderzoom_rt.synth.cameras import window_in
from wonderzoom_rt.synth.types import Quality

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PHOTOGRAPHS = ROOT / "tests" / "data"
MOST_BYTES = 3_000_000
PAPER, INK = (17, 18, 21), (236, 237, 240)
GAP = 12
FINEST_BIAS = 16.0
ZOOMED_PLACES = {"valley": (0.8, 0.7), "creek": (0.5, 0.6)}


def captioned(picture: Image.Image, words: str) -> Image.Image:
    """The picture with words in its lower left corner."""
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(round(picture.height / 15))
    place = (picture.height // 24, picture.height - picture.height // 24)
    outline = max(1, picture.height // 200)
    draw.text(place, words, font=font, fill=INK, anchor="ls", stroke_width=outline, stroke_fill=(0, 0, 0))
    return picture


def table(rows: Sequence[Sequence[Image.Image]]) -> Image.Image:
    """Pictures of one size, side by side and below each other."""
    width, height = rows[0][0].size
    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP), PAPER)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            sheet.paste(picture, (across * (width + GAP), down * (height + GAP)))
    return sheet


def drawn(world: wz.World, camera: wz.Camera, size: tuple[int, int]) -> Image.Image:
    """A view at twice the size, averaged: what a picture that is looked at closely deserves."""
    frame = world.render(camera, size[0] * 2, size[1] * 2)
    return Image.fromarray(frame.image()).resize(size, Image.Resampling.BOX)


# ------------------------------------------------------------------------------------ pictures


def descent(world: wz.World, quality: Quality) -> Image.Image:
    """The approach views of the photograph and of each whole zoom."""
    size = (784, 441)
    views = []
    for level in world.levels[::2]:
        zoom = level.lens.focal / world.home.focal
        words = "a photograph" if level.parent is None else f"x{zoom:.0f}"
        views.append(captioned(drawn(world, level.approach, size), words))
    return table([views[i : i + 2] for i in range(0, len(views), 2)])


def sheet_of_levels(world: wz.World, quality: Quality) -> Image.Image:
    """The contact sheet."""
    surfels = sum(level.surfel_count for level in world.levels)
    zoom = world.levels[-1].lens.focal / world.home.focal
    notes = ["Level 0 is the photograph.", "Everything finer was invented,", "offline, on the CPU.", ""]
    notes.append(f"{len(world.levels)} levels, {surfels / 1e6:.1f} million surfels")
    sheet = contact_sheet(world, title=f"Dandelions, zoomed x{zoom:.0f}", notes=notes)
    return sheet.resize((1600, round(sheet.height * 1600 / sheet.width)), Image.Resampling.LANCZOS)


def before_after(world: wz.World, quality: Quality) -> Image.Image:
    """A x8 zoom into two photographs: the crop enlarged bicubically, and the levels that the engine made."""
    size = (784, 520)
    rows = []
    for name, at in ZOOMED_PLACES.items():
        other = wz.World.from_image(PHOTOGRAPHS / f"{name}.jpg")
        with wz.Generator(worker="in-process") as generator:
            level = generator.zoom(other, other.home.zoomed(8, at=at), quality=quality).result()
        x, y, width, height = window_in(other.home, level.lens)
        photograph = Image.fromarray((other.picture(0) * 255 + 0.5).astype(np.uint8))
        whole = (level.lens.width, level.lens.height)
        enlarged = photograph.resize(whole, Image.Resampling.BICUBIC, box=(x, y, x + width, y + height))
        frame = Image.fromarray(other.render(level.lens).image())
        pair = (fitted(enlarged, size), fitted(frame, size))
        rows.append([captioned(pair[0], f"{name}, x8, bicubic"), captioned(pair[1], "this engine")])
    return table(rows)


def fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture, cropped to the aspect and brought to the size."""
    grow = max(size[0] / picture.width, size[1] / picture.height)
    width, height = size[0] / grow, size[1] / grow
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    return picture.resize(size, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))


def levels(world: wz.World, quality: Quality) -> Image.Image:
    """A view of the first three levels: its colours, and the finest of them at each place."""
    size = (784, 441)
    first = world.level(1).lens
    x, y, width, height = window_in(world.home, first)
    at = ((x + width / 2) / world.home.width, (y + height / 2) / world.home.height)
    camera = world.home.zoomed(2.2, at=at)
    outputs = ("color", "coverage", "level")
    tinted = world.render(camera, *size, outputs=outputs, detail_bias=FINEST_BIAS, until_level=2).image(
        "level"
    )
    return table([[drawn(world, camera, size), Image.fromarray(tinted)]])


def outputs(world: wz.World, quality: Quality) -> Image.Image:
    """The home view's colours, depth and normals."""
    size = (518, 291)
    frame = world.render(world.home, *size, outputs=("color", "depth", "normal"))
    names = ("color", "depth", "normal")
    return table([[captioned(Image.fromarray(frame.image(name).copy()), name) for name in names]])


PICTURES: dict[str, Callable[[wz.World, Quality], Image.Image]] = {
    "descent": descent,
    "contact_sheet": sheet_of_levels,
    "before_after": before_after,
    "levels": levels,
    "outputs": outputs,
}


def opened_world(folder: Path | None, scratch: Path) -> wz.World:
    """The world of a finished demo, or of one made now."""
    if folder is not None:
        return wz.World.open(folder / "world.wz")
    from wonderzoom_rt.demo import run_demo

    return wz.World.open(run_demo(scratch).world)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, help="folder of a finished demo")
    parser.add_argument(
        "--quality", choices=("fast", "best"), default="best", help="of zooms made here (best)"
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*PICTURES, []], help="which pictures (all)"
    )
    options = parser.parse_args()
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        world = opened_world(options.demo, Path(scratch))
        for name in options.names or PICTURES:
            file = IMAGES / f"{name}.jpg"
            PICTURES[name](world, options.quality).save(file, quality=86, optimize=True, subsampling=0)
            print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} kB")
    total = sum(file.stat().st_size for file in IMAGES.iterdir())
    print(f"all: {total / 1e6:.2f} MB of at most {MOST_BYTES / 1e6:.0f} MB")
    return 0 if total <= MOST_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
