# SPDX-License-Identifier: Apache-2.0
"""The quality bars on photographs: three x8 zooms at each of three places, evaluated; and true detail.

    python tests/soak/quality.py --photos tests/data --quality fast -o tests/bench/results/quality-fast.json

Writes one JSON file: per photograph and place the worst figure of each key, the seconds each step took, and which bars
hold. With photographs larger than 2000 px it also zooms each, shrunk to 1024 px, back to its true resolution.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import wonderzoom_rt as wz
from wonderzoom_rt.evaluate import evaluate
from wonderzoom_rt.synth.pipeline import Pipeline

PLACES = ((0.5, 0.6), (0.25, 0.35), (0.8, 0.7))
ZOOMS = 3
TRUTH_WIDTH = 1024


def zoomed_world(photo: Path, place: tuple[float, float], quality: str) -> tuple[wz.World, dict[str, float]]:
    """A world of seven levels and how many seconds its steps took."""
    started = time.perf_counter()
    world = wz.World.from_image(photo)
    seconds = {"new": time.perf_counter() - started}
    pipeline = Pipeline()
    for number in range(ZOOMS):
        started = time.perf_counter()
        lens = world.levels[-1].lens
        request = world.request(lens.zoomed(8, at=place), quality=quality)  # type: ignore[arg-type]
        parent = request.parent
        for result in pipeline.run(request):
            parent = world.commit(result, parent=parent).id
        seconds[f"zoom {number + 1}"] = time.perf_counter() - started
    return world, {name: round(value, 2) for name, value in seconds.items()}


def true_detail(photo: Path, place: tuple[float, float], quality: str, keep: Path | None) -> dict[str, float]:
    """Detail invented from the photograph shrunk to 1024 px, against the photograph's own crop."""
    from PIL import Image

    from wonderzoom_rt.evaluate.detail_metrics import amplitude_error_octaves, truth_correlation
    from wonderzoom_rt.synth.cameras import window_in

    with Image.open(photo) as image:
        original = image.convert("RGB")
    factor = original.width / TRUTH_WIDTH
    small = original.resize((TRUTH_WIDTH, round(original.height / factor)), Image.Resampling.BOX)
    world = wz.World.from_image(np.asarray(small), width=TRUTH_WIDTH)
    home = world.home
    request = world.request(home.zoomed(factor, at=place), quality=quality)  # type: ignore[arg-type]
    result = Pipeline().run(request)[-1]
    x, y, width, height = window_in(home, result.lens)
    cut = (small.height - home.height) / 2.0, (small.width - home.width) / 2.0
    scale = original.width / small.width
    box = (
        (x + cut[1]) * scale,
        (y + cut[0]) * scale,
        (x + cut[1] + width) * scale,
        (y + cut[0] + height) * scale,
    )
    truth = original.transform(
        (home.width, home.height), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC
    )
    true_pixels = np.asarray(truth, dtype=np.float32) / np.float32(255)
    if keep is not None:
        both = np.concatenate([result.picture, true_pixels], axis=1)
        Image.fromarray((both * 255 + 0.5).astype(np.uint8)).save(
            keep / f"truth-{photo.stem}-{place[0]}-{place[1]}.png"
        )
    return {
        "amplitude_error_octaves": float(amplitude_error_octaves(result.picture, true_pixels, factor)),
        "truth_correlation": float(truth_correlation(result.picture, true_pixels, factor)),
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "wonderzoom_rt": wz.__version__,
        "commit": commit,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder of JPEG photographs")
    parser.add_argument("--only", nargs="*", default=None, help="names without .jpg")
    parser.add_argument("--places", nargs="*", type=int, default=[0, 1, 2], help="which of the three places")
    parser.add_argument("--quality", choices=("fast", "best"), default="best")
    parser.add_argument("--skip", choices=("evaluate", "truth"), nargs="*", default=[])
    parser.add_argument("--worlds", type=Path, default=None, help="keep worlds and pictures in this folder")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    photos = sorted(p for p in options.photos.glob("*.jpg") if options.only is None or p.stem in options.only)
    report: dict[str, Any] = {"machine": machine(), "quality": options.quality, "runs": [], "truth": []}
    for photo in photos:
        for place in (PLACES[i] for i in options.places):
            where = {"photograph": photo.name, "place": list(place)}
            if "evaluate" not in options.skip:
                world, seconds = zoomed_world(photo, place, options.quality)
                if options.worlds is not None:
                    world.save(options.worlds / f"{photo.stem}-{place[0]}-{place[1]}.wz", overwrite=True)
                started = time.perf_counter()
                measured = evaluate(world)
                seconds["evaluate"] = round(time.perf_counter() - started, 2)
                measured_json = measured.to_dict()
                report["runs"].append({**where, "seconds": seconds, **measured_json})
                print(
                    where,
                    seconds,
                    {k: round(v, 4) for k, v in measured.worst.items() if v is not None and math.isfinite(v)},
                    flush=True,
                )
            if "truth" not in options.skip:
                report["truth"].append(
                    {**where, **true_detail(photo, place, options.quality, options.worlds)}
                )
                print(report["truth"][-1], flush=True)
            options.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
