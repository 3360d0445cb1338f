# SPDX-License-Identifier: Apache-2.0
"""Bad options, bad world files and full disks through the command line: refused in one clear line, nothing lost."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command_line import Run, command, environment, install_generators, refused
from wonderzoom_rt.world import World
from wz_reader import WzFile

# ------------------------------------------------------------------------------------ worlds


@pytest.mark.parametrize("factor", ["1", "0", "-3", "1e9", "nan", "inf"])
def test_a_zoom_of_an_impossible_factor_is_refused(run: Run, world_file: Path, factor: str) -> None:
    before = world_file.read_bytes()
    refused(run("zoom", world_file, "--factor", factor), "factor", "1.25", "16")
    assert world_file.read_bytes() == before


@pytest.mark.parametrize("at", [("1.5", "0.5"), ("-0.1", "0.5"), ("0.5", "nan"), ("7", "7")])
def test_a_zoom_outside_the_picture_is_refused(run: Run, world_file: Path, at: tuple[str, str]) -> None:
    before = world_file.read_bytes()
    refused(run("zoom", world_file, "--at", *at), "zoom target", "finite" if "nan" in at else "0..1")
    assert world_file.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--under", "7"), "levels 0..2, got level 7"),
        (("--under", "-1"), "levels 0..2"),
        (("--camera", "nowhere.json"), "nowhere.json"),
        (("--picture", "nowhere.png"), "nowhere.png"),
        (("--generator", "nosuch"), "no generator called 'nosuch'"),
        (("--prompt", "a ladybug"), "--picture FILE"),
    ],
)
def test_a_wrong_option_of_zoom_is_refused(
    run: Run, world_file: Path, options: tuple[str, str], words: str
) -> None:
    before = world_file.read_bytes()
    code = 1 if options[0] in ("--generator", "--prompt") else 2
    refused(run("zoom", world_file, *options), words, code=code)
    assert world_file.read_bytes() == before


SKEWED = {"position": [0, 0, 0], "orientation": [2, 0, 0, 0], "focal": 1, "width": 8, "height": 8}
NOWHERE = {**SKEWED, "orientation": [1, 0, 0, 0], "position": [0, 0, float("nan")]}


@pytest.mark.parametrize("text", ["{", "[]", "{}", json.dumps(SKEWED), json.dumps(NOWHERE)])
def test_a_camera_file_that_makes_no_sense_is_refused(
    run: Run, world_file: Path, tmp_path: Path, text: str
) -> None:
    (tmp_path / "c.json").write_text(text)
    refused(run("render", world_file, "-o", tmp_path / "a.png", "--camera", tmp_path / "c.json"), "c.json")
    refused(run("zoom", world_file, "--camera", tmp_path / "c.json"), "c.json")
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("render", "-o", "a.png", "--level", "9"),
        ("render", "-o", "a.png", "--output", "color,taste"),
        ("render", "-o", "none/a.png"),
        ("render", "-o", "."),
        ("render", "-o", "a.gif"),
        ("profile", "-o", "t.json", "--report", "r.jpg"),
        ("fly", "-o", "f.mp4", "--fps", "0"),
        ("fly", "-o", "f.mp4", "--seconds", "-1"),
        ("fly", "-o", "f.mp4", "--seconds", "nan"),
        ("fly", "-o", "f.mp4", "--seconds", "1e12"),
        ("fly", "-o", "f.mp4", "--size", "63x48"),
        ("fly", "-o", "f.mp4", "--path", "nowhere.json"),
        ("fly", "-o", "none/f.mp4"),
        ("fly", "-o", "f.gif"),
        ("undo", "--to", "8"),
        ("undo", "--to", "-1"),
    ],
)
def test_a_wrong_option_of_the_other_commands_is_refused(
    run: Run, world_file: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.chdir(world_file.parent)
    before = world_file.read_bytes()
    refused(run(argv[0], "w.wz", *argv[1:]))
    assert world_file.read_bytes() == before
    assert [file.name for file in world_file.parent.iterdir()] == ["w.wz"]


# ------------------------------------------------------------------------------- world files


WORLD_COMMANDS: tuple[tuple[str, ...], ...] = (
    ("info",), ("verify",), ("undo",), ("zoom",), ("compact",), ("render", "-o", "a.png"), ("fly", "-o", "f.mp4"),
)  # fmt: skip


@pytest.mark.parametrize("argv", WORLD_COMMANDS, ids=lambda argv: argv[0])
@pytest.mark.parametrize("damage", ["empty", "text", "head cut", "superblocks gone"])
def test_a_file_that_is_no_world_is_refused_by_every_command(
    run: Run, world_file: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], damage: str
) -> None:
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.chdir(world_file.parent)
    data = world_file.read_bytes()
    world_file.write_bytes(
        {"empty": b"", "text": b"hello, world\n" * 999, "head cut": data[:100],
         "superblocks gone": bytes(16384) + data[16384:]}[damage]
    )  # fmt: skip
    before = world_file.read_bytes()
    refused(run(argv[0], "w.wz", *argv[1:]), "w.wz", code=1)
    assert world_file.read_bytes() == before
    assert [file.name for file in world_file.parent.iterdir()] == ["w.wz"]


def test_a_truncated_world_is_refused_or_opens_at_an_older_epoch(run: Run, world_file: Path) -> None:
    data = world_file.read_bytes()
    for part in (0.3, 0.6, 0.9, 0.999):
        world_file.write_bytes(data[: int(len(data) * part)])
        code, out, err = run("verify", world_file)
        assert code == 1 and "Traceback" not in err + out
        code, out, err = run("info", world_file)
        assert code in (0, 1) and err.count("\n") <= 3 and "internal error" not in err


def test_a_byte_flipped_anywhere_is_found_and_survived(run: Run, world_file: Path, tmp_path: Path) -> None:
    data = world_file.read_bytes()
    random = np.random.default_rng(77)
    places = sorted({0, 5, 9, 20, len(data) - 1, *map(int, random.integers(0, len(data), 40))})
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << int(random.integers(8))
        world_file.write_bytes(changed)
        code, out, err = run("verify", world_file)
        assert code == 1, f"byte {place}: {out}{err}"
        assert (out + err).strip(), place
        code, out, err = run("render", world_file, "-o", tmp_path / "a.png", "--size", "32x24")
        assert code in (0, 1) and "internal error" not in err, f"byte {place}: {err}"
        if code == 0:
            with Image.open(tmp_path / "a.png") as image:
                assert image.size == (32, 24)


def test_a_world_with_a_damaged_page_is_measured_as_it_is(run: Run, world_file: Path) -> None:
    file = WzFile(world_file)
    page = next(page for page in file.pages if page["level"] == 0)
    changed = bytearray(file.data)
    changed[page["place"][0] + 64 + 5] ^= 4
    world_file.write_bytes(changed)
    code, out, err = run("evaluate", world_file, "--json")
    assert code == 0, err
    assert "page of level 0" in err and "left out" in err
    assert json.loads(out)["levels"][0]["holes_fraction"] > 0.1


def test_changing_a_world_that_lost_its_newest_epoch_says_so(run: Run, world_file: Path) -> None:
    assert run("undo", world_file)[0] == 0
    world_file.write_bytes(world_file.read_bytes()[:-10])
    code, out, err = run("undo", world_file, "--to", "0")
    assert code == 0 and "1 level is left" in out
    assert "wonderzoom: warning: " in err and "the file ends before byte" in err


def test_two_processes_cannot_write_one_world(world_file: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; from wonderzoom_rt.world import World\n"
         "w = World.open(sys.argv[1], writable=True); print('open', flush=True); sys.stdin.read()", str(world_file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "open\n"
        for argv in (("undo", world_file), ("zoom", world_file), ("compact", world_file)):
            done = subprocess.run(
                command(*argv), capture_output=True, text=True, env=environment(), check=False
            )
            refused((done.returncode, done.stdout, done.stderr), "w.wz", code=1)
        done = subprocess.run(
            command("info", world_file), capture_output=True, text=True, env=environment(), check=False
        )
        assert done.returncode == 0, "reading beside a writer must work"
    finally:
        holder.communicate("")
    done = subprocess.run(
        command("undo", world_file), capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr


# ----------------------------------------------------------------------------- no space left


def whole(path: Path, levels: int) -> None:
    assert World.verify(path) == []
    assert len(World.open(path).levels) == levels


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which the small pipeline is installed as a generator called "enlarging"."""
    return environment(install_generators(tmp_path))


