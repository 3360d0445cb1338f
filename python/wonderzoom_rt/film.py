# SPDX-License-Identifier: Apache-2.0
"""Films: H.264 in an MP4 file, encoded by an ffmpeg process while the next frames are drawn."""

from __future__ import annotations

import importlib
import math
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .errors import CancelledError, InputError, MissingExtraError, WonderzoomError
from .flight import CameraPath, StretchedPath, level_flight

if TYPE_CHECKING:
    from .level import Level
    from .synth.types import Cancelled, Progress
    from .world import World

CRF = 18
"""x264's constant rate factor: hard to tell from the frames themselves."""
FPS_RANGE = (1.0, 240.0)
MAX_FRAMES = 200_000
_FRAMES_AHEAD = 4
_DONE = b""


@dataclass(frozen=True)
class Film:
    """A film that was made: its file, how many frames, how long (s), how large (px), how many bytes."""

    path: Path
    frames: int
    seconds: float
    width: int
    height: int
    bytes: int


def ffmpeg_path() -> str:
    """The ffmpeg program: of the imageio-ffmpeg package, else the system's. Raises MissingExtraError."""
    try:
        found = str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg") or ""
    if not found:
        raise MissingExtraError(
            "films need ffmpeg, which the extra brings: pip install 'wonderzoom-rt[offline]'"
        )
    return found


