# SPDX-License-Identifier: Apache-2.0
"""What another renderer has to offer to be measured."""

from __future__ import annotations

import importlib.metadata
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...camera import Camera
from ...layer import SurfelLayer

FLAT = 1e-3
"""Third axis of a disc for renderers of ellipsoids, over its smaller extent."""


class Drawing(Protocol):
    """Surfels handed over to a renderer, and one view of them."""

    def draw(self) -> None:
        """Draws one frame; when it returns the picture is finished."""
        ...

    def picture(self) -> NDArray[np.float32]:
        """The frame drawn last (H,W,3), display sRGB 0..1 over black."""
        ...

    def close(self) -> None:
        """Lets go of everything."""
        ...


class Peer(Protocol):
    """Another renderer. name: as tables show it. package: on PyPI. where: what it draws on. install: a pip line."""

    @property
    def name(self) -> str:
        """As tables show it."""
        ...

    @property
    def package(self) -> str:
        """Its name on PyPI."""
        ...

    @property
    def where(self) -> str:
        """What it draws on."""
        ...

    @property
    def install(self) -> str:
        """The line that installs it."""
        ...

    def missing(self) -> str | None:
        """What keeps it from drawing here, in words; None when nothing does."""
        ...

    def open(self, layer: SurfelLayer, camera: Camera) -> Drawing:
        """Hands the surfels over. camera: with its principal point in the middle."""
        ...


def version_of(package: str) -> str | None:
    """The installed version of a package; None without it."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
