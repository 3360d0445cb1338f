# SPDX-License-Identifier: Apache-2.0
"""The command line: what each command leaves and prints, and how it fails."""

from __future__ import annotations

import json
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from command_line import Run, environment, install_generators, save_world
from wonderzoom_rt.cli.main import COMMANDS
from wonderzoom_rt.world import World


@pytest.fixture(scope="module")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with five levels of 64x48; not to be changed."""
    return save_world(tmp_path_factory.mktemp("world") / "made.wz", zooms=2)


@pytest.fixture
def installed_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The small pipeline, installed as a generator called "enlarging"."""
    monkeypatch.syspath_prepend(str(install_generators(tmp_path)))
    return "enlarging"


# ------------------------------------------------------------------------------- in general


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    code, out, err = run(command, "--help")
    assert code == 0 and err == ""
    assert f"example:\n  wonderzoom {command}" in out


def test_help_and_version_need_nothing(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0 and all(command in out for command in COMMANDS)
    code, out, _ = run("--version")
    assert code == 0 and re.fullmatch(r"wonderzoom \d+\.\d+\S*\n", out)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["bogus"],
        ["zoom"],
        ["render", "w.wz"],
        ["zoom", "w.wz", "--at", "0.5"],
        ["zoom", "w.wz", "--at", "a", "b"],
        ["zoom", "w.wz", "--quality", "superb"],
        ["fly", "w.wz", "-o", "f.mp4", "--size", "960"],
        ["fly", "w.wz", "-o", "f.mp4", "--size", "0x10"],
        ["render", "w.wz", "-o", "a.png", "--level", "1", "--camera", "c.json"],
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(run: Run, argv: list[str]) -> None:
    code, out, err = run(*argv)
    assert code == 2 and out == ""
    assert err.startswith("wonderzoom: error: ") and err.count("\n") == 1 and "--help)" in err


def test_a_mistake_of_ours_is_one_line_too(
    run: Run, world_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: World) -> dict[str, Any]:
        raise ZeroDivisionError("one over\nnothing")

    monkeypatch.setattr(World, "info", broken)
    code, out, err = run("info", world_file)
    assert code == 1 and out == ""
    assert err.startswith("wonderzoom: error: internal error: ZeroDivisionError: one over nothing")
    assert err.count("\n") == 1
    code, _, err = run("--traceback", "info", world_file)
    assert code == 1 and "Traceback" in err


def test_a_reader_that_went_away_is_no_error(made_world: Path) -> None:
    command = f"{sys.executable} -m wonderzoom_rt.cli info {made_world} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode in (0, 141) and done.stderr == ""


# -------------------------------------------------------------------------------- each command


def test_info_lists_the_levels(run: Run, world_file: Path) -> None:
    code, out, err = run("info", world_file)
    assert code == 0 and err == ""
    assert "5 levels, 15,360 surfels" in out and "x64" in out
    code, out, err = run("info", world_file, "--json")
    facts = json.loads(out)
    assert [level["parent"] for level in facts["levels"]] == [None, 0, 1, 2, 3] and err == ""


def test_render_writes_each_output(run: Run, world_file: Path, tmp_path: Path) -> None:
    code, out, _ = run("render", world_file, "-o", tmp_path / "a.png", "--size", "80x60")
    assert code == 0 and out == f"{tmp_path / 'a.png'}\n"
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (80, 60)
    names = "color,depth,normal,coverage,level"
    code, out, _ = run(
        "render", world_file, "-o", tmp_path / "b.png", "--level", 4, "--output", names, "--json"
    )
    facts = json.loads(out)
    assert code == 0 and list(facts["files"]) == names.split(",")
    pictures = [Image.open(file).tobytes() for file in facts["files"].values()]
    assert len(set(pictures)) == 5


def test_render_takes_a_camera_file(run: Run, world_file: Path, tmp_path: Path) -> None:
    camera = World.open(world_file).levels[2].approach
    (tmp_path / "c.json").write_text(json.dumps(camera.to_dict()))
    assert run("render", world_file, "-o", tmp_path / "a.png", "--camera", tmp_path / "c.json")[0] == 0
    assert run("render", world_file, "-o", tmp_path / "b.png", "--level", 2)[0] == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_zoom_adds_levels_below_the_newest(run: Run, world_file: Path, installed_generator: str) -> None:
    code, out, err = run(
        "zoom", world_file, "--at", 0.3, 0.7, "--factor", 8, "--generator", installed_generator, "--json"
    )
    facts = json.loads(out)
    assert code == 0 and err == ""
    assert facts["levels"] == [5, 6] and facts["parent"] == 4 and facts["zoom"] == pytest.approx(512)
    lens = World.open(world_file).levels
    wanted = lens[4].lens.zoomed(8, at=(0.3, 0.7))
    assert lens[6].lens.principal == pytest.approx(wanted.principal, abs=1.0)


def test_zoom_branches_under_a_level(run: Run, world_file: Path, installed_generator: str) -> None:
    code, out, _ = run(
        "zoom", world_file, "--under", 2, "--at", 0.8, 0.2, "--factor", 4, "--generator", "enlarging"
    )
    assert code == 0 and "level 5" in out
    levels = World.open(world_file).levels
    assert levels[5].parent == 2 and levels[5].lens.focal < 60 * 8 * 4


def test_zoom_starts_from_a_camera_file(
    run: Run, world_file: Path, tmp_path: Path, installed_generator: str
) -> None:
    home = World.open(world_file).home
    (tmp_path / "c.json").write_text(json.dumps(home.zoomed(2, at=(0.8, 0.2)).to_dict()))
    code, out, _ = run(
        "zoom",
        world_file,
        "--camera",
        tmp_path / "c.json",
        "--factor",
        4,
        "--generator",
        "enlarging",
        "--json",
    )
    facts = json.loads(out)
    assert code == 0 and facts["parent"] == 0 and facts["zoom"] == pytest.approx(8)


STOPS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "code"), STOPS)
def test_a_zoom_that_is_stopped_leaves_the_world_as_it_was(
    world_file: Path, installed_generator: str, number: signal.Signals, code: int
) -> None:
    before = world_file.read_bytes()
    process = started("zoom", world_file, "--generator", "waiting")
    assert process.stderr is not None and "waiting" in process.stderr.readline()
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code and err.splitlines()[-1] == "wonderzoom: stopped"
    assert world_file.read_bytes() == before


