# SPDX-License-Identifier: Apache-2.0
"""What an installed wheel must be able to do: import without a compiler in reach, draw, save, open and draw again.

    python -I tools/probe_wheel.py

Run by `make wheel` in an environment that holds nothing but the wheel and what it needs.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import wonderzoom_rt as wz
from wonderzoom_rt import _core


def wall(count: int, *, seed: int) -> wz.SurfelLayer:
    """A wall of opaque discs of random colours at distance 4, wider than the view of `camera()`."""
    random = np.random.default_rng(seed)
    side = round(count**0.5)
    x, y = np.meshgrid(np.linspace(-3, 3, side), np.linspace(-2, 2, side))
    positions = np.stack([x.ravel(), y.ravel(), np.full(x.size, 4.0)], axis=1)
    number = len(positions)
    return wz.SurfelLayer(
        positions=positions,
        orientations=np.tile(np.float32([1, 0, 0, 0]), (number, 1)),
        extents=np.full((number, 2), 6 / side, dtype=np.float32),
        colors=random.random((number, 3), dtype=np.float32),
        opacities=np.full(number, 0.95, dtype=np.float32),
        now=np.full(number, 4 / 120),
        prior=np.full(number, np.inf),
        mask=np.ones(number, dtype=np.float32),
        is_sky=np.zeros(number, dtype=np.bool_),
        flags=np.zeros(number, dtype=np.uint16),
    )


def camera() -> wz.Camera:
    return wz.Camera.home(160, 96, focal=120.0)


def main() -> int:
    compilers = [c for c in ("cc", "gcc", "c++", "g++", "clang", "clang++", "nvcc") if shutil.which(c)]
    if compilers:
        sys.exit(f"this environment is no proof: it reaches {', '.join(compilers)}")
    if Path(sys.prefix) not in Path(_core.__file__).parents:
        sys.exit(f"the module comes from elsewhere: {_core.__file__}")
    world = wz.World.from_surfels(wall(4096, seed=1), camera())
    frame = world.render(camera(), outputs=("color", "coverage"))
    if frame.color is None or frame.coverage is None or float(frame.coverage.min()) < 0.9:
        sys.exit("the wall that fills the view is not drawn everywhere")
    if float(frame.color.std()) < 0.05:
        sys.exit("the wall of random colours came out plain")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.wz")
        world.save(path)
        again = wz.World.open(path).render(camera(), outputs=("color", "coverage"))
    if not np.array_equal(again.color, frame.color):
        sys.exit("the world that was saved and opened does not look like the one in memory")
    print(f"wonderzoom_rt {wz.__version__} draws, saves and opens from {_core.__file__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
