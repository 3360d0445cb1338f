# SPDX-License-Identifier: Apache-2.0
"""Photographs of every kind come out upright, sRGB and of the size wanted; what is none is refused in one line."""

from __future__ import annotations

import io
import os
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from wonderzoom_rt.errors import InputError
from wonderzoom_rt.synth.area import area_reduce
from wonderzoom_rt.synth.photograph import Photograph, load_photograph, photograph_from_array


def scene(width: int = 320, height: int = 240) -> np.ndarray:
    """A picture whose corners differ, uint8 (h,w,3)."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return (np.stack([40 + 180 * x, 60 + 120 * y, 200 - 150 * x * y], axis=-1)).astype(np.uint8)


def saved(folder: Path, image: Image.Image, name: str = "photo.png", **options: object) -> Path:
    path = folder / name
    image.save(path, **options)
    return path


def assert_like(photo: Photograph, expected: np.ndarray, tolerance: float = 2.5) -> None:
    assert photo.pixels.shape == expected.shape and photo.pixels.dtype == np.float32
    assert np.abs(photo.pixels * 255 - expected).max() <= tolerance


def test_a_plain_photograph_keeps_its_pixels(tmp_path):
    photo = load_photograph(saved(tmp_path, Image.fromarray(scene())))
    assert_like(photo, scene(), 1e-3)
    assert photo.notices == () and photo.window == (0, 0, 320, 240)
    assert photo.focal_px == pytest.approx(320 * 1024 / 1088) and photo.focal_source == "guess"


def test_sizes_become_multiples_of_8_by_a_centred_crop(tmp_path):
    photo = load_photograph(saved(tmp_path, Image.fromarray(scene(325, 243))))
    assert photo.pixels.shape == (240, 320, 3)
    assert_like(photo, scene(325, 243)[1:241, 2:322], 1e-3)
    assert "cropped" in photo.notices[0]


def test_a_large_photograph_is_reduced_by_area_with_a_notice(tmp_path):
    big = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    photo = load_photograph(saved(tmp_path, Image.fromarray(big)), width=400)
    expected = big.reshape(300, 3, 400, 3, 3).mean(axis=(1, 3))[2:298]
    assert photo.pixels.shape == (296, 400, 3)
    assert_like(photo, expected, 0.01)
    assert photo.notices == ("reduced from 1200 x 900 to 400 x 296 pixels",)
    assert photo.focal_px == pytest.approx(400 * 1024 / 1088)


def test_area_reduction_counts_fractions_of_pixels():
    image = np.random.default_rng(1).random((7, 10)).astype(np.float32)
    fine = np.repeat(np.repeat(image, 3, axis=0), 4, axis=1)
    np.testing.assert_allclose(
        area_reduce(image, (4, 3)), fine.reshape(3, 7, 4, 10).mean(axis=(1, 3)), atol=1e-6
    )
    part = area_reduce(image, (2, 2), window=(2.5, 1.5, 4.0, 4.0))
    twice = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)[3:11, 5:13]
    np.testing.assert_allclose(part, twice.reshape(2, 4, 2, 4).mean(axis=(1, 3)), atol=1e-6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path, orientation):
    undo = {
        1: [],
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }[orientation]
    image = Image.fromarray(scene())
    for step in undo:
        image = image.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = load_photograph(saved(tmp_path, image, exif=exif))
    assert_like(photo, scene(), 1e-3)
    assert photo.original_size == (320, 240)


def test_grey_palette_bilevel_and_cmyk_are_read(tmp_path):
    grey = Image.fromarray(scene()).convert("L")
    assert_like(
        load_photograph(saved(tmp_path, grey)), np.repeat(np.asarray(grey)[..., None], 3, axis=2), 1e-3
    )
    palette = Image.fromarray(scene()).quantize(64)
    assert_like(load_photograph(saved(tmp_path, palette)), np.asarray(palette.convert("RGB")), 1e-3)
    one_bit = grey.point(lambda value: 255 * (value > 100)).convert("1")
    assert_like(load_photograph(saved(tmp_path, one_bit)), np.asarray(one_bit.convert("RGB")), 1e-3)
    cmyk = Image.fromarray(scene()).convert("CMYK")
    assert_like(load_photograph(saved(tmp_path, cmyk, "photo.tif")), scene())


def test_16_bit_grey_keeps_its_fine_steps(tmp_path):
    values = np.linspace(1000, 60000, 320 * 240).reshape(240, 320).astype(np.uint16)
    photo = load_photograph(saved(tmp_path, Image.fromarray(values)))
    np.testing.assert_allclose(photo.pixels[..., 1] * 65535, values, atol=1)


def fine_steps(alpha: bool) -> np.ndarray:
    """(240,320,3) uint16 whose channels differ by less than 1/255 from row to row; with alpha, opaque on the right."""
    ramp = (
        np.linspace(20000, 21000, 240)[:, None, None]
        + np.array([0.0, 9000.0, 30000.0])
        + np.zeros((1, 320, 1))
    )
    rgb = ramp.astype(np.uint16)
    return (
        np.dstack([rgb, np.where(np.arange(320) < 160, 0, 65535).astype(np.uint16) + 0 * rgb[..., 0]])
        if alpha
        else rgb
    )


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_16_bit_colours_keep_their_fine_steps(tmp_path: Path, ending: str) -> None:
    cv2 = pytest.importorskip("cv2")
    rgb = fine_steps(alpha=False)
    path = tmp_path / f"photo.{ending}"
    assert cv2.imwrite(str(path), rgb[..., ::-1])
    photo = load_photograph(path)
    np.testing.assert_allclose(photo.pixels * 65535, rgb, atol=1)
    assert photo.notices == ("16 bits a channel: read as such",)
    half = load_photograph(path, width=160)
    np.testing.assert_allclose(half.pixels * 65535, rgb.reshape(120, 2, 160, 2, 3).mean(axis=(1, 3)), atol=1)


def test_16_bit_colours_with_transparency_lie_over_white(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    rgba = fine_steps(alpha=True)
    assert cv2.imwrite(str(tmp_path / "photo.png"), rgba[..., [2, 1, 0, 3]])
    photo = load_photograph(tmp_path / "photo.png")
    np.testing.assert_allclose(photo.pixels[:, 160:] * 65535, rgba[:, 160:, :3], atol=1)
    assert (photo.pixels[:, :160] == 1).all()


def test_16_bit_colours_without_opencv_are_read_at_8_bits_and_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cv2 = pytest.importorskip("cv2")
    rgb = fine_steps(alpha=False)
    assert cv2.imwrite(str(tmp_path / "photo.png"), rgb[..., ::-1])
    monkeypatch.setitem(sys.modules, "cv2", None)
    photo = load_photograph(tmp_path / "photo.png")
    np.testing.assert_allclose(photo.pixels * 65535, rgb, atol=257)
    assert "16 bits a channel: read as 8" in photo.notices


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_16_bit_photograph_may_come_through_a_pipe(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    assert cv2.imwrite(str(tmp_path / "photo.png"), fine_steps(alpha=False)[..., ::-1])
    os.mkfifo(tmp_path / "pipe")
    data = (tmp_path / "photo.png").read_bytes()
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit((tmp_path / "pipe").write_bytes, data)
        photo = load_photograph(tmp_path / "pipe")
        assert sent.result() == len(data)
    np.testing.assert_allclose(photo.pixels * 65535, fine_steps(alpha=False), atol=257)
    assert "16 bits a channel: read as 8" in photo.notices


def test_a_16_bit_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    assert cv2.imwrite(str(tmp_path / "photo.png"), fine_steps(alpha=False)[..., ::-1])
    data = (tmp_path / "photo.png").read_bytes()
    (tmp_path / "photo.png").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="cut short"):
        load_photograph(tmp_path / "photo.png")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(tmp_path: Path, orientation: int, deep: bool) -> None:
    upright = scene(96, 64)
    stored = upright.swapaxes(0, 1) if orientation >= 5 else upright
    if orientation in (2, 3, 7, 8):
        stored = stored[:, ::-1]
    if orientation in (3, 4, 6, 7):
        stored = stored[::-1]
    path = tmp_path / "photo.tif"
    if deep:
        cv2 = pytest.importorskip("cv2")
        assert cv2.imwrite(str(path), stored[..., ::-1].astype(np.uint16) * 257)
        set_tiff_orientation(path, orientation)
    else:
        Image.fromarray(np.ascontiguousarray(stored)).save(path, tiffinfo={274: orientation})
    photo = load_photograph(path)
    assert photo.original_size == (96, 64)
    assert_like(photo, upright, 1 if "16 bits a channel: read as 8" in photo.notices else 1e-3)


def set_tiff_orientation(path: Path, orientation: int) -> None:
    """Adds the tag 274 to the first directory of a little-endian TIFF, which moves to the end of the file."""
    data = path.read_bytes()
    assert data[:4] == b"II*\0"
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    entries = [data[at + 2 + 12 * i : at + 14 + 12 * i] for i in range(count)]
    entries = [entry for entry in entries if struct.unpack_from("<H", entry)[0] != 274]
    entries.append(struct.pack("<HHIHH", 274, 3, 1, orientation, 0))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    data += bytes(len(data) % 2)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    path.write_bytes(data[:4] + struct.pack("<I", len(data)) + data[8:] + directory)


def test_a_panorama_that_would_be_too_low_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(scene(4000, 40)))
    with pytest.raises(InputError, match="4000 x 40 would be 1088 x 8: ask for a greater width"):
        load_photograph(path)
    assert load_photograph(path, width=4000).pixels.shape == (40, 4000, 3)


def test_transparency_is_laid_over_white_before_averaging(tmp_path):
    rgba = np.dstack([scene(), np.full((240, 320), 255, np.uint8)])
    rgba[:, :160, 3] = 0
    rgba[:, :160, :3] = 0
    photo = load_photograph(saved(tmp_path, Image.fromarray(rgba)), width=160)
    assert (photo.pixels[:, :79] == 1).all()
    assert (
        np.abs(
            photo.pixels[:, 81:] * 255 - scene()[:, 162:].reshape(120, 2, 79, 2, 3).mean(axis=(1, 3))
        ).max()
        < 0.6
    )
    assert any("white" in notice for notice in photo.notices)


def test_an_icc_profile_is_honoured(tmp_path):
    lab = ImageCms.createProfile("LAB")
    srgb = ImageCms.createProfile("sRGB")
    tagged = ImageCms.profileToProfile(Image.fromarray(scene()), srgb, lab, outputMode="LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    photo = load_photograph(saved(tmp_path, tagged, "photo.tif", icc_profile=profile))
    assert np.abs(photo.pixels * 255 - scene()).mean() < 2
    assert any("profile" in notice for notice in photo.notices)
    broken = load_photograph(saved(tmp_path, Image.fromarray(scene()), icc_profile=b"no profile at all"))
    assert_like(broken, scene(), 1e-3)
    assert any("could not be used" in notice for notice in broken.notices)


def test_the_focal_length_comes_from_exif(tmp_path):
    exif = Image.Exif()
    exif[0x8769] = {0xA405: 50}
    path = saved(tmp_path, Image.fromarray(scene()), exif=exif)
    photo = load_photograph(path)
    assert photo.focal_source == "exif"
    assert photo.focal_px == pytest.approx(50 / np.hypot(36, 24) * 400)
    assert load_photograph(path, focal=300.0).focal_px == 300.0
    assert load_photograph(path, width=160, focal=300.0).focal_px == 150.0
    plane = Image.Exif()
    plane[0x8769] = {0x920A: 24.0, 0xA20E: 10.0, 0xA210: 4, 0xA002: 320}
    assert load_photograph(saved(tmp_path, Image.fromarray(scene()), exif=plane)).focal_px == pytest.approx(
        240.0
    )
    absurd = Image.Exif()
    absurd[0x8769] = {0xA405: 30000}
    photo = load_photograph(saved(tmp_path, Image.fromarray(scene()), exif=absurd))
    assert photo.focal_source == "guess" and any("plausible" in notice for notice in photo.notices)


def test_a_very_large_jpeg_is_read_small_and_right(tmp_path):
    big = Image.fromarray(scene(200, 150)).resize((4000, 3000), Image.Resampling.BICUBIC)
    photo = load_photograph(saved(tmp_path, big, "photo.jpg", quality=95), width=400)
    assert photo.pixels.shape == (296, 400, 3)
    expected = np.asarray(big.resize((400, 300), Image.Resampling.BOX), dtype=np.float32)[2:298]
    assert np.abs(photo.pixels * 255 - expected).mean() < 1.0
    assert photo.original_size == (4000, 3000) and photo.window[2] == pytest.approx(4000)


def whole_png() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


def bomb() -> bytes:
    """A header that claims 60000 x 60000 pixels."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("empty.jpg", b"", "must be an image"),
        ("words.jpg", b"a photograph, honestly", "must be an image"),
        ("cut.png", whole_png()[:20000], "cut short or damaged"),
        ("bomb.png", bomb(), "million"),
    ],
)
def test_what_is_no_photograph_is_refused_in_one_line(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected) as caught:
        load_photograph(path)
    assert "\n" not in str(caught.value) and name in str(caught.value)


