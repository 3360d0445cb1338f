# SPDX-License-Identifier: Apache-2.0
"""The demo: everything it promises is there, and what it shows is where it should be."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt import demo
from wonderzoom_rt.cli import main
from wonderzoom_rt.contact_sheet import COLUMNS, TILE_WIDTH, contact_sheet
from wonderzoom_rt.demo import interesting_place, run_demo
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.film import ffmpeg_path
from wonderzoom_rt.jobs import Generator
from wonderzoom_rt.synth.types import Progress
from wonderzoom_rt.world import World


def test_the_demo_leaves_what_it_promises(
    tmp_path: Path, small_photograph: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    pytest.importorskip("cv2")
    monkeypatch.setattr(demo, "FILM_SIZE", (96, 54))
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    steps: list[str] = []

    @contextmanager
    def step(name: str) -> Iterator[Progress]:
        steps.append(name)
        yield lambda fraction, words: None

    result = run_demo(tmp_path / "out", photograph=tmp_path / "p.png", quality="fast", step=step)
    assert steps == ["new", "zoom 1", "zoom 2", "zoom 3", "film", "contact sheet", "evaluate"]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "contact_sheet.png",
        "evaluate.json",
        "film.mp4",
        "world.wz",
    ]
    world = World.open(result.world)
    assert len(world.levels) == 7 and World.verify(result.world) == []
    assert world.levels[-1].lens.focal == pytest.approx(512 * world.home.focal, rel=1e-6)
    report = json.loads(result.evaluation.read_text())
    assert len(report["levels"]) >= 6 and report["worst"] == result.to_dict()["worst"] != {}
    told = subprocess.run(
        [ffmpeg_path(), "-i", str(result.film)], capture_output=True, text=True, check=False
    )
    minutes, seconds = told.stderr.split("Duration: ")[1].split(",")[0].split(":")[1:]
    assert 60 * float(minutes) + float(seconds) >= 8.0


def test_a_demo_of_no_photograph_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--photo", str(tmp_path / "none.jpg"), "-o", str(tmp_path / "out")]) == 2
    assert "none.jpg" in capsys.readouterr().err
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be made"):
        run_demo(tmp_path / "file" / "out")


# ------------------------------------------------------------------------ where to zoom to


def scene(*, steep: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A flat grey wall with structure in two places, left of the middle and right; 240x160."""
    random = np.random.default_rng(4)
    picture = np.full((160, 240, 3), 0.5, dtype=np.float32)
    for column in (70, 170):
        picture[60:100, column - 20 : column + 20] += 0.2 * random.standard_normal((40, 40, 1)).astype(
            np.float32
        )
    distance = np.full((160, 240), 5.0)
    if steep:
        distance[:, 150:190] += np.linspace(0.0, 4.0, 40)
    return picture, distance


def test_a_zoom_goes_to_structure() -> None:
    picture, distance = scene()
    x, y = interesting_place(picture, distance, 240.0)
    assert min(abs(x * 240 - 70), abs(x * 240 - 170)) < 20 and abs(y * 160 - 80) < 20


def test_a_zoom_avoids_a_steep_surface() -> None:
    picture, distance = scene(steep=True)
    x, _ = interesting_place(picture, distance, 240.0)
    assert abs(x * 240 - 70) < 20
    x, _ = interesting_place(picture[:, ::-1], distance[:, ::-1], 240.0)
    assert abs(x * 240 - 170) < 20


def test_a_zoom_has_a_place_even_where_there_is_nothing() -> None:
    place = interesting_place(np.zeros((160, 240, 3), np.float32), np.full((160, 240), np.inf), 240.0)
    assert all(0.0 <= part <= 1.0 for part in place)


# ------------------------------------------------------------------------- the contact sheet


@pytest.fixture(scope="module")
def world() -> World:
    random = np.random.default_rng(2)
    world = World()
    picture = np.clip(0.5 + 0.2 * random.standard_normal((96, 128, 3)), 0, 1)
    world.commit(first_level(picture, np.full((96, 128), 4.0), focal=120.0), parent=None)
    with Generator(EnlargingPipeline(), worker="in-process") as generator:
        generator.zoom(world, world.home.zoomed(8, at=(0.25, 0.5))).result()
    return world


def test_a_contact_sheet_shows_each_level_and_where_the_next_one_lies(world: World) -> None:
    sheet = np.asarray(contact_sheet(world, title="A test"))
    assert sheet.shape[1] > 3 * TILE_WIDTH
    tile = sheet[96 : 96 + 408, 40 : 40 + TILE_WIDTH]
    shown = world.render(world.home, outputs=("color",)).image().astype(float)
    small = np.asarray(Image.fromarray(tile).resize((128, 96), Image.Resampling.BOX)).astype(float)
    inside = np.s_[10:86, 80:120]
    assert np.corrcoef(shown[inside].ravel(), small[inside].ravel())[0, 1] > 0.95
    white = (tile == 255).all(axis=2)
    lens = world.levels[1].lens
    corner = world.home.project_directions(lens.ray(0.0, 0.0)) * TILE_WIDTH / 128
    row, column = np.argwhere(white).min(axis=0)
    assert abs(column - corner[0]) <= 2 and abs(row - corner[1]) <= 2


def test_a_contact_sheet_wraps_and_takes_notes(world: World) -> None:
    alone = contact_sheet(world, level=0)
    noted = contact_sheet(world, level=0, notes=["a note"])
    assert noted.size[0] > alone.size[0] and noted.size[1] == alone.size[1]
    full = contact_sheet(world, notes=["a note"])
    assert full.size[0] == 2 * 40 + COLUMNS * TILE_WIDTH + (COLUMNS - 1) * 20
