# SPDX-License-Identifier: Apache-2.0
"""Makes the golden files of this folder from the full reference pictures: `python make_golden.py FOLDER`.

FOLDER holds one_surfel.npz, surfels2k_front_only.npz and surfels2k_identity.npz as its README describes them. The large
ones are cut to a window of 64 x 64 pixels; `window` (x0, y0) says which. Inputs stay whole.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

WINDOW = 64


def make(source: Path, target: Path, corner: tuple[int, int]) -> None:
    """Writes one cut file."""
    full = np.load(source)
    x0, y0 = corner
    kept = {}
    for name in full:
        value = full[name]
        is_image = "__" in name
        side = min(WINDOW, int(full["width"]))
        kept[name] = value[y0 : y0 + side, x0 : x0 + side] if is_image else value
    np.savez_compressed(target, window=np.array(corner), **kept)


def main() -> None:
    """Makes all of them."""
    source, here = Path(sys.argv[1]), Path(__file__).resolve().parent
    make(source / "one_surfel.npz", here / "one_surfel.npz", (0, 0))
    for name in ("surfels2k_front_only", "surfels2k_identity"):
        make(source / f"{name}.npz", here / f"{name}.npz", (96, 72))


if __name__ == "__main__":
    main()
