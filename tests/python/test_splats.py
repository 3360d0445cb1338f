# SPDX-License-Identifier: Apache-2.0
"""Reading splats from PLY: what comes back is what was written, and bad files are named for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from wonderzoom_rt.bench.scenes import open_subject
from wonderzoom_rt.rotation import matrix_from_quaternion
from wonderzoom_rt.splats import SH_BAND_0, flattened, read_splats

COUNT = 50
AXES = ("x", "y", "z")
ROTATION = ("rot_0", "rot_1", "rot_2", "rot_3")


def columns(seed: int = 0, *, axes: int = 3) -> dict[str, np.ndarray]:
    """The columns of a made-up capture, as a file keeps them."""
    random = np.random.default_rng(seed)
    made = {name: random.normal(size=COUNT) for name in AXES}
    made |= {f"f_dc_{channel}": random.uniform(-1.5, 1.5, COUNT) for channel in range(3)}
    made["opacity"] = random.normal(0.0, 3.0, COUNT)
    made |= {f"scale_{axis}": random.normal(-4.0, 1.0, COUNT) for axis in range(axes)}
    made |= {name: random.normal(size=COUNT) for name in ROTATION}
    return made


def ply(
    table: dict[str, np.ndarray],
    *,
    kind: str = "float",
    order: str = "binary_little_endian",
    before: bytes = b"",
) -> bytes:
    """A PLY file of the columns. before: header lines of elements that come first."""
    count = len(next(iter(table.values())))
    rows = "".join(f"property {kind} {name}\n" for name in table)
    head = f"ply\nformat {order} 1.0\ncomment made up\n{before.decode()}element vertex {count}\n{rows}end_header\n"
    if order == "ascii":
        lines = [" ".join(repr(float(value[i])) for value in table.values()) for i in range(count)]
        return (head + "\n".join(lines) + "\n").encode()
    size = {"float": "f4", "double": "f8"}[kind]
    kinds = [(name, (">" if "big" in order else "<") + size) for name in table]
    records = np.zeros(count, dtype=kinds)
    for name, values in table.items():
        records[name] = values
    return head.encode() + records.tobytes()


def written(folder: Path, data: bytes) -> Path:
    file = folder / "capture.ply"
    file.write_bytes(data)
    return file


@pytest.mark.parametrize("order", ("binary_little_endian", "binary_big_endian", "ascii"))
@pytest.mark.parametrize("kind", ("float", "double"))
def test_what_is_read_is_what_was_written(tmp_path: Path, order: str, kind: str) -> None:
    table = columns(axes=2)
    splats = read_splats(written(tmp_path, ply(table, order=order, kind=kind)))
    layer = splats.layer
    assert not splats.flattened and splats.left_out == 0 and splats.harmonics == 0
    assert np.allclose(layer.positions, np.stack([table[axis] for axis in AXES], axis=1), atol=1e-6)
    assert np.allclose(
        layer.extents, np.exp(np.stack([table["scale_0"], table["scale_1"]], axis=1)), rtol=1e-5
    )
    assert np.allclose(layer.opacities, 1.0 / (1.0 + np.exp(-table["opacity"])), atol=1e-6)
    dc = np.stack([table[f"f_dc_{channel}"] for channel in range(3)], axis=1)
    assert np.allclose(layer.colors, 0.5 + 0.28209479 * dc, atol=1e-6)
    rotation = np.stack([table[name] for name in ROTATION], axis=1)
    rotation /= np.linalg.norm(rotation, axis=1, keepdims=True)
    assert np.allclose(layer.orientations, rotation, atol=1e-6)


def test_flattening_drops_the_shortest_axis_and_makes_it_the_normal() -> None:
    random = np.random.default_rng(1)
    scales, rotations = random.uniform(0.1, 1.0, (40, 3)), random.normal(size=(40, 4))
    rotations /= np.linalg.norm(rotations, axis=1, keepdims=True)
    extents, orientations = flattened(scales, rotations)
    assert set(scales.argmin(axis=1)) == {0, 1, 2}
    for scale, rotation, extent, orientation in zip(scales, rotations, extents, orientations, strict=True):
        whole, disc = matrix_from_quaternion(rotation), matrix_from_quaternion(orientation)
        shortest = int(scale.argmin())
        kept = np.where(np.arange(3) == shortest, 0.0, scale)
        wanted = (whole * kept) @ (whole * kept).T
        got = (disc[:, :2] * extent) @ (disc[:, :2] * extent).T
        assert np.allclose(got, wanted, atol=1e-12)
        assert np.allclose(disc[:, 2], whole[:, shortest], atol=1e-12)


def test_harmonics_other_elements_and_other_properties_are_passed_over(tmp_path: Path) -> None:
    table = columns()
    table |= {f"f_rest_{number}": np.ones(COUNT) for number in range(9)} | {"nx": np.zeros(COUNT)}
    before = b"element camera 2\nproperty double fov\nproperty uchar id\n"
    data = ply(table, before=before)
    head, _, body = data.partition(b"end_header\n")
    splats = read_splats(
        written(tmp_path, head + b"end_header\n" + bytes(2 * 9) + body + b"tail of another element")
    )
    assert splats.harmonics == 9 and splats.flattened
    assert np.allclose(splats.layer.positions[:, 0], table["x"], atol=1e-6)


def test_splats_that_are_not_finite_are_left_out_and_counted(tmp_path: Path) -> None:
    table = columns()
    for row, (name, value) in enumerate(
        (("x", np.nan), ("opacity", np.nan), ("scale_0", np.inf), ("scale_1", np.nan), ("f_dc_2", np.inf))
    ):
        table[name][row] = value
    table["opacity"][5] = np.inf  # fully opaque
    table["scale_2"][6] = -np.inf  # flat already
    for name in ROTATION:
        table[name][7] = 0.0
    splats = read_splats(written(tmp_path, ply(table)))
    assert splats.left_out == 6 and len(splats.layer) == COUNT - 6
    assert splats.layer.opacities[0] == 1.0
    assert np.isfinite(splats.layer.extents).all() and (splats.layer.extents > 0).all()


def test_a_capture_is_a_scene(tmp_path: Path) -> None:
    file = written(tmp_path, ply(columns()))
    scene = open_subject(str(file))
    assert scene.facts == {"surfels": COUNT, "flattened": True, "left_out": 0}
    seen = scene.camera.project(scene.world.surfels(0).positions)[0]
    inside = (seen > 0).all(axis=1) & (seen < (scene.camera.width, scene.camera.height)).all(axis=1)
    assert inside.mean() > 0.6
    other = wz.Camera.look_at((0, 0, -9), (0, 0, 0), focal=300, width=64, height=48)
    assert open_subject(str(file), camera=other).camera == other


def _without(name: str) -> dict[str, np.ndarray]:
    return {key: value for key, value in columns().items() if key != name}


def _nowhere() -> dict[str, np.ndarray]:
    return columns() | {"x": np.full(COUNT, np.nan)}


GOOD = ply(columns())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", 'begins with "ply"'),
        (b"\x89PNG....", 'begins with "ply"'),
        (b"ply\nformat ascii 1.0\n", "no end_header"),
        (GOOD.replace(b"binary_little_endian", b"binary_middle_endian"), "format must be one of"),
        (GOOD.replace(b"format binary_little_endian 1.0\n", b""), "names no format"),
        (GOOD.replace(b"element vertex", b"element corner"), "names no vertices"),
        (GOOD.replace(b"comment", b"commend"), "none of a PLY file"),
        (GOOD.replace(b"property float x", b"property list uchar int x"), "a property must be a number"),
        (GOOD.replace(b"property float x", b"property float3 x"), "a property must be a number"),
        (GOOD.replace(b"property float x", b"property float y"), "there twice"),
        (ply(_without("opacity")), "no opacity; they have x, y"),
        (ply(_without("rot_3")), "no rot_3"),
        (ply({name: values[:0] for name, values in columns().items()}), "holds no vertices"),
        (GOOD[:-1], "ends after 49"),
        (ply(columns(), order="ascii")[:-300], "lines? of"),
        (ply(columns(), order="ascii").replace(b"end_header\n", b"end_header\nx "), "a line of 14 numbers"),
        (ply(_nowhere()), "none of the 50 splats"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(wz.InputError, match=words) as caught:
        read_splats(written(tmp_path, data))
    assert "capture.ply" in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(wz.InputError, match=r"cannot read the splats nowhere\.ply"):
        read_splats("nowhere.ply")


def test_any_cut_file_is_refused_or_read_whole(tmp_path: Path) -> None:
    random: Any = np.random.default_rng(2)
    for end in random.integers(0, len(GOOD), 60):
        with pytest.raises(wz.InputError):
            read_splats(written(tmp_path, GOOD[:end]))


def test_the_constant_harmonic() -> None:
    assert pytest.approx(1.0 / (2.0 * np.sqrt(np.pi))) == SH_BAND_0
