# SPDX-License-Identifier: Apache-2.0
"""Draw every output of a view, from cameras of your own, and ask what lies under a pixel.

    python examples/02_outputs_and_cameras.py out

Writes one picture an output, orbit_0.png .. orbit_4.png, crop.png and camera.json.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import numpy as np

import wonderzoom_rt as wz

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"


def draw_outputs(world: wz.World, folder: Path) -> None:
    """Arrays come as numpy, pictures by `save_png`. Only what is asked for is computed."""
    outputs = ("color", "coverage", "depth", "depth_median", "normal", "level", "surfel_id")
    frame = world.render(world.home, outputs=outputs)
    for name in outputs:
        values = getattr(frame, name)
        frame.save_png(folder / f"{name}.png", name)
        print(f"{name:13s}{values.dtype!s:8s}{values.shape}")
    assert frame.depth is not None
    known = frame.depth[np.isfinite(frame.depth)]
    print(
        f"distances from {known.min():.3g} to {known.max():.3g} wu, drawn in {frame.stats['total_ms']:.0f} ms"
    )


def ask(world: wz.World) -> tuple[float, float, float]:
    """What lies in the lower middle of the picture: usually ground, always something."""
    home = world.home
    hit = world.pick(home, 0.5 * home.width, 0.75 * home.height)
    assert hit is not None, "nothing lies there"
    print(
        f"under the pixel: level {hit.level}, {hit.distance:.3g} wu away, at {tuple(round(v, 3) for v in hit.point)}"
    )
    return hit.point


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--photo", type=Path, default=DANDELIONS, help="a photograph (default: dandelions)")
    parser.add_argument("--width", type=int, default=640, help="pixels of the first level (default: 640)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    world = wz.World.from_image(options.photo, width=options.width)
    draw_outputs(world, options.output)

    # Cameras are values: every method gives a new one. Here, five along an arc about a point of the world.
    point = ask(world)
    arc = [world.home.orbited(point, math.radians(degrees), 0.0) for degrees in (-4, -2, 0, 2, 4)]
    for number, frame in enumerate(world.render_many(arc, 480, 272)):
        frame.save_png(options.output / f"orbit_{number}.png")

    # The lens zoom is an exact crop: nothing new is invented here, that is what a generator is for.
    crop = world.home.zoomed(4, at=(0.5, 0.75))
    world.render(crop).save_png(options.output / "crop.png")

    # A camera survives JSON to the last bit; `wonderzoom render --camera` reads the same file.
    file = options.output / "camera.json"
    file.write_text(json.dumps(arc[0].to_dict(), indent=2) + "\n", encoding="utf-8")
    assert wz.Camera.from_dict(json.loads(file.read_text(encoding="utf-8"))) == arc[0]


if __name__ == "__main__":
    main()
