# SPDX-License-Identifier: Apache-2.0
"""`FlightRecorder`: the cameras of a session, to be flown again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from .. import zones
from ..camera import Camera
from ..errors import InputError, WonderzoomError
from ..frame import Frame


class FlightRecorder:
    """Notes camera poses with their times, and saves them as a path that `fly`, `profile` and `bench` take (--path).

    In a `with` block it notes the camera of each frame that is drawn of a world, in the size of the first one (a pick
    draws small frames of its own), and saves them to `path` at the end when one was given. By hand: `add`, then `save`.
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self._path = path
        self._keyframes: list[tuple[float, Camera]] = []
        self._size: tuple[int, int] | None = None
        self._begin = 0.0

    def __len__(self) -> int:
        return len(self._keyframes)

    def __enter__(self) -> FlightRecorder:
        zones.frame_listeners.append(self._take_frame)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        zones.frame_listeners.remove(self._take_frame)
        if self._path is not None and kind is None:
            self.save(self._path)

    def add(self, camera: Camera, seconds: float | None = None) -> None:
        """Notes a pose. seconds: its time, above the last one's; left out, what the clock says since the first pose."""
        now = time.monotonic()
        if not self._keyframes:
            self._begin = now
        moment = now - self._begin if seconds is None else float(seconds)
        if self._keyframes and not moment > self._keyframes[-1][0]:
            if seconds is not None:
                raise InputError(
                    f"the times of a flight must rise, got {moment:g} after {self._keyframes[-1][0]:g}"
                )
            return
        self._keyframes.append((moment, camera))

    def to_dict(self) -> dict[str, Any]:
        """The path, as `flight.path_from_dict` takes it. Raises InputError with fewer than two poses."""
        if len(self._keyframes) < 2:
            raise InputError(f"a flight needs at least two poses, got {len(self._keyframes)}")
        return {
            "keyframes": [{"time": moment, "camera": camera.to_dict()} for moment, camera in self._keyframes]
        }

    def save(self, path: str | Path) -> None:
        """Writes the path file. Raises InputError with fewer than two poses, WonderzoomError when it fails."""
        text = json.dumps(self.to_dict(), allow_nan=False)
        try:
            Path(path).write_text(text + "\n", encoding="utf-8")
        except OSError as problem:
            raise WonderzoomError(f"cannot write the path {path}: {problem.strerror or problem}") from None

    def _take_frame(self, frame: Frame) -> None:
        size = (frame.width, frame.height)
        if self._size is None:
            self._size = size
        if size == self._size:
            self.add(frame.camera)
