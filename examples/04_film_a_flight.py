# SPDX-License-Identifier: Apache-2.0
"""Film a world: the default flight through all levels, and a path of your own.

    python examples/04_film_a_flight.py out --world demo/world.wz --size 960x540

Writes flight.mp4, path.json (which `wonderzoom fly --path` reads) and path.mp4. Without --world, a small one is
made and zoomed first.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import wonderzoom_rt as wz
from wonderzoom_rt.film import make_film
from wonderzoom_rt.flight import path_from_dict

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"


def small_world() -> wz.World:
    """One photograph, one zoom of x8: three levels."""
    world = wz.World.from_image(DANDELIONS, width=320)
    with wz.Generator() as generator:
        generator.zoom(world, world.home.zoomed(8, at=(0.29, 0.32)), quality="fast").result()
    return world


def path_around(world: wz.World) -> dict[str, object]:
    """A path as plain values: from the home view down to the newest level's, then a quarter turn about its middle.

    With a target the eye closes in on it by octaves, which stays smooth and exact over any depth.
    """
    end = world.levels[-1].approach
    hit = world.pick(end, end.width / 2, end.height / 2)
    assert hit is not None and math.isfinite(hit.distance), "the newest level shows nothing in its middle"
    turned = end.orbited(hit.point, math.radians(10), math.radians(5))
    return {
        "target": list(hit.point),
        "keyframes": [
            {"time": time, "camera": camera.to_dict()}
            for time, camera in ((0.0, world.home), (1.5, end), (2.0, turned))
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--world", type=Path, help="a world file (default: a small world made here)")
    parser.add_argument(
        "--size", default="320x180", metavar="WxH", help="of the films, px, even (default: 320x180)"
    )
    parser.add_argument("--fps", type=float, default=12.0, help="frames a second (default: 12)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of the first film (default: 3)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    width, height = (int(side) for side in options.size.split("x"))

    world = wz.World.open(options.world) if options.world else small_world()

    # Left alone, the camera dives through the levels at a constant number of octaves a second, then orbits a little.
    film = make_film(
        world, options.output / "flight.mp4", seconds=options.seconds, fps=options.fps, size=(width, height)
    )
    print(f"{film.path}: {film.frames} frames, {film.seconds:g} s, {film.bytes / 1e6:.2f} MB")

    path = path_around(world)
    (options.output / "path.json").write_text(json.dumps(path, indent=2) + "\n", encoding="utf-8")
    film = make_film(
        world,
        options.output / "path.mp4",
        camera_path=path_from_dict(path),
        fps=options.fps,
        size=(width, height),
    )
    print(f"{film.path}: {film.frames} frames, {film.seconds:g} s, {film.bytes / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