@pytest.mark.parametrize(("number", "code"), STOPS)
def test_a_film_that_is_stopped_leaves_nothing_behind(
    world_file: Path, number: signal.Signals, code: int
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    out = world_file.parent / "f.mp4"
    process = started("fly", world_file, "-o", out, "--seconds", 3000, "--size", "64x48")
    assert process.stderr is not None and "frame" in process.stderr.readline()
    process.send_signal(number)
    _, err = process.communicate()
    assert process.returncode == code and err.splitlines()[-1] == "wonderzoom: stopped"
    assert [file.name for file in world_file.parent.iterdir() if file.is_file()] == ["w.wz"]


def started(*argv: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "wonderzoom_rt.cli", *map(str, argv)]
    return subprocess.Popen(
        words,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=environment(),
        preexec_fn=heed_interrupts,
    )


def heed_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so do its children: not here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_undo_takes_the_newest_levels_back(run: Run, world_file: Path) -> None:
    assert run("undo", world_file)[0] == 0
    assert len(World.open(world_file).levels) == 4
    code, out, _ = run("undo", world_file, "--to", 1, "--json")
    assert code == 0 and json.loads(out)["taken_back"] == [3, 2]
    assert len(World.open(world_file).levels) == 2
    assert run("undo", world_file)[0] == 0
    code, _, err = run("undo", world_file)
    assert code == 2 and "first cannot be taken back" in err


def test_compact_shrinks_a_world_and_changes_nothing_else(run: Run, world_file: Path, tmp_path: Path) -> None:
    run("undo", world_file, "--to", 2)
    before = World.open(world_file)
    pictures = [before.picture(level).tobytes() for level in before.levels]
    code, out, _ = run("compact", world_file, "-o", tmp_path / "small.wz", "--json")
    facts = json.loads(out)
    assert code == 0 and facts["bytes_after"] < facts["bytes_before"]
    assert run("compact", world_file)[0] == 0
    for file in (world_file, tmp_path / "small.wz"):
        after = World.open(file)
        assert [after.picture(level).tobytes() for level in after.levels] == pictures
        assert run("verify", file)[0] == 0
    code, _, err = run("compact", world_file, "-o", tmp_path / "small.wz")
    assert code == 2 and "is there already" in err


def test_compact_in_place_keeps_a_link_to_the_world(run: Run, world_file: Path, tmp_path: Path) -> None:
    run("undo", world_file, "--to", 2)
    size = world_file.stat().st_size
    (tmp_path / "link.wz").symlink_to(world_file)
    code, out, _ = run("compact", tmp_path / "link.wz")
    assert code == 0 and "link.wz: " in out
    assert (tmp_path / "link.wz").is_symlink() and world_file.stat().st_size < size


def test_verify_is_content_with_a_good_file(run: Run, world_file: Path) -> None:
    code, out, err = run("verify", world_file, "--json")
    assert (
        code == 0 and json.loads(out) == {"world": str(world_file), "ok": True, "problems": []} and err == ""
    )


def test_fly_writes_a_film(run: Run, world_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    code, out, _ = run(
        "fly", world_file, "-o", tmp_path / "f.mp4", "--size", "64x48", "--fps", 6, "--seconds", 2, "--json"
    )
    facts = json.loads(out)
    assert (
        code == 0 and facts["frames"] == 12 and facts["bytes"] == (tmp_path / "f.mp4").stat().st_size > 1000
    )


def test_fly_follows_a_path_file(run: Run, world_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("imageio_ffmpeg")
    levels = World.open(world_file).levels
    frames = [{"time": 0.5 * k, "camera": levels[k].approach.to_dict()} for k in (0, 2, 4)]
    (tmp_path / "path.json").write_text(json.dumps({"keyframes": frames}))
    code, out, _ = run(
        "fly", world_file, "-o", tmp_path / "f.mp4", "--path", tmp_path / "path.json", "--size", "64x48",
        "--fps", 6, "--json",
    )  # fmt: skip
    assert code == 0 and json.loads(out)["frames"] == 12


def test_evaluate_prints_and_writes_one_report(run: Run, world_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    code, out, _ = run("evaluate", world_file, "--json", "-o", tmp_path / "e.json")
    facts = json.loads(out)
    assert code == 0 and json.loads((tmp_path / "e.json").read_text()) == facts
    assert [level["id"] for level in facts["levels"]] == [0, 1, 2, 3, 4] and "coverage_dip" in facts["worst"]


def test_evaluate_refuses_a_truth_that_is_none(run: Run, world_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    code, out, err = run("evaluate", world_file, "--truth", tmp_path / "none.jpg")
    assert code == 2 and out == "" and "none.jpg" in err and err.count("\n") == 1


def test_doctor_finds_the_engine_well(run: Run) -> None:
    code, out, err = run("doctor", "--json")
    facts = json.loads(out)
    assert code == 0 and facts["healthy"] and err == ""
    states = {finding["name"]: finding["state"] for finding in facts["findings"]}
    assert states["engine"] == states["world file"] == states["photographs"] == "works"
    code, out, _ = run("doctor")
    assert code == 0 and all(name in out for name in states)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_zoom_keeps_freed_memory_for_the_next_picture() -> None:
    """Page faults of filling a freed picture's memory again, in a process that was told and in one that was not."""
    program = """
import resource, sys
import numpy as np
from wonderzoom_rt.cli.memory import keep_freed_memory
if sys.argv[1] == "told":
    assert keep_freed_memory()
def fill() -> None:
    pictures = [np.ones((600, 1000, 3), np.float32) for _ in range(8)]
fill()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    fill()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    faults = [
        int(subprocess.run([sys.executable, "-c", program, word], capture_output=True, check=True).stdout)
        for word in ("told", "untold")
    ]
    assert faults[0] < 0.1 * faults[1]
