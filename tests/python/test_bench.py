# SPDX-License-Identifier: Apache-2.0
"""`wonderzoom bench`: paths, results and their keys, the command line, peers."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import wonderzoom_rt as wz
from scenes import small_scene
from wonderzoom_rt.bench.measure import Settings, measure
from wonderzoom_rt.bench.paths import PATHS, open_path, path_from_toml
from wonderzoom_rt.bench.peer_run import psnr_db, run_peers
from wonderzoom_rt.bench.peers.f3d_peer import splat_records
from wonderzoom_rt.bench.report import rates
from wonderzoom_rt.bench.run import Wishes, run_bench
from wonderzoom_rt.cli import main

TESTS = Path(__file__).resolve().parents[1]
SMALL = ("--part", "0.02", "--frames", "3", "--warmup", "1")
KEYS = {
    "frame_ms": {"p50", "p95", "p99", "p999", "mean"},
    "fps": None,
    "low1_fps": None,
    "stages_ms": {"select", "load", "project", "sort", "bin", "blend", "resolve", "other"},
    "funnel": {"tested", "visible", "projected", "tile_entries", "evaluations", "contributions"},
    "memory": {"peak_bytes", "world_bytes", "frame_bytes_moved"},
    "limits": {"blended_evaluations_per_s", "read_bytes_per_s", "sorted_pairs_per_s"},
    "utilisation": {"blend", "sort", "memory"},
    "machine": {"cpu", "cores", "memory_bytes", "load", "system", "python"},
    "commit": None,
    "settings": {
        "path",
        "size",
        "frames",
        "warmup",
        "runs",
        "outputs",
        "backend",
        "instructions",
        "instructions_used",
        "threads",
    },
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command here; its exit code, stdout and stderr."""

    def call(*argv: str | Path) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """A small benchmark, run once."""
    return run_bench(Wishes("field-500k", path="orbit", frames=4, warmup=1, runs=2, part=0.02))


# ------------------------------------------------------------------------------------- results


def test_a_result_has_the_promised_keys(result: dict[str, Any]) -> None:
    json.dumps(result, allow_nan=False)
    for key, inner in KEYS.items():
        assert key in result
        if inner is not None:
            assert inner <= set(result[key]), key
    assert all(set(stage) == {"p50", "p95"} for stage in result["stages_ms"].values())
    assert result["settings"]["size"] == [136, 76]
    assert result["gpu_ms"] is None and result["host_ms"] is None  # nothing of this was on a GPU


def test_a_result_holds_its_samples_and_they_agree_with_it(result: dict[str, Any]) -> None:
    frames = np.array(result["samples"]["frame_ms"])
    assert frames.shape == (2, 4)
    assert result["frame_ms"]["p50"] == pytest.approx(np.median(frames), rel=1e-3)
    assert result["fps"] == pytest.approx(1e3 / frames.mean(), rel=1e-3)
    assert result["low1_fps"] == pytest.approx(1e3 / frames.max(), rel=1e-3)
    stages = {name: np.array(times) for name, times in result["samples"]["stages_ms"].items()}
    assert all(times.shape == (2, 4) for times in stages.values())
    assert sum(times.sum() for times in stages.values()) == pytest.approx(frames.sum(), rel=0.01)


def test_the_funnel_narrows_and_says_how_often_a_pixel_is_met(result: dict[str, Any]) -> None:
    funnel = result["funnel"]
    assert funnel["tested"] >= funnel["projected"] >= funnel["visible"] > 0
    assert funnel["evaluations"] > funnel["contributions"] > funnel["tile_entries"]
    assert funnel["contributions_per_pixel"] == pytest.approx(funnel["contributions"] / (136 * 76), rel=1e-3)


def test_rates_are_of_all_frames_and_of_the_slowest_hundredth() -> None:
    times = np.full((2, 100), 10.0)
    times[1, 7], times[0, 3] = 40.0, 60.0
    assert rates(times) == (pytest.approx(1e3 / 10.4), pytest.approx(1e3 / 50.0))


def test_without_culling_every_surfel_is_looked_at() -> None:
    scene = small_scene("stack-12")
    cameras = [scene.camera] * 2
    on, off = (measure(scene, cameras, Settings(cull=cull), warmup=0) for cull in (True, False))
    assert (
        off.funnel["tested"] == sum(level.surfel_count for level in scene.world.levels) > on.funnel["tested"]
    )
    assert off.funnel["visible"] == on.funnel["visible"]


def test_without_level_of_detail_all_levels_are_drawn_over_each_other() -> None:
    scene = small_scene("stack-12")
    cameras = [scene.camera] * 2
    on, off = (measure(scene, cameras, Settings(lod=lod), warmup=0) for lod in (True, False))
    assert off.funnel["visible"] > 2 * on.funnel["visible"]


# --------------------------------------------------------------------------------------- paths


@pytest.mark.parametrize("name", PATHS)
def test_paths_are_data_beside_the_tests_too(name: str) -> None:
    path = open_path(name)
    beside = path_from_toml((TESTS / "bench" / f"{name}.toml").read_text(encoding="utf-8"), name)
    scene = small_scene("field-500k")
    assert beside.cameras(scene, 5) == path.cameras(scene, 5)
    assert path.about and path.frames > 1


