# SPDX-License-Identifier: Apache-2.0
"""Films: what is written is what was drawn, and a film that fails leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from wonderzoom_rt import film
from wonderzoom_rt.errors import InputError, MissingExtraError, WonderzoomError
from wonderzoom_rt.film import FilmWriter, ffmpeg_path

pytest.importorskip("imageio_ffmpeg")
SIZE = (64, 48)


def moving_frames(count: int) -> list[np.ndarray]:
    """Smooth colour waves that move, (48, 64, 3) uint8."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    waves = [
        np.stack([np.sin(x / 9 + k / 3), np.cos(y / 7 - k / 4), np.sin((x + y) / 11 + k / 5)], -1)
        for k in range(count)
    ]
    return [np.round(127.5 + 100 * wave).astype(np.uint8) for wave in waves]


def decoded(path: Path) -> np.ndarray:
    raw = subprocess.run(
        [
            ffmpeg_path(),
            "-v",
            "error",
            "-i",
            str(path),
            "-vf",
            "scale=in_color_matrix=bt709",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-",
        ],
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, SIZE[1], SIZE[0], 3)


def described(path: Path) -> str:
    return subprocess.run(
        [ffmpeg_path(), "-hide_banner", "-i", str(path)], stderr=subprocess.PIPE, text=True, check=False
    ).stderr


def test_a_film_holds_the_frames_it_was_given(tmp_path: Path) -> None:
    frames = moving_frames(20)
    with FilmWriter(tmp_path / "film.mp4", width=64, height=48, fps=12) as writer:
        for frame in frames:
            writer.write(frame)
    shown = decoded(tmp_path / "film.mp4")
    assert shown.shape == (20, 48, 64, 3)
    error = np.mean((shown.astype(float) - np.stack(frames)) ** 2)
    assert 10 * np.log10(255**2 / error) > 32
    words = described(tmp_path / "film.mp4")
    assert "h264" in words and "yuv420p(tv, bt709" in words and "12 fps" in words
    assert re.search(r"Duration: 00:00:01\.6", words)
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]


@pytest.mark.parametrize(
    ("width", "height", "fps", "words"),
    [
        (63, 48, 24, "even"),
        (64, 0, 24, "even"),
        (9000, 48, 24, "8192"),
        (64, 48, 0, "fps"),
        (64, 48, 1e9, "fps"),
        (64, 48, float("nan"), "fps"),
    ],
)
def test_a_film_of_impossible_size_or_rate_is_refused(
    tmp_path: Path, width: int, height: int, fps: float, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        FilmWriter(tmp_path / "film.mp4", width=width, height=height, fps=fps)


def test_a_film_in_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        FilmWriter(tmp_path / "none" / "film.mp4", width=64, height=48)


def test_a_frame_of_another_size_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, match=r"must be uint8 \(48, 64, 3\)"),
        FilmWriter(tmp_path / "film.mp4", width=64, height=48) as writer,
    ):
        writer.write(np.zeros((64, 48, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_film_that_is_given_up_leaves_nothing_and_keeps_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"the old one")
    with pytest.raises(KeyboardInterrupt), FilmWriter(tmp_path / "film.mp4", width=64, height=48) as writer:
        for frame in moving_frames(6):
            writer.write(frame)
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["film.mp4"]
    assert (tmp_path / "film.mp4").read_bytes() == b"the old one"


def test_an_encoder_that_dies_is_reported_and_nobody_waits_for_it(tmp_path: Path) -> None:
    with (
        pytest.raises(WonderzoomError, match="could not be written"),
        FilmWriter(tmp_path / "film.mp4", width=64, height=48) as writer,
    ):
        writer._process.kill()
        for frame in moving_frames(4) * 50:
            writer.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_without_ffmpeg_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(film.importlib, "import_module", missing)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingExtraError, match=r"wonderzoom-rt\[offline\]"):
        ffmpeg_path()
