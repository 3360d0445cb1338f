# SPDX-License-Identifier: Apache-2.0
"""The same seed makes the same world, and detail belongs to the world, not to the view."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.jobs.generator import commit_all
from wonderzoom_rt.synth.cameras import window_in
from wonderzoom_rt.synth.types import LevelResult

WIDTH = 320


@pytest.fixture(scope="module")
def world(data_dir: Path) -> wz.World:
    return wz.World.from_image(data_dir / "valley.jpg", width=WIDTH)


def zoomed(world: wz.World, at: tuple[float, float], *, seed: int = 0) -> list[LevelResult]:
    return wz.Pipeline().run(world.request(world.home.zoomed(8, at=at), quality="fast", seed=seed))


def stored(file: Path) -> list[wz.SurfelLayer]:
    world = wz.World.open(file)
    return [world.surfels(level) for level in world.levels]


def test_the_same_seed_makes_the_same_pages(data_dir: Path, tmp_path: Path) -> None:
    for name in ("one.wz", "other.wz"):
        with wz.World.from_image(data_dir / "valley.jpg", width=WIDTH, path=tmp_path / name) as world:
            commit_all(world, zoomed(world, (0.5, 0.6), seed=3), parent=0)
    for one, other in zip(stored(tmp_path / "one.wz"), stored(tmp_path / "other.wz"), strict=True):
        for field in fields(wz.SurfelLayer):
            assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_another_seed_makes_other_detail_of_the_same_place(world: wz.World) -> None:
    one, other = (zoomed(world, (0.5, 0.6), seed=seed)[-1].picture for seed in (0, 1))
    assert np.abs(one - other).mean() > 2 / 255
    lens = zoomed(world, (0.5, 0.6))[-1].lens
    assert lens.height % 8 == 0 and lens.width % 8 == 0
    blocks = (lens.height // 8, 8, lens.width // 8, 8, 3)
    coarse, again = (picture.reshape(blocks).mean(axis=(1, 3)) for picture in (one, other))
    assert np.abs(coarse - again).mean() < 0.4 * np.abs(one - other).mean()


def test_zooms_that_overlap_agree_where_they_do(world: wz.World) -> None:
    for first, second in zip(zoomed(world, (0.5, 0.6)), zoomed(world, (0.54, 0.63)), strict=True):
        x, y, _, _ = window_in(first.lens, second.lens)
        left, top = round(x), round(y)
        assert (x, y) == pytest.approx((left, top), abs=1e-6)
        height, width = first.picture.shape[:2]
        assert 0 < left < width // 2 and 0 < top < height // 2
        one, other = first.picture[top:, left:], second.picture[: height - top, : width - left]
        inside = (slice(32, -32), slice(32, -32))
        assert np.abs(one - other)[inside].mean() < 0.2 / 255
        assert np.abs(one[inside] - one[inside].mean()).mean() > 10 / 255