def test_a_file_that_may_not_grow_leaves_the_world_as_it_was(
    world_file: Path, installed: dict[str, str]
) -> None:
    size = world_file.stat().st_size

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20_000, size + 20_000))

    done = subprocess.run(
        command("zoom", world_file, "--generator", "enlarging"), capture_output=True, text=True, env=installed,
        check=False, preexec_fn=limited,
    )  # fmt: skip
    refused((done.returncode, done.stdout, done.stderr), "w.wz", code=1)
    whole(world_file, 3)


def test_a_new_world_that_finds_no_room_leaves_what_was_there(
    world_file: Path, tmp_path: Path, small_photograph: np.ndarray
) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    before = world_file.read_bytes()

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    for name, options in (("w.wz", ["--overwrite"]), ("n.wz", [])):
        done = subprocess.run(
            command("new", tmp_path / "p.png", "-o", tmp_path / name, *options), capture_output=True, text=True,
            env=environment(), check=False, preexec_fn=limited,
        )  # fmt: skip
        said = "".join(
            line for line in done.stderr.splitlines(True) if not line.startswith("new: ")
        )  # progress
        refused((done.returncode, done.stdout, said), name, code=1)
    assert world_file.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["p.png", "w.wz"]


@pytest.mark.parametrize("room", [0, 60_000, 100_000])
def test_a_full_disk_leaves_the_world_as_it_was(
    made_world: Path, tmp_path: Path, installed: dict[str, str], room: int
) -> None:
    """On a small file system of our own, where the system lets us mount one."""
    mount = tmp_path / "small"
    mount.mkdir()
    size = (made_world.stat().st_size + room + 4095) // 4096 * 4096
    script = (
        f"mount -t tmpfs -o size={size} tmpfs {mount} || exit 77; cp {made_world} {mount}/w.wz || exit 77; "
        f"{' '.join(command('zoom', mount / 'w.wz', '--generator', 'enlarging'))}; code=$?; "
        f"cp {mount}/w.wz {tmp_path}/after.wz; exit $code"
    )
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not installed")
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script],
        capture_output=True, text=True, env=installed, check=False,
    )  # fmt: skip
    if done.returncode == 77 or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount a small file system")
    refused((done.returncode, done.stdout, done.stderr), "o space left on", code=1)
    whole(tmp_path / "after.wz", 3)


def test_a_picture_for_a_full_disk_is_one_line(run: Run, world_file: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    refused(run("render", world_file, "-o", "/dev/full"), "o space left on", code=1)
