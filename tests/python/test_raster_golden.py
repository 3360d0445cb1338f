# SPDX-License-Identifier: Apache-2.0
"""The compatibility modes and the referee against pictures made by other renderers (tests/golden)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import referee
from wonderzoom_rt import _core
from wonderzoom_rt.engine import settings

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CASES = ("one_surfel", "surfels2k_front_only", "surfels2k_identity")
Array = NDArray[Any]


def load(name: str) -> dict[str, Array]:
    with np.load(GOLDEN / f"{name}.npz") as data:
        return {key: data[key] for key in data}


def quaternion_of(matrix: Array) -> Array:
    w = np.sqrt(1 + np.trace(matrix)) / 2
    m = matrix
    return np.array(
        [w, (m[2, 1] - m[1, 2]) / (4 * w), (m[0, 2] - m[2, 0]) / (4 * w), (m[1, 0] - m[0, 1]) / (4 * w)]
    )


def draw(case: dict[str, Array], compat: str) -> dict[str, Array]:
    """The engine's images, cut to the golden window; normals and depth as the golden files hold them (sums)."""
    rotation, k = case["viewmat"][:3, :3], case["K"]
    eye = -rotation.T @ case["viewmat"][:3, 3]
    camera = _core.Camera(
        tuple(eye),
        tuple(quaternion_of(rotation.T)),
        k[0, 0],
        (k[0, 2], k[1, 2]),
        int(case["width"]),
        int(case["height"]),
    )
    arrays = {
        "positions": case["in_xyz"].astype(np.float64),
        "orientations": case["in_quat"],
        "extents": case["in_scale"],
        "colors": case["in_rgb"],
        "opacities": case["in_opacity"],
    }
    chosen = settings(
        ("color", "coverage", "depth", "depth_median", "normal"),
        compat=compat,  # type: ignore[arg-type]
        apply_fade=False,
        depth_kind="z",
    )
    images, _ = _core.Engine(2).render_layer(arrays, camera, chosen)
    return sums(
        images["color"], images["coverage"], images["depth"], images["depth_median"], images["normal"], case
    )


def sums(
    color: Array,
    coverage: Array,
    depth: Array,
    median: Array,
    normal: Array,
    case: dict[str, Array],
    cut: bool = True,
) -> dict[str, Array]:
    x, y = case["window"]
    side = min(64, int(case["width"]))
    window = (slice(y, y + side), slice(x, x + side)) if cut else (slice(None), slice(None))
    images = {
        "rgb": color,
        "alpha": coverage,
        "depth_acc": np.where(np.isfinite(depth), depth, 0) * coverage,
        "depth_median": np.where(np.isfinite(median), median, 0),
        "normal_cam": normal * coverage[..., None],
    }
    return {name: image[window] for name, image in images.items()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("compat", "source"), [("gsplat", "gsplat"), ("inria-2dgs", "hbb1")])
def test_compatibility_mode_draws_the_others_picture(name: str, compat: str, source: str) -> None:
    case = load(name)
    images = draw(case, compat)
    for output, image in images.items():
        wanted = case.get(f"{source}__{output}")
        if wanted is None:  # gsplat has no median depth
            continue
        peak = max(1.0, float(np.max(np.abs(wanted))))
        assert referee.psnr(image, wanted, peak) >= 60.0, (name, output)


def test_each_mode_is_nearer_to_its_own_renderer_by_ten_decibels() -> None:
    case = load("surfels2k_front_only")
    gsplat, inria = draw(case, "gsplat")["rgb"], draw(case, "inria-2dgs")["rgb"]
    assert referee.psnr(gsplat, case["gsplat__rgb"]) >= referee.psnr(inria, case["gsplat__rgb"]) + 10
    assert referee.psnr(inria, case["hbb1__rgb"]) >= referee.psnr(gsplat, case["hbb1__rgb"]) + 10


@pytest.mark.parametrize("name", ["one_surfel", "surfels2k_front_only"])
@pytest.mark.parametrize(
    ("convention", "source", "near"),
    [(referee.GSPLAT, "numpy64_gsplat_paper", 0.01), (referee.INRIA, "numpy64_hbb1_paper", 0.2)],
)
def test_referee_equals_the_untruncated_pictures(
    name: str, convention: referee.Convention, source: str, near: float
) -> None:
    case = load(name)
    rotation, k = case["viewmat"][:3, :3], case["K"]
    x, y = (int(v) for v in case["window"])
    side = min(64, int(case["width"]))
    view = referee.View(
        rotation,
        -rotation.T @ case["viewmat"][:3, 3],
        (k[0, 0], k[1, 1]),
        (k[0, 2] - x, k[1, 2] - y),
        side,
        side,
    )
    discs = referee.Discs(
        case["in_xyz"], case["in_quat"], case["in_scale"], case["in_rgb"], case["in_opacity"]
    )
    p = referee.render(
        discs, view, near=near, convention=convention, optical_lowpass=False, radial_depth=False
    )
    images = sums(p.color, p.coverage, p.depth, p.depth_median, p.normal, case, cut=False)
    for output in ("rgb", "alpha", "normal_cam"):
        error = np.abs(images[output] - case[f"{source}__{output}"])
        assert np.mean(error > 1e-4) <= 1e-3, (output, float(error.max()))
        assert np.mean(error) <= 1e-6, output
