# SPDX-License-Identifier: Apache-2.0
"""Worlds in files, through their Python door: save, open, commit to, and files that hold nonsense."""

from __future__ import annotations

import io
import math
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import wonderzoom_rt as wz
from sample_worlds import TARGET, color, made, zoomed
from wonderzoom_rt import level as stored
from wonderzoom_rt.engine import native_arrays, native_camera
from wonderzoom_rt.jobs.generator import commit_all


@pytest.fixture
def world(small_photograph: np.ndarray) -> wz.World:
    return made(small_photograph)


@pytest.fixture
def deep(world: wz.World) -> wz.World:
    """The same with one zoom of x8: levels 0, 1, 2."""
    commit_all(world, zoomed(world), parent=0)
    return world


def test_a_saved_world_opens_as_the_same_world(deep: wz.World, tmp_path: Path) -> None:
    deep.save(tmp_path / "deep.wz")
    again = wz.World.open(tmp_path / "deep.wz")
    assert again.path == str(tmp_path / "deep.wz")
    assert again.levels == deep.levels
    for camera in (deep.home, deep.home.zoomed(5, at=TARGET), deep.level(2).approach):
        one, other = deep.render(camera), again.render(camera)
        for name in ("color", "coverage", "depth", "normal", "level"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for level in (0, 1, 2):
        assert np.array_equal(again.picture(level), deep.picture(level))
        assert np.array_equal(again.distance(level), deep.distance(level))
        one_layer, other_layer = deep.surfels(level), again.surfels(level)
        assert all(
            np.array_equal(getattr(one_layer, f.name), getattr(other_layer, f.name))
            for f in fields(one_layer)
        )
    assert again.warnings == []


def test_saving_never_replaces_a_file_unasked(deep: wz.World, tmp_path: Path) -> None:
    file = tmp_path / "world.wz"
    file.write_bytes(b"something of value")
    with pytest.raises(wz.WorldError, match=r"world\.wz"):
        deep.save(file)
    assert file.read_bytes() == b"something of value"
    deep.save(file, overwrite=True)
    assert len(wz.World.open(file).levels) == 3


def test_a_commit_to_a_file_is_there_for_the_next_one_who_opens_it(
    small_photograph: np.ndarray, tmp_path: Path
) -> None:
    made(small_photograph).save(tmp_path / "world.wz")
    writer = wz.World.open(tmp_path / "world.wz", writable=True)
    commit_all(writer, zoomed(writer), parent=0)
    expected = color(writer, writer.home.zoomed(6, at=TARGET))
    reader = wz.World.open(tmp_path / "world.wz")
    assert len(reader.levels) == 3
    assert np.array_equal(color(reader, reader.home.zoomed(6, at=TARGET)), expected)
    writer.undo()
    assert len(wz.World.open(tmp_path / "world.wz").levels) == 2
    assert len(reader.levels) == 3


def test_a_world_opened_for_reading_takes_no_commit(deep: wz.World, tmp_path: Path) -> None:
    deep.save(tmp_path / "world.wz")
    reader = wz.World.open(tmp_path / "world.wz")
    with pytest.raises(wz.WorldError, match="opened for reading only"):
        reader.undo()
    with pytest.raises(wz.WorldError, match="opened for reading only"):
        commit_all(reader, zoomed(reader), parent=0)
    assert len(reader.levels) == 3


def test_what_is_no_world_file_is_refused(tmp_path: Path) -> None:
    for name, content in (("empty.wz", b""), ("text.wz", b"not a world at all" * 500)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(wz.WorldError, match=name):
            wz.World.open(tmp_path / name)
    with pytest.raises(wz.WonderzoomError, match=r"missing\.wz"):
        wz.World.open(tmp_path / "missing.wz")


def test_one_may_write_at_a_time_until_the_world_is_closed(world: wz.World, tmp_path: Path) -> None:
    file = tmp_path / "world.wz"
    world.save(file)
    with wz.World.open(file, writable=True) as writer:
        with pytest.raises(wz.WorldError, match="one writer at a time"):
            wz.World.open(file, writable=True)
        assert len(wz.World.open(file).levels) == 1
        commit_all(writer, zoomed(writer), parent=0)
    with pytest.raises(wz.WorldError, match="the world was closed"):
        writer.render(world.home)
    with wz.World.open(file, writable=True) as other:
        assert len(other.levels) == 3
        other.undo()
    assert len(wz.World.open(file).levels) == 2


# --------------------------------------------------- files that are whole, and hold nonsense


CAMERA = wz.Camera.home(16, 12, focal=16.0)


def crafted(path: Path, metadata: str, *, blobs: dict[str, bytes] | None = None) -> Path:
    """A world file of one surfel, whose checksums are right, with this metadata and these byte strings."""
    layer = wz.SurfelLayer.from_arrays(np.array([[0.0, 0.0, 2.0]]))
    world = wz.World.create(path)
    camera = native_camera(CAMERA)
    world._native.commit(None, camera, camera, metadata, native_arrays(layer), None, blobs or {})
    world.close()
    assert wz.World.verify(path) == []
    return path


@pytest.mark.parametrize(
    "leak", ['"0.04"', "null", "true", "[0.04]", "-0.1", "1", "1e400", "NaN", "1" + "0" * 400]
)
def test_a_leak_that_is_none_is_refused_at_open(tmp_path: Path, leak: str) -> None:
    file = crafted(tmp_path / "w.wz", f'{{"leak": {leak}}}')
    with pytest.raises(wz.WorldError, match=r"w\.wz: the leak of level 0 must be a number .* got") as refusal:
        wz.World.open(file)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 300


@pytest.mark.parametrize("metadata", ["{", "[1]", "0.04", '"leak"', "[" * 100_000])
def test_metadata_that_is_no_object_is_refused_at_open(tmp_path: Path, metadata: str) -> None:
    file = crafted(tmp_path / "w.wz", metadata)
    with pytest.raises(wz.WorldError, match=r"w\.wz: the metadata of level 0 must be a JSON object, got"):
        wz.World.open(file)


def test_metadata_left_out_means_no_leak(tmp_path: Path) -> None:
    for text in ("", "{}"):
        (tmp_path / "w.wz").unlink(missing_ok=True)
        assert wz.World.open(crafted(tmp_path / "w.wz", text)).leak == 0.0


def png_of(*size: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("picture", "words"),
    [(b"", "cannot be read"), (b"GIF89a", "cannot be read"), (png_of(16, 12)[:45], "cannot be read"),
     (png_of(12, 16), "16 x 12 px, got 12 x 16")],
)  # fmt: skip
def test_a_stored_picture_that_is_none_is_refused(tmp_path: Path, picture: bytes, words: str) -> None:
    file = crafted(tmp_path / "w.wz", "{}", blobs={stored.PICTURE_BLOB: picture})
    with pytest.raises(wz.WorldError, match=words):
        wz.World.open(file).picture(0)


def test_a_camera_that_is_none_is_refused() -> None:
    world = wz.World.from_surfels(wz.SurfelLayer.from_arrays(np.array([[0.0, 0.0, 2.0]])), CAMERA)
    record = dict(world._native.snapshot().levels[0])
    assert wz.Level.from_native(record).lens == CAMERA
    record["lens"] = SimpleNamespace(
        position=(0, 0, 0), orientation=(1, 0, 0, 0), focal=math.nan, width=16, height=12, principal=(8, 6)
    )
    with pytest.raises(wz.WorldError, match=r"a camera of level 0 cannot be used: .*focal"):
        wz.Level.from_native(record)
