# SPDX-License-Identifier: Apache-2.0
"""Zoom into a world with a generator: watch the job, cancel one, take one back.

    python examples/03_zoom_as_a_job.py out --at 0.29 0.32 --quality fast

Writes before.png (the crop, blurred), after.png (the same view with the new levels), levels.png (which level
is seen where) and zoomed.wz.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import wonderzoom_rt as wz

DANDELIONS = Path(wz.__file__).parent / "data" / "dandelions.jpg"


def watch(job: wz.Job) -> wz.Level:
    """Prints progress while a job runs; a window would call `generator.poll()` once a frame instead."""
    while not job.wait(timeout=0.25):
        fraction, doing = job.progress
        print(f"  {job.state.value:9s} {100 * fraction:3.0f} %  {doing}")
    return job.result()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="folder for what is made")
    parser.add_argument("--photo", type=Path, default=DANDELIONS, help="a photograph (default: dandelions)")
    parser.add_argument("--width", type=int, default=480, help="pixels of the first level (default: 480)")
    parser.add_argument(
        "--at",
        type=float,
        nargs=2,
        default=(0.29, 0.32),
        metavar=("X", "Y"),
        help="where to zoom, 0..1 of the frame from the left and the top (default: 0.29 0.32)",
    )
    parser.add_argument("--quality", choices=("fast", "best"), default="fast", help="(default: fast)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other detail (default: 0)")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    world = wz.World.from_image(options.photo, width=options.width)
    camera = world.home.zoomed(8, at=tuple(options.at))
    world.render(camera).save_png(options.output / "before.png")

    # One worker process serves all zooms of the `with`. zoom() checks the wish and returns at once.
    with wz.Generator() as generator:
        job = generator.zoom(world, camera, quality=options.quality, seed=options.seed)
        level = watch(job)
        seconds = sum(made.metadata["seconds"] for made in job.levels)
        print(f"levels {[made.id for made in job.levels]} are in the world, made in {seconds:.1f} s")

        # A cancelled job leaves the world as it was, whenever it is cancelled.
        epoch = world.epoch
        other = generator.zoom(world, level.lens.zoomed(8), quality=options.quality)
        other.cancel()
        try:
            other.result()
        except wz.CancelledError as reason:
            print(f"cancelled: {reason}")
        assert world.epoch == epoch

        # So does undo, newest level first.
        deeper = generator.zoom(world, level.lens.zoomed(4), quality=options.quality)
        deeper.result()
        for made in reversed(deeper.levels):
            world.undo(made)
    assert [record.id for record in world.levels] == list(range(level.id + 1))

    frame = world.render(camera)
    frame.save_png(options.output / "after.png")
    frame.save_png(options.output / "levels.png", "level")
    world.save(options.output / "zoomed.wz", overwrite=True)


if __name__ == "__main__":
    main()
