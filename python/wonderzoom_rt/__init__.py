# SPDX-License-Identifier: Apache-2.0
"""From one photograph, a 3D world that you can zoom into for ever.

import wonderzoom_rt as wz

world = wz.World.from_image("street.jpg")
world.render(world.home).save_png("street.png")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .camera import Camera
from .device_frame import DeviceFrame, TextureTarget
from .engine import Engine
from .errors import (
    CancelledError,
    DeviceError,
    GeneratorError,
    InputError,
    MissingExtraError,
    WonderzoomError,
    WorldError,
)
from .frame import Frame
from .layer import SurfelLayer
from .level import Level
from .pick import Pick
from .world import World

if TYPE_CHECKING:
    from .jobs import Generator, Job
    from .synth.pipeline import Pipeline

    __version__: str

__all__ = [
    "Camera",
    "CancelledError",
    "DeviceError",
    "DeviceFrame",
    "Engine",
    "Frame",
    "Generator",
    "GeneratorError",
    "InputError",
    "Job",
    "Level",
    "MissingExtraError",
    "Pick",
    "Pipeline",
    "SurfelLayer",
    "TextureTarget",
    "WonderzoomError",
    "World",
    "WorldError",
    "__version__",
]

_LATE = {"Generator": "jobs", "Job": "jobs", "Pipeline": "synth.pipeline"}


def __getattr__(name: str) -> Any:
    """Names that pull in more than drawing needs are imported when first asked for."""
    if name == "__version__":
        return globals().setdefault(name, _version())
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("wonderzoom-rt")
    except metadata.PackageNotFoundError:  # run from a source tree
        return "0.1.0.dev0"
