# SPDX-License-Identifier: Apache-2.0
"""Make a world from a photograph, look at it, save it and open it again.

    python examples/01_world_from_photograph.py out --photo street.jpg --width 1088

Writes street.wz (named for the photograph), home.png, depth.png and level.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

import wonderzoom_rt as wz

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--photo", type=Path, default=DANDELIONS, help="a photograph (default: dandelions)")
    parser.add_argument("--width", type=int, default=640, help="pixels of the first level (default: 640)")
    parser.add_argument(
        "--focal", type=float, help="focal length in pixels of the photograph, when you know it"
    )
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    # With `path`, every commit is on disk when it returns. Without, the world lives in memory until save().
    file = options.output / f"{options.photo.stem}.wz"
    world = wz.World.from_image(
        options.photo, width=options.width, focal=options.focal, path=file, overwrite=True
    )
    for notice in world.notices:
        print("note:", notice)

    # The home view is the photograph's own: same eye, same frame.
    frame = world.render(world.home)
    frame.save_png(options.output / "home.png")
    frame.save_png(options.output / "depth.png", "depth")

    level = world.level(0)
    print(
        f"level 0: {level.surfel_count:,} surfels, seen by {level.lens.width}x{level.lens.height} px, "
        f"focal {level.lens.focal:.0f} px, footprint {level.footprint_min:.2g} to {level.footprint_max:.2g} wu/px"
    )
    facts = json.dumps(world.info()["levels"][0], indent=2)
    (options.output / "level.json").write_text(facts + "\n", encoding="utf-8")

    # Opening reads the directory only; pages come when a view needs them.
    again = wz.World.open(file)
    assert np.array_equal(again.render(again.home).image(), frame.image())
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB, opened again, draws the same picture")


if __name__ == "__main__":
    main()
