# SPDX-License-Identifier: Apache-2.0
"""Twelve zooms of x8 in a row, 36 octaves: the flight down has no hole, and nothing in it is not a number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wonderzoom_rt.demo import interesting_place
from wonderzoom_rt.film import make_film
from wonderzoom_rt.flight import level_flight
from wonderzoom_rt.jobs import Generator
from wonderzoom_rt.world import World

ZOOMS = 12
CLOSED = 0.95
"""Coverage from which a pixel is no hole."""


def zoom_deep(world: World) -> None:
    with Generator(worker="in-process") as generator:
        for _ in range(ZOOMS):
            level = world.levels[-1]
            at = interesting_place(world.picture(level), world.distance(level), level.lens.focal)
            generator.zoom(world, level.lens.zoomed(8, at=at), parent=level.id, quality="fast").result()


def fly_down(world: World, frames: int, size: tuple[int, int]) -> dict[str, Any]:
    """Looks at the flight: the least covered frame, and whether all numbers are numbers."""
    flight = level_flight(world)
    holes = []
    for time in np.linspace(0.0, flight.seconds, frames):
        frame = world.render(flight.at(float(time)), *size, outputs=("color", "coverage"))
        assert frame.color is not None and frame.coverage is not None
        assert np.isfinite(frame.color).all() and np.isfinite(frame.coverage).all()
        holes.append(float((frame.coverage < CLOSED).mean()))
    return {"frames": frames, "most_holes": max(holes), "worst_frame": int(np.argmax(holes))}


def eye_steps_px(world: World) -> float:
    """How far apart, in pixels of the deepest view, two neighbouring float64 eyes are: the limit of it all."""
    camera = world.levels[-1].approach
    step = float(np.spacing(np.abs(camera.eye).max()))
    return step / world.levels[-1].footprint_min


def test_a_flight_thirty_six_octaves_down_has_no_hole(small_photograph: np.ndarray, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    world = World.from_image(small_photograph)
    zoom_deep(world)
    assert len(world.levels) == 1 + 2 * ZOOMS
    assert world.levels[-1].lens.focal == pytest.approx(8.0**ZOOMS * world.home.focal, rel=1e-6)
    outcome = fly_down(world, 90, (192, 108))
    assert outcome["most_holes"] < 0.002, outcome
    assert eye_steps_px(world) < 0.1


@pytest.mark.slow
def test_a_film_of_the_full_size_goes_thirty_six_octaves_down(
    dandelions: Path, tmp_path: Path, record_result: Callable[[str, dict[str, Any]], None]
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    world = World.from_image(dandelions, path=tmp_path / "deep.wz")
    zoom_deep(world)
    outcome = fly_down(world, 240, (480, 270))
    film = make_film(world, tmp_path / "deep.mp4", size=(480, 270), fps=8)
    assert film.frames == round(film.seconds * 8) and film.bytes > 100_000
    assert outcome["most_holes"] < 0.002, outcome
    assert World.verify(tmp_path / "deep.wz") == []
    record_result("deep_zoom", {**outcome, "film_seconds": film.seconds, "eye_step_px": eye_steps_px(world)})