class FilmWriter:
    """Takes frames and encodes them meanwhile; the file appears at `path` when the `with` ends well.

    width, height: even, px. fps: frames a second, 1..240. Raises InputError for a bad size or rate,
    MissingExtraError without ffmpeg, WonderzoomError when ffmpeg fails (no space left, say). After any error
    nothing is left behind, and a file that was at `path` before is still there.
    """

    def __init__(self, path: str | Path, *, width: int, height: int, fps: float = 24.0) -> None:
        check_size(width, height)
        if not (math.isfinite(fps) and FPS_RANGE[0] <= fps <= FPS_RANGE[1]):
            raise InputError(f"fps must lie in {FPS_RANGE[0]:g}..{FPS_RANGE[1]:g}, got {fps!r}")
        self.path = Path(path)
        self.width, self.height, self.fps = width, height, fps
        self.frames = 0
        self._program = ffmpeg_path()
        if not self.path.parent.is_dir():
            raise InputError(f"the folder {self.path.parent} for the film does not exist")
        self._queue: queue.Queue[bytes | memoryview] = queue.Queue(_FRAMES_AHEAD)
        self._failed = threading.Event()

    def __enter__(self) -> FilmWriter:
        handle, name = tempfile.mkstemp(prefix=f".{self.path.stem}-", suffix=".mp4", dir=self.path.parent)
        os.close(handle)
        self._part = Path(name)
        self._messages: IO[bytes] = tempfile.TemporaryFile()
        try:
            # A session of its own: the terminal's Ctrl-C is for us, and we tell ffmpeg.
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._messages,
                start_new_session=True,
            )
        except OSError as problem:
            self._clean()
            raise WonderzoomError(f"ffmpeg ({self._program}) cannot be started: {problem}") from None
        self._thread = threading.Thread(target=self._feed, name="wonderzoom-film", daemon=True)
        self._thread.start()
        return self

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Adds a frame, (height, width, 3) uint8 display sRGB. Waits while the encoder is four frames behind."""
        shape = (self.height, self.width, 3)
        if frame.dtype != np.uint8 or frame.shape != shape:
            raise InputError(f"a film frame must be uint8 {shape}, got {frame.dtype} {frame.shape}")
        if self._failed.is_set():
            raise WonderzoomError(self._complaint())
        self._queue.put(np.ascontiguousarray(frame).data.cast("B"))
        self.frames += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._process.kill()
            self._queue.put(_DONE)
            self._thread.join()
            code = self._process.wait()
            if kind is None:
                if code != 0:
                    raise WonderzoomError(self._complaint())
                _sync(self._part)
                os.chmod(self._part, 0o666 & ~_umask())
                os.replace(self._part, self.path)
        except BaseException:
            self._process.kill()
            raise
        finally:
            self._clean()

    def _command(self) -> list[str]:
        return [
            self._program,
            "-hide_banner",
            "-loglevel",
            "error",
            "-y",
            "-f",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-s",
            f"{self.width}x{self.height}",
            "-r",
            f"{self.fps:g}",
            "-i",
            "pipe:0",
            "-an",
            "-vf",
            "scale=out_color_matrix=bt709:out_range=tv",
            "-c:v",
            "libx264",
            "-preset",
            "medium",
            "-crf",
            str(CRF),
            "-pix_fmt",
            "yuv420p",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
            "-color_range",
            "tv",
            "-movflags",
            "+faststart",
            str(self._part),
        ]

    def _feed(self) -> None:
        """Hands frames to ffmpeg; after it died, takes and drops them, so that nobody waits for ever."""
        pipe = self._process.stdin
        assert pipe is not None
        while (frame := self._queue.get()) is not _DONE:
            if not self._failed.is_set():
                try:
                    pipe.write(frame)
                except OSError:
                    self._failed.set()
        try:
            pipe.close()
        except OSError:
            self._failed.set()

    def _complaint(self) -> str:
        self._process.wait()
        self._messages.seek(0)
        lines = self._messages.read().decode(errors="replace").strip().splitlines()
        why = lines[-1].strip() if lines else f"ffmpeg ended with exit code {self._process.returncode}"
        return f"the film {self.path} could not be written: {why}"

    def _clean(self) -> None:
        self._part.unlink(missing_ok=True)
        self._messages.close()


def make_film(
    world: World,
    path: str | Path,
    *,
    camera_path: CameraPath | None = None,
    level: int | Level | None = None,
    seconds: float | None = None,
    fps: float = 24.0,
    size: tuple[int, int] = (960, 540),
    progress: Progress | None = None,
    cancelled: Cancelled = lambda: False,
) -> Film:
    """Renders a camera path through a world, as it is now, to an MP4 file.

    camera_path: left out, the flight through the levels down to `level` (the newest one). seconds: how long the
    film is to be; left out, as long as the path. size: width and height, even, px. Raises InputError,
    MissingExtraError, CancelledError (nothing is left behind) or WonderzoomError.
    """
    if camera_path is None:
        camera_path = level_flight(world, level=level, seconds=seconds)
    elif seconds is not None:
        if not (math.isfinite(seconds) and seconds > 0.0):
            raise InputError(f"a film must last more than 0 seconds, got {seconds!r}")
        camera_path = StretchedPath(camera_path, seconds)
    count = round(camera_path.seconds * fps) if math.isfinite(fps) else 0
    if not 1 <= count <= MAX_FRAMES and math.isfinite(fps) and fps > 0:
        raise InputError(
            f"a film must have 1..{MAX_FRAMES} frames, got {count} "
            f"({camera_path.seconds:g} s at {fps:g} a second)"
        )
    width, height = size
    writer = FilmWriter(path, width=width, height=height, fps=fps)
    snapshot, engine = world.snapshot(), world.engine
    with writer:
        for index in range(count):
            if cancelled():
                raise CancelledError("the film was cancelled")
            if progress is not None:
                progress(index / count, f"frame {index + 1} of {count}")
            camera = camera_path.at(index / fps).resized(width, height)
            writer.write(engine.render(snapshot, camera, outputs=("color",)).image())
        if progress is not None:
            progress(1.0, "finishing the file")
    return Film(
        path=writer.path,
        frames=count,
        seconds=count / fps,
        width=width,
        height=height,
        bytes=writer.path.stat().st_size,
    )


def check_size(width: int, height: int) -> None:
    """Raises InputError unless a film can have this size: even, 16..8192 pixels a side."""
    if any(side % 2 or not 16 <= side <= 8192 for side in (width, height)):
        raise InputError(
            f"the width and height of a film must be even numbers of pixels in 16..8192, got {width}x{height}"
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
