# SPDX-License-Identifier: Apache-2.0
"""docs/file-format.md is enough to read a world: a reader written from it agrees with the native one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from small_pipelines import EnlargingPipeline, first_level
from wonderzoom_rt.jobs.generator import commit_all
from wz_reader import WzFile, xxh64

FOCAL = 90.0


@pytest.fixture
def path(small_photograph: np.ndarray, tmp_path: Path) -> Path:
    """Levels 0, 1, 2 over ground and sky; the newest level was committed twice, with an undo in between."""
    photograph = small_photograph[::3, ::3][:48, :64].astype(np.float32) / 255
    height, width = photograph.shape[:2]
    down = wz.Camera.home(width, height, focal=FOCAL).rays()[..., 1]
    ground = 1.5 / np.maximum(down, 0.06)
    ground[:16] = np.inf
    file = tmp_path / "world.wz"
    world = wz.World.create(file)
    world.commit(first_level(photograph, ground, focal=FOCAL), parent=None)
    request = world.request(world.home.zoomed(8.0, at=(0.5, 0.4)), seed=1)
    results = EnlargingPipeline().run(request, progress=lambda *_: None, cancelled=lambda: False)
    commit_all(world, results, parent=0)
    world.undo(2)
    world.commit(results[-1], parent=1)
    return file


def test_every_byte_is_a_superblock_a_record_or_zero(path: Path) -> None:
    file = WzFile(path)
    kinds = [kind for _, kind in file.records()]
    assert file.tail == len(file.data)
    assert kinds[-1] == 4
    assert set(kinds) >= {1, 2, 3, 4}
    assert kinds.count(4) == file.locator[0] + 1  # a directory for each epoch, the empty one included


def test_levels_pages_and_surfels_are_as_the_native_reader_has_them(path: Path) -> None:
    file, world = WzFile(path), wz.World.open(path)
    snapshot = world._native.snapshot()
    assert [level["parent"] for level in file.levels] == [None, 0, 1]
    for level, native in zip(file.levels, snapshot.levels, strict=True):
        assert level["metadata"] == native["metadata"]
        assert list(level["blobs"]) == native["blobs"]
        assert level["surfels"] == native["surfel_count"]
        assert level["lens"]["focal"] == native["lens"].focal
        assert level["footprints"] == (native["footprint_min"], native["footprint_max"])
        for name, place in level["blobs"].items():
            assert file.payload(place) == world._native.blob(level["id"], name)
        decoded = [file.surfels(page) for page in file.pages if page["level"] == level["id"]]
        expected = snapshot.level_arrays(level["id"])
        for key, values in expected.items():
            ours = np.concatenate([page[key] for page in decoded]).reshape(values.shape)
            np.testing.assert_allclose(ours, values, rtol=2e-6, atol=2e-7, err_msg=key)


def test_clusters_and_covers_fit_their_pages(path: Path) -> None:
    file = WzFile(path)
    covers = 0
    for page in file.pages:
        clusters = file.clusters(page)
        assert clusters[:, 1].sum() == page["count"]
        assert len(clusters) == (page["count"] + 1023) // 1024
        for index, (child, bits, weight_min, next_max, _) in enumerate(page["covers"]):
            assert page["level"] < child < len(file.levels)
            arrays = file.cover(page, index)
            if not bits & 2:
                continue
            covers += 1
            assert arrays["weight"].min() == weight_min
            assert arrays["next"].max() / 1024 == pytest.approx(next_max)
            lens = file.levels[child]["lens"]
            if page["sky"]:
                octave = page["base"] + arrays["next"][arrays["weight"] > 0] / 1024
                np.testing.assert_allclose(octave, np.log2(lens["focal"]), atol=1 / 1024)
    assert covers > 0


def test_the_checksum_is_the_published_one() -> None:
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"abc") == 0x44BC2CF5AD770999
    assert xxh64(bytes(range(100))) == 0x6AC1E58032166597
