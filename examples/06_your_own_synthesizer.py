# SPDX-License-Identifier: Apache-2.0
"""Write your own synthesizer: the stage that invents the picture of a zoom.

    python examples/06_your_own_synthesizer.py out

This one hatches: it draws fine strokes across the picture, along its edges. It is a screenful of numpy; a diffusion
model would stand in the same place. Writes before.png, after.png and hatched.wz.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import wonderzoom_rt as wz
from wonderzoom_rt.synth.detail.resample import Axis, Resampler
from wonderzoom_rt.synth.offline import crop_with_margin
from wonderzoom_rt.synth.types import Context, ZoomRequest

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"
ACROSS = ((1, 0), (1, 1), (0, 1), (-1, 1))
"""The four ways to hatch: columns and rows per step across the strokes."""
PERIOD_PX = 5


class HatchingSynthesizer:
    """Enlarges what is there and hatches it."""

    name = "hatching"

    def __init__(self, strength: float = 0.6) -> None:
        self.strength = strength

    def synthesize(
        self,
        request: ZoomRequest,
        context: Context,
        camera: wz.Camera,
        *,
        octave: float,
        progress: Callable[[float, str], None],
        cancelled: Callable[[], bool],
    ) -> NDArray[np.float32]:
        """The picture (H,W,3) of `camera`, a window into the coarser `context.picture`."""
        if cancelled():
            raise wz.CancelledError("stopped")
        progress(0.1, "enlarging")
        # `low` is the window with a margin; in it the view starts at (x, y) and is `width` wide, coarse pixels.
        low, (x, y, width, height) = crop_with_margin(context, camera)
        x_axis, left = Axis.covering(low.shape[1], camera.width / width, x, camera.width)
        y_axis, top = Axis.covering(low.shape[0], camera.height / height, y, camera.height)
        grids = Resampler(x=x_axis, y=y_axis)
        progress(0.5, "hatching")
        # Pixels are counted from the optical axis, so that strokes stay where they are in the world and zooms that
        # overlap agree. The lens cameras of a zoom have whole-numbered principal points for this very reason.
        first = (-round(camera.principal[0]) - left, -round(camera.principal[1]) - top)
        strokes = hatched(low, grids, first=first, seed=request.seed)
        # What was seen from afar must stay: `detail` keeps only what averages to nothing over a coarse pixel.
        picture = grids.lift(low) + self.strength * grids.detail(strokes)[..., None]
        return picture[top : top + camera.height, left : left + camera.width].clip(0, 1)


def hatched(
    low: NDArray[np.float32], grids: Resampler, *, first: tuple[int, int], seed: int
) -> NDArray[np.float32]:
    """Strokes (rows, columns) of the fine grid along the edges of the coarse picture, stronger where it has more."""
    light = low @ np.array([0.3, 0.59, 0.11], dtype=np.float32)
    down, across = np.gradient(light)
    fit = np.stack([(across * a + down * b) ** 4 / (a * a + b * b) ** 2 for a, b in ACROSS]) + 1e-8
    amount = (0.06 + 2 * np.hypot(across, down)) * fit / fit.sum(axis=0)
    rows, columns = grids.high_shape
    column, row = first[0] + np.arange(columns)[None, :], first[1] + np.arange(rows)[:, None]
    strokes = np.zeros((rows, columns), dtype=np.float32)
    for (a, b), part in zip(ACROSS, amount, strict=True):
        phase = (a * column + b * row + seed) % PERIOD_PX  # whole numbers: exact at any depth of zoom
        strokes += grids.up(part) * np.sin(2 * np.pi / PERIOD_PX * phase).astype(np.float32)
    return strokes


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--photo", type=Path, default=DANDELIONS, help="a photograph (default: dandelions)")
    parser.add_argument("--width", type=int, default=480, help="pixels of the first level (default: 480)")
    parser.add_argument("--strength", type=float, default=0.6, help="of the strokes (default: 0.6)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    world = wz.World.from_image(options.photo, width=options.width)
    camera = world.home.zoomed(8, at=(0.29, 0.32))
    world.render(camera).save_png(options.output / "before.png")

    # The other stages (depth, hidden views) stay those of the offline tier; each can be replaced in the same way.
    pipeline = wz.Pipeline(synthesizer=HatchingSynthesizer(options.strength))
    with wz.Generator(pipeline) as generator:
        level = generator.zoom(world, camera).result()
    print(
        f"level {level.id} was made by {level.metadata['generator']!r} in {level.metadata['seconds']:.1f} s"
    )

    world.render(camera).save_png(options.output / "after.png")
    world.save(options.output / "hatched.wz", overwrite=True)


# The worker process loads this file to find the class above, so work belongs under this line.
if __name__ == "__main__":
    main()