def test_tiny_missing_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"at least 32 pixels.*1 x 1"):
        load_photograph(saved(tmp_path, Image.new("RGB", (1, 1))))
    with pytest.raises(InputError, match="no such file"):
        load_photograph(tmp_path / "nowhere.jpg")
    with pytest.raises(InputError, match="folder"):
        load_photograph(tmp_path)
    with pytest.raises(InputError, match="width"):
        load_photograph(saved(tmp_path, Image.fromarray(scene())), width=0)
    with pytest.raises(InputError, match="focal"):
        load_photograph(saved(tmp_path, Image.fromarray(scene())), focal=-1)


def test_arrays_are_photographs_too():
    assert_like(photograph_from_array(scene()), scene(), 1e-3)
    assert_like(photograph_from_array(scene().astype(np.float32) / 255), scene(), 1e-3)
    assert_like(photograph_from_array(scene().astype(np.uint16) * 257), scene(), 1e-3)
    grey = scene()[..., 0]
    assert_like(photograph_from_array(grey), np.repeat(grey[..., None], 3, axis=2), 1e-3)
    for bad, expected in (
        (np.zeros((240, 320, 2)), "shape"),
        (np.full((64, 64, 3), 2.0), "0..1"),
        (np.full((64, 64), np.nan), "NaN"),
        (np.zeros((64, 64), np.int64), "uint8"),
        (np.zeros((8, 8)), "at least"),
    ):
        with pytest.raises(InputError, match=expected):
            photograph_from_array(bad)
