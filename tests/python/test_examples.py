# SPDX-License-Identifier: Apache-2.0
"""Every example runs, at a small size, and leaves what its first lines promise."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt as wz

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("[0-9][0-9]_*.py"))
OUTPUTS = ("color", "coverage", "depth", "depth_median", "normal", "level", "surfel_id")

CASES: dict[str, tuple[list[str], set[str]]] = {
    "01": (["--width", "256"], {"dandelions.wz", "home.png", "depth.png", "level.json"}),
    "02": (
        ["--width", "256"],
        {
            *(f"{name}.png" for name in OUTPUTS),
            *(f"orbit_{i}.png" for i in range(5)),
            "crop.png",
            "camera.json",
        },
    ),
    "03": (["--width", "256"], {"before.png", "after.png", "levels.png", "zoomed.wz"}),
    "04": (
        ["--size", "160x90", "--fps", "6", "--seconds", "2"],
        {"flight.mp4", "path.json", "path.mp4"},
    ),
    "05": (["--width", "256", "--surfels", "20000"], {"depth_map.png", "rgbd.png", "surfels.png"}),
    "06": (["--width", "256"], {"before.png", "after.png", "hatched.wz"}),
}


def run(script: Path, *arguments: str | Path) -> str:
    """What an example prints; the test fails with its traceback when it fails."""
    command = [sys.executable, str(script), *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_there_are_six_and_each_has_a_case() -> None:
    assert [script.name[:2] for script in SCRIPTS] == sorted(CASES)
    assert len(CASES) == 6


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Where examples that were run already left their files."""
    return {}


def folder_of(number: str, results: dict[str, Path], factory: pytest.TempPathFactory) -> Path:
    if number not in results:
        (script,) = (script for script in SCRIPTS if script.name.startswith(number))
        folder = factory.mktemp(f"example{number}") / "made by it"
        run(script, folder, *CASES[number][0])
        results[number] = folder
    return results[number]


@pytest.mark.parametrize("number", sorted(CASES))
def test_an_example_leaves_the_files_it_promises(
    number: str, results: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = folder_of(number, results, tmp_path_factory)
    assert {file.name for file in folder.iterdir()} == CASES[number][1]
    for file in folder.glob("*.png"):
        with Image.open(file) as image:
            values = np.asarray(image.convert("L"))
        flat = file.name in ("coverage.png", "level.png")
        assert flat or values.std() > 2, f"{file.name} shows nothing"
    for file in folder.glob("*.mp4"):
        assert file.stat().st_size > 2000
    for file in folder.glob("*.wz"):
        assert wz.World.verify(file) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_explains_itself(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    summary = ast.get_docstring(ast.parse(text))
    assert summary is not None
    assert f"examples/{script.name}" in summary
    help_text = run(script, "--help")
    assert summary.splitlines()[0] in help_text
    assert "output" in help_text


def test_the_zoomed_world_holds_what_the_picture_shows(
    results: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = folder_of("03", results, tmp_path_factory)
    world = wz.World.open(folder / "zoomed.wz")
    assert [level.parent for level in world.levels] == [None, 0, 1]
    after = world.render(world.home.zoomed(8, at=(0.29, 0.32))).image()
    with Image.open(folder / "after.png") as image:
        assert np.array_equal(np.asarray(image), after)
    with Image.open(folder / "before.png") as image:
        assert np.abs(np.asarray(image).astype(int) - after).mean() > 1


def test_the_synthesizer_of_ones_own_keeps_what_was_seen_from_afar(
    results: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = wz.World.open(folder_of("06", results, tmp_path_factory) / "hatched.wz")
    assert world.level(2).metadata["generator"] == "hatching"
    lens = world.level(2).lens
    inside = (slice(lens.height // 8, lens.height * 7 // 8), slice(lens.width // 8, lens.width * 7 // 8))
    far, near = (world.render(lens, until_level=level).color[inside] for level in (0, 2))
    assert np.abs(near - far).mean() > 1.5 * np.abs(coarse(near) - coarse(far)).mean() > 0
    assert -10 * np.log10(np.mean((coarse(near) - coarse(far)) ** 2)) > 26


def coarse(picture: np.ndarray) -> np.ndarray:
    """Means over blocks of 8 px, what a pixel of the photograph covers after a x8 zoom."""
    height, width = picture.shape[0] // 8, picture.shape[1] // 8
    return picture[: height * 8, : width * 8].reshape(height, 8, width, 8, 3).mean(axis=(1, 3))


def test_the_written_path_is_one_that_the_command_can_fly(
    results: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> None:
    from wonderzoom_rt.flight import read_path

    path = read_path(folder_of("04", results, tmp_path_factory) / "path.json")
    assert path.seconds == pytest.approx(2.0)
    content = json.loads(
        (folder_of("04", results, tmp_path_factory) / "path.json").read_text(encoding="utf-8")
    )
    first = wz.Camera.from_dict(content["keyframes"][0]["camera"])
    assert path.at(0.0).position == pytest.approx(first.position, abs=1e-9)
