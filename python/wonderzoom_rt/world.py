# SPDX-License-Identifier: Apache-2.0
"""`World`: levels of surfels that one can render, zoom into, save and open."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from . import _core
from . import level as stored
from .camera import Camera
from .engine import DEFAULT_OUTPUTS, Engine, native_arrays, native_camera
from .errors import InputError, WorldError
from .frame import Frame
from .layer import SurfelLayer
from .level import Level
from .pick import Pick, picked

if TYPE_CHECKING:
    from .profile.session import Recording
    from .synth.types import LevelResult, Progress, Quality, ZoomRequest


class World:
    """A world in memory (`World()`), or in a `.wz` file (`World.open`, `World.create`).

    Reading may happen from any thread. With a file that was opened for writing, a commit is on disk when it returns,
    and nobody else may write until `close`, or the end of a `with` statement, lets go of it.
    """

    def __init__(self, *, native: _core.World | None = None, engine: Engine | None = None) -> None:
        self._native = native if native is not None else _core.World()
        try:
            for first in self.levels[:1]:
                self._native.set_leak(first.leak)
        except WorldError as problem:
            raise WorldError(f"{self.path}: {problem}") from None
        self._engine = engine
        self.notices: list[str] = []
        """What was done to the photograph that its owner should know, in words."""

    # ------------------------------------------------------------------ makers

    @classmethod
    def open(cls, path: str | Path, *, writable: bool = False) -> World:
        """Opens a world file. Raises WorldError for a file that is no world, or that another process writes to."""
        return cls(native=_core.World.open(str(path), writable))

    @classmethod
    def create(cls, path: str | Path, *, overwrite: bool = False) -> World:
        """A new, empty world file, opened for writing. Raises WorldError when it exists and `overwrite` is False."""
        return cls(native=_core.World.create(str(path), overwrite))

    @classmethod
    def from_image(
        cls,
        photograph: str | Path | NDArray[Any],
        *,
        width: int = 1088,
        depth: str | Path | NDArray[Any] | None = None,
        focal: float | None = None,
        seed: int = 0,
        path: str | Path | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> World:
        """A world of one level from a photograph (a file, or an array (H,W,3) of uint8 or float 0..1).

        width: pixels of level 0. depth: the user's own depth map (PNG, NPY, EXR or an array), else it is estimated.
        focal: in pixels of the photograph as given; else from EXIF, else guessed. path: make it a world file there.
        Raises InputError for what is no photograph, WorldError for what cannot be written; `path` is then as it was.
        """
        from .synth.first_level import first_level

        result, notices = first_level(
            photograph, width=width, depth=depth, focal=focal, seed=seed, progress=progress
        )
        world = cls()
        world.commit(result, parent=None)
        if path is not None:  # in one step, so that a full disk leaves what was there
            world.save(path, overwrite=overwrite)
            world = cls.open(path, writable=True)
        world.notices = notices
        return world

    @classmethod
    def from_rgbd(
        cls,
        color: NDArray[Any],
        distance: NDArray[np.float64],
        camera: Camera,
        *,
        progress: Progress | None = None,
    ) -> World:
        """A world of one level from an RGB-D frame with its camera.

        color: (H,W,3), uint8 or float 0..1. distance: (H,W), radial, wu, +inf for sky.
        """
        from .synth.first_level import level_from_rgbd

        world = cls()
        world.commit(level_from_rgbd(color, distance, camera, progress=progress), parent=None)
        return world

    @classmethod
    def from_surfels(
        cls, layer: SurfelLayer, camera: Camera, *, metadata: Mapping[str, Any] | None = None
    ) -> World:
        """A world of one level from plain surfels, with the camera it is first seen from.

        metadata: JSON-able facts that the level keeps.
        """
        world = cls()
        world._commit_arrays(layer, camera, camera, {"generator": "arrays", **(metadata or {})})
        return world

    # ------------------------------------------------------------------- files

    @staticmethod
    def verify(path: str | Path) -> list[str]:
        """Reads every byte of a world file; what is wrong with it, in words, empty when nothing is.

        Raises WorldError when the file cannot be opened as a world at all.
        """
        return list(_core.World.verify(str(path), _core.Part()))

    @staticmethod
    def compact(source: str | Path, target: str | Path, *, overwrite: bool = False) -> None:
        """Writes a world file anew without what is superseded or taken back, coarse levels first, in one step.

        `source` and `target` may be the same file with `overwrite`. Raises WorldError, and writes nothing, when
        `target` exists already or a part of the world cannot be read.
        """
        _core.World.compact(str(source), str(target), overwrite, _core.Part())

    def __repr__(self) -> str:
        if isinstance(self._native, _Closed):
            return "<World, closed>"
        levels = self.levels
        surfels = sum(level.surfel_count for level in levels)
        return f"<World {self.path or 'in memory'}: {len(levels)} levels, {surfels:,} surfels>"

    def close(self) -> None:
        """Lets go of the world file, so that another may write to it. Nothing can be asked of this world afterwards.

        A snapshot that is still held keeps the file until it is let go too.
        """
        self._native = cast(_core.World, _Closed())

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --------------------------------------------------------------- questions

    @property
    def path(self) -> str | None:
        """The world file; None in memory."""
        return self._native.path or None

    @property
    def epoch(self) -> int:
        """Counts commits and undos."""
        return int(self._native.snapshot().epoch)

    @property
    def levels(self) -> tuple[Level, ...]:
        """All levels, by id."""
        return stored.levels_of(self._native.snapshot())

    @property
    def warnings(self) -> list[str]:
        """Damage met so far while reading the file, in words."""
        return list(self._native.warnings)

    @property
    def home(self) -> Camera:
        """The camera of the photograph."""
        return self.level(0).lens

    @property
    def leak(self) -> float:
        """Light through a closed surface that counts as none when this world is drawn; see `engine.settings`."""
        return float(self._native.snapshot().leak)

    def level(self, level: int | Level) -> Level:
        """The level of that id. Raises InputError when there is none."""
        number = level.id if isinstance(level, Level) else level
        levels = self.levels
        if not 0 <= number < len(levels):
            held = f"levels 0..{len(levels) - 1}" if levels else "no levels yet"
            raise InputError(f"the world has {held}, got level {number}")
        return levels[number]

    def picture(self, level: int | Level) -> NDArray[np.float32]:
        """The source picture (H,W,3) of a level, display sRGB 0..1."""
        return stored.picture_from_bytes(self._blob(level, stored.PICTURE_BLOB), self.level(level).lens)

    def distance(self, level: int | Level) -> NDArray[np.float64]:
        """The radial distances (H,W), wu, of a level's source picture; +inf is sky."""
        return stored.distance_from_bytes(self._blob(level, stored.DISTANCE_BLOB), self.level(level).lens)

    def cover(self, level: int | Level) -> NDArray[np.float32]:
        """The soft weight (H,W) with which a level replaces its parent; 1 everywhere for the first."""
        return stored.weights_from_bytes(
            self._blob(level, stored.COVER_BLOB), self.level(level).lens, stored.COVER_BLOB
        )

    def edit_mask(self, level: int | Level) -> NDArray[np.float32] | None:
        """Where a level holds what was not in the picture before (H,W), None when nowhere."""
        record = self.level(level)
        if stored.EDIT_BLOB not in record.blobs:
            return None
        return stored.weights_from_bytes(self._blob(level, stored.EDIT_BLOB), record.lens, stored.EDIT_BLOB)

    def surfels(self, level: int | Level) -> SurfelLayer:
        """All surfels of a level, decoded, in stored order."""
        arrays = dict(self._native.snapshot().level_arrays(self.level(level).id))
        arrays["is_sky"] = arrays["is_sky"].view(np.bool_)
        return SurfelLayer(**arrays, leak=self.leak)

    def info(self) -> dict[str, Any]:
        """Levels, pages, surfels and bytes, as plain values."""
        snapshot = self._native.snapshot()
        pages = snapshot.pages
        size = Path(self.path).stat().st_size if self.path else None
        return {
            "path": self.path,
            "epoch": snapshot.epoch,
            "bytes": size,
            "pages": len(pages),
            "surfels": sum(page["count"] for page in pages),
            "levels": [level.info(pages, self.home) for level in self.levels],
        }

    # ----------------------------------------------------------------- changes

    def commit(self, result: LevelResult, *, parent: int | Level | None) -> Level:
        """Publishes a finished level in one step and returns it. Raises before anything has changed, or not at all."""
        return self._commit_arrays(
            result.layer,
            result.lens,
            result.approach,
            result.metadata,
            parent=None if parent is None else self.level(parent).id,
            cover=None if parent is None else stored.native_cover(result),
            blobs=stored.blobs_of(result),
        )

    def undo(self, level: int | Level | None = None) -> None:
        """Takes back the newest level; `level`, when given, must be that one."""
        levels = self.levels
        if not levels:
            raise InputError("the world has no level to take back")
        self._native.undo(self.level(level).id if level is not None else levels[-1].id)

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Writes the whole world to a file of its own, atomically. Raises WorldError when `path` exists already."""
        self._native.save_as(str(path), overwrite)

    def request(
        self,
        camera: Camera,
        *,
        parent: int | Level | None = None,
        seed: int = 0,
        prompt: str | None = None,
        picture: str | Path | NDArray[Any] | None = None,
        quality: Quality = "best",
    ) -> ZoomRequest:
        """What a generator needs to make the view of `camera`: checked, with the context taken once.

        parent: the level to refine; the finest one that holds the view, when left out. picture: the user's own picture
        of the view, a file or an array (H,W,3) of uint8, uint16 or float 0..1. Raises InputError when `camera` shows
        nothing of the world, or is no closer than what is there, or more than 16 times closer.
        """
        from .synth.context import zoom_request

        number = parent.id if isinstance(parent, Level) else parent
        return zoom_request(
            self, camera, parent=number, seed=seed, prompt=prompt, picture=picture, quality=quality
        )

    # ----------------------------------------------------------------- drawing

    @property
    def engine(self) -> Engine:
        """The engine this world draws with, made on first use."""
        if self._engine is None:
            self._engine = Engine()
        return self._engine

    def snapshot(self, *, until_level: int | Level | None = None) -> _core.Snapshot:
        """The world as it is now, or as it was before any level above `until_level` was committed; it never changes."""
        snapshot = self._native.snapshot()
        return snapshot if until_level is None else snapshot.until(self.level(until_level).id)

    def render(
        self,
        camera: Camera,
        width: int | None = None,
        height: int | None = None,
        *,
        outputs: Iterable[str] = DEFAULT_OUTPUTS,
        until_level: int | Level | None = None,
        readiness: Mapping[int, float] | None = None,
        **options: Any,
    ) -> Frame:
        """Draws a view. With `width` and `height` the camera keeps its view and is cropped to their aspect.

        outputs: names of `frame.OUTPUTS`. until_level: leave out all levels above it. readiness: level id -> 0..1, how
        far a level has arrived. More options: `engine.settings`.
        """
        if width is not None or height is not None:
            if width is None or height is None:
                raise InputError(
                    f"width and height must be given together, got width={width}, height={height}"
                )
            camera = camera.resized(width, height)
        return self.engine.render(
            self.snapshot(until_level=until_level), camera, outputs=outputs, readiness=readiness, **options
        )

    def render_many(
        self, cameras: Sequence[Camera], width: int | None = None, height: int | None = None, **options: Any
    ) -> Iterator[Frame]:
        """Draws one view after another, as they are asked for."""
        for camera in cameras:
            yield self.render(camera, width, height, **options)

    def pick(self, camera: Camera, x: float, y: float) -> Pick | None:
        """What lies under the image point (x, y), px; None where nothing does. Raises InputError outside the frame."""
        return picked(self.render, camera, x, y)

    def profile(
        self, path: str | Path | None = None, *, report: str | Path | None = None, fine: bool = False
    ) -> AbstractContextManager[Recording]:
        """`with world.profile("trace.json"):` records what the engine does meanwhile, of this world and any other.

        path: the trace to write, which Perfetto opens. report: a one-page PNG. fine: record each tile too. The block's
        variable has `frames`, `hitches` and `capture(seconds)`. Raises InputError before the block runs when a file
        cannot come to lie there, WonderzoomError when it cannot be written.
        """
        from .profile.session import recording

        def draw(camera: Camera) -> Frame:
            return self.render(camera, outputs=("color", "coverage"), tile_stats=True)

        return recording(path, report=report, fine=fine, draw=draw, title=self.path)

    # ---------------------------------------------------------------- internal

    def _commit_arrays(
        self,
        layer: SurfelLayer,
        lens: Camera,
        approach: Camera,
        metadata: dict[str, Any],
        *,
        parent: int | None = None,
        cover: dict[str, Any] | None = None,
        blobs: dict[str, bytes] | None = None,
    ) -> Level:
        if len(layer) == 0:
            raise InputError("a level must have at least one surfel, got none")
        if not self.levels:
            self._native.set_leak(layer.leak)
            metadata = {**metadata, "leak": layer.leak}
        number = self._native.commit(
            parent,
            native_camera(lens),
            native_camera(approach),
            json.dumps(metadata, sort_keys=True),
            native_arrays(layer),
            cover,
            blobs or {},
        )
        return self.level(number)

    def _blob(self, level: int | Level, name: str) -> bytes:
        record = self.level(level)
        if name not in record.blobs:
            raise WorldError(f"level {record.id} keeps no {name}: it was not made from a picture")
        data: bytes = self._native.blob(record.id, name)
        return data


class _Closed:
    """Stands where a closed world's native one was."""

    def __getattr__(self, name: str) -> Any:
        raise WorldError("the world was closed")