def test_a_zoom_in_ends_where_a_zoom_out_begins() -> None:
    for name in ("field-500k", "stack-12"):
        scene = small_scene(name)
        inwards, out = (open_path(path).cameras(scene, 7) for path in ("zoom-in", "zoom-out"))
        for there, back in zip(inwards, out[::-1], strict=True):
            assert np.allclose(there.position, back.position, rtol=1e-12)
        target = np.array(scene.target)
        first, last = (float(np.linalg.norm(camera.eye - target)) for camera in (inwards[0], inwards[-1]))
        octaves = math.log2(first / last)
        assert octaves == pytest.approx(16.5 if name == "stack-12" else 3.0, abs=0.1)
        assert np.allclose(inwards[0].position, scene.camera.position, atol=1e-9)


def test_still_stays_and_orbit_keeps_its_distance() -> None:
    scene = small_scene("field-500k")
    first, *others = open_path("still").cameras(scene, 3)
    assert others == [first, first] and first.position == scene.camera.position
    assert first.focal == pytest.approx(scene.camera.focal, rel=1e-14)
    target = np.array(scene.target)
    for camera in open_path("orbit").cameras(scene, 9):
        assert np.linalg.norm(camera.eye - target) == pytest.approx(8.0)
        seen, _ = camera.project(target)
        assert np.allclose(seen, (camera.width / 2, camera.height / 2), atol=1e-6)


def test_a_recorded_flight_is_a_path(tmp_path: Path) -> None:
    scene = small_scene("field-500k")
    near = scene.camera.to_dict() | {"position": [0.0, 0.0, 2.0]}
    file = tmp_path / "flight.json"
    file.write_text(
        json.dumps(
            {"keyframes": [{"time": 0, "camera": scene.camera.to_dict()}, {"time": 2, "camera": near}]}
        )
    )
    path = open_path(str(file))
    assert path.frames == 48
    cameras = path.cameras(scene, 3)
    assert cameras[-1].position == pytest.approx((0.0, 0.0, 2.0))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[keyframes]", "must be TOML"),
        ("frames = 3", "must have keyframes"),
        ("speed = 3\n[[keyframes]]\ntime = 0.0", "may hold about, frames, warmup and keyframes, got speed"),
        ("[[keyframes]]\nzoom = 0.5", "must have a time"),
        ("[[keyframes]]\ntime = 0.0\nroll = 3", "must have a time and may have zoom"),
        (
            "[[keyframes]]\ntime = 0.0\nzoom = 2.0",
            "zoom in keyframe 0 of the path p must lie in 0..1, got 2.0",
        ),
        ('[[keyframes]]\ntime = 0.0\nyaw = "left"', "yaw in keyframe 0"),
        ("[[keyframes]]\ntime = 0.5\n[[keyframes]]\ntime = 0.5", "must rise, got 0.5 after 0.5"),
        ("frames = 0\n[[keyframes]]\ntime = 0.0", "frames of the path p must be a whole number in 1.."),
        ("[[keyframes]]\ntime = nan", "time in keyframe 0"),
    ],
)
def test_a_bad_path_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(wz.InputError, match=words.replace(".", r"\.")) as caught:
        path_from_toml(text, "p")
    assert "\n" not in str(caught.value)


def test_a_path_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(wz.InputError, match="must be UTF-8 text"):
        open_path(str(tmp_path / "p.toml"))


# ------------------------------------------------------------------------------ the command line


def test_scenes_are_listed(run: Run) -> None:
    code, out, _ = run("scene")
    assert code == 0 and "stack-12" in out and "twelve nested levels" in out


