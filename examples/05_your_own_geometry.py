# SPDX-License-Identifier: Apache-2.0
"""Bring your own geometry: a depth map for a photograph, an RGB-D frame with its pose, plain surfels.

    python examples/05_your_own_geometry.py out

Writes depth_map.png, rgbd.png and surfels.png, each a view from beside the first camera.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from PIL import Image

import wonderzoom_rt as wz

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"


def with_depth_map(photo: Path, width: int) -> wz.World:
    """A photograph and your own depth map, here a made-up valley: near at the bottom and at both sides.

    The map may also be the path of a PNG, NPY or EXR file; it has the photograph's shape.
    """
    with Image.open(photo) as image:
        rows, columns = image.height, image.width
    down, across = np.mgrid[0:rows, 0:columns] / np.array([rows, columns]).reshape(2, 1, 1)
    depth = 4.0 + 6.0 * (1.0 - down) - 3.0 * np.abs(2.0 * across - 1.0)
    return wz.World.from_image(photo, width=width, depth=depth)


def from_rgbd(photo: Path, width: int) -> wz.World:
    """An RGB-D frame from a sensor: colours, radial distances (infinite where there is nothing), and its pose."""
    with Image.open(photo) as image:
        color = np.asarray(image.convert("RGB").resize((width, width * 9 // 16)))
    height = color.shape[0]
    # The sensor stands 1.5 wu above the ground (y is down) and looks a little downwards, at the ground 3 wu ahead.
    camera = wz.Camera.look_at(
        (0.0, -1.5, 0.0), (0.0, 0.0, 3.0), focal=0.9 * width, width=width, height=height
    )
    down = camera.rays()[..., 1]
    distance = np.full((height, width), np.inf)
    distance[down > 0.05] = 1.5 / down[down > 0.05]
    return wz.World.from_rgbd(color, distance, camera)


def from_surfels(count: int, seed: int) -> wz.World:
    """Any points with colours: here a ball, its surfels facing outwards, evenly spread by the golden angle."""
    turn = np.arange(count) * math.pi * (3.0 - math.sqrt(5.0))
    height = 1.0 - 2.0 * (np.arange(count) + 0.5) / count
    ring = np.sqrt(1.0 - height**2)
    normals = np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=1)
    patches = np.sin(6.0 * normals @ np.random.default_rng(seed).standard_normal((3, 3))) > 0
    layer = wz.SurfelLayer.from_arrays(normals, normals=normals, colors=0.25 + 0.5 * patches)
    camera = wz.Camera.look_at((0.0, -0.5, -3.0), (0.0, 0.0, 0.0), focal=420.0, width=480, height=360)
    return wz.World.from_surfels(layer, camera)


def save_view(world: wz.World, file: Path) -> None:
    """The world from ten degrees beside its home camera, about what lies in the middle of the view."""
    home = world.home
    hit = world.pick(home, home.width / 2, 0.6 * home.height)
    assert hit is not None
    world.render(home.orbited(hit.point, math.radians(10), 0.0), background=(0.1, 0.1, 0.12)).save_png(file)
    print(f"{file}: {world.level(0).surfel_count:,} surfels, the picked point is {hit.distance:.3g} wu away")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--photo", type=Path, default=DANDELIONS, help="a photograph (default: dandelions)")
    parser.add_argument("--width", type=int, default=480, help="pixels of the first level (default: 480)")
    parser.add_argument("--surfels", type=int, default=60_000, help="of the ball (default: 60000)")
    parser.add_argument("--seed", type=int, default=3, help="of the ball's pattern (default: 3)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    save_view(with_depth_map(options.photo, options.width), options.output / "depth_map.png")
    save_view(from_rgbd(options.photo, options.width), options.output / "rgbd.png")
    ball = from_surfels(options.surfels, options.seed)
    save_view(ball, options.output / "surfels.png")

    # And back: every level can be read as arrays. Positions come back to a small part of a surfel's own size.
    layer = ball.surfels(0)
    worst = np.abs(np.linalg.norm(layer.positions, axis=1) - 1.0).max() / layer.extents.max()
    print(f"{len(layer):,} surfels read back, off the ball by at most {worst:.2g} of their extent")


if __name__ == "__main__":
    main()
