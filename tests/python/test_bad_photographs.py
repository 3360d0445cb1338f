# SPDX-License-Identifier: Apache-2.0
"""Photographs and depth maps through the command line: what must work works, the rest is refused in one clear line."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from command_line import Run, refused
from wonderzoom_rt.world import World

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
    [("--focal", "0"), ("--focal", "-5"), ("--focal", "nan"), ("--focal", "1e-9"), ("--focal", "1e12"),
     ("--width", "1"), ("--width", "0"), ("--width", "-8"),
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