def test_a_scene_becomes_a_file_that_benches_as_itself(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "needle.wz"
    code, out, _ = run("scene", "needle", "-o", file, "--part", "0.02", "--seed", "5", "--json")
    made = json.loads(out)
    assert code == 0 and made["surfels"] == 10_000 and file.exists()
    code, out, _ = run("bench", file, "--frames", "2", "--warmup", "0", "--json", "-")
    measured = json.loads(out)
    assert code == 0 and measured["scene"]["name"] == "needle" and measured["scene"]["seed"] == 5
    assert measured["funnel"]["tile_entries"] == 10_000


def test_bench_prints_a_table_and_writes_the_json(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    code, out, _ = run("bench", "field-500k", *SMALL, "--path", "zoom-in", "--json", file)
    assert code == 0 and "contributions a pixel" in out and "P99.9" in out and "blended evaluations/s" in out
    assert json.loads(file.read_text())["settings"]["path"] == "zoom-in"


def test_bench_takes_settings(run: Run) -> None:
    more = (
        "--isa",
        "baseline",
        "--threads",
        "1",
        "--outputs",
        "color,depth",
        "--size",
        "64x36",
        "--no-culling",
    )
    code, out, _ = run("bench", "crossing", *SMALL, *more, "--json", "-")
    settings = json.loads(out)["settings"]
    assert code == 0
    assert settings["size"] == [64, 36] and settings["outputs"] == ["color", "depth"]
    assert (settings["instructions"], settings["threads"], settings["cull"]) == ("baseline", 1, False)


def test_compare_reads_two_results(run: Run, tmp_path: Path, result: dict[str, Any]) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    a.write_text(json.dumps(result))
    b.write_text(json.dumps(result))
    code, out, _ = run("bench", "--compare", a, b)
    assert code == 0 and out.count("same within noise") == 2 + len(result["stages_ms"])
    b.write_text(json.dumps(result | {"settings": result["settings"] | {"size": [1, 2]}}))
    code, _, err = run("bench", "--compare", a, b)
    assert code == 2 and "size 136x76 and 1x2" in err
    code, _, _ = run("bench", "--compare", a, b, "--force")
    assert code == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("bench", "feild"), "expected a scene (field-500k"),
        (("bench", "no.wz"), "there is no file no.wz"),
        (("bench", "no.wz", "--part", "0.5"), "seed and part are of named scenes"),
        (("bench", "--path", "spiral", *SMALL), "expected a path (zoom-in"),
        (("bench", "--path", "no.toml", *SMALL), "cannot read the path file no.toml"),
        (("bench", "--frames", "0"), "frames must lie in 1.."),
        (("bench", "--outputs", "colour"), "outputs must be among color"),
        (("bench", "--threads", "-1"), "--threads must be 0 or more, got -1"),
        (("bench", "--part", "7"), "0.001..1, got 7.0"),
        (("bench", "--compare", "a.json", "b.json"), "cannot read the result file a.json"),
        (("bench", "--peers", "--compare", "a", "b"), "not allowed with"),
        (("bench", "needle", "--compare", "a", "b"), "draws nothing, got 'needle' to draw too"),
        (("bench", "stack-12", "--part", "0.001", "--peers"), "one level, this one has 12"),
        (("scene", "needle"), "a scene needs a file to go to: -o F.wz"),
        (("scene", "-o", "x.wz"), "which scene should go to x.wz? There are field-500k"),
        (("scene", "needle", "-o", "x.txt"), "a name that ends in .wz, got x.txt"),
        (("scene", "noodle", "-o", "x.wz"), "there is no scene 'noodle'"),
    ],
)
def test_wrong_wishes_are_one_line_and_exit_code_2(run: Run, argv: tuple[str, ...], words: str) -> None:
    code, out, err = run(*argv)
    assert code == 2 and out == ""
    assert words in err and len([line for line in err.splitlines() if line.startswith("wonderzoom:")]) == 1


# --------------------------------------------------------------------------------------- peers


class _Painter:
    """A peer that shows what it is told to."""

    package, where, install, name = "painter", "paper", "pip install painter", "painter"

    def __init__(self, picture: Any = None, why: str | None = None) -> None:
        self._picture, self._why = picture, why

    def missing(self) -> str | None:
        return self._why

    def open(self, layer: wz.SurfelLayer, camera: wz.Camera) -> _Painter:
        self.given = layer, camera
        if self._picture is None:
            raise RuntimeError("no paper\nleft")
        return self

    def draw(self) -> None:
        pass

    def picture(self) -> Any:
        return self._picture

    def close(self) -> None:
        pass


def test_peers_get_our_surfels_and_camera_and_their_pictures_are_judged() -> None:
    wishes = Wishes("field-500k", frames=2, warmup=0, part=0.02)
    blank = np.zeros((76, 136, 3), dtype=np.float32)
    good, bad, gone, broken = _Painter(blank), _Painter(blank), _Painter(blank, "no ink"), _Painter(None)
    rows = run_peers(wishes, peers=(good, bad, gone, broken))["peers"]
    layer, camera = good.given
    assert 10_000 <= len(layer) < 10_300
    assert (camera.width, camera.height) == (136, 76)
    assert [row["status"] for row in rows] == ["measured", "measured", "absent", "failed"]
    assert rows[0]["psnr_db"] < 20 and rows[2]["why"] == "no ink" and "no paper left" in rows[3]["why"]


def test_psnr_of_known_errors() -> None:
    black = np.zeros((4, 4, 3), dtype=np.float32)
    assert psnr_db(black, black) == 99.0
    assert psnr_db(black, black + np.float32(0.1)) == pytest.approx(20.0, abs=1e-4)
    assert psnr_db(black + 1, black + 7) == 99.0


def test_splat_records_hold_the_surfels() -> None:
    layer = small_scene("needle").world.surfels(0)
    records = splat_records(layer)
    assert records.itemsize == 32 and len(records) == len(layer)
    assert np.allclose(records["position"], layer.positions, rtol=1e-6)
    assert np.allclose(records["scale"][:, :2], layer.extents)
    assert np.abs(records["color"][:, :3] / 255.0 - layer.colors.clip(0, 1)).max() <= 0.5 / 255.0 + 1e-6
    assert np.abs((records["rotation"] - 128.0) / 128.0 - layer.orientations).max() <= 1.0 / 128.0
