# SPDX-License-Identifier: Apache-2.0
"""`Engine`: draws snapshots of a world, or a layer on its own."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core, zones
from .camera import Camera
from .errors import InputError
from .frame import OUTPUTS, Frame
from .layer import LAYER_ARRAYS, SurfelLayer, checked_leak

if TYPE_CHECKING:
    from .device_frame import DeviceFrame, TextureTarget

FadeLaw = Literal["dissolve", "opacity", "optical"]
CompatMode = Literal["native", "gsplat", "inria-2dgs"]
DistanceKind = Literal["radial", "z"]
BackendName = Literal["cpu", "cuda", "auto"]
#: Part of a fade's band, at either end, in which the finer level's weight stays at 0 or at 1.
BAND_REST: float = _core.BAND_REST
DEFAULT_OUTPUTS = ("color", "coverage", "depth", "normal", "level")


def native_camera(camera: Camera) -> _core.Camera:
    """The camera as the native engine takes it."""
    return _core.Camera(
        camera.position, camera.orientation, camera.focal, camera.principal, camera.width, camera.height
    )


def native_arrays(layer: SurfelLayer) -> dict[str, Any]:
    """The arrays of a layer by name, as the native engine takes them."""
    arrays = {name: getattr(layer, name) for name in LAYER_ARRAYS}
    return {**arrays, "is_sky": layer.is_sky.view(np.uint8)}


class Engine:
    """A renderer. May be shared: calls take turns.

    backend: "cpu" draws with `threads` threads (0: one a hardware thread); "cuda" on an NVIDIA GPU, DeviceError when
    there is none; "auto" on the GPU where one can be used, else on the CPU. The pictures are the same to 2/255.
    instructions: which inner loops draw on the CPU, "best" of what the processor has, or "avx512", "avx2", "baseline".
    Raises InputError for a set that this machine or this build has not got.
    """

    def __init__(self, *, threads: int = 0, instructions: str = "best", backend: BackendName = "cpu") -> None:
        if threads < 0:
            raise InputError(f"threads must be 0 or more, got {threads}")
        self._native = _core.Engine(threads, instructions, _word(_core.Backend, backend, "backend"))
        self._turn = threading.Lock()

    @property
    def backend(self) -> Literal["cpu", "cuda"]:
        """What draws."""
        return "cuda" if self._native.on_device else "cpu"

    @property
    def device_memory(self) -> dict[str, int] | None:
        """Bytes and counts of the GPU's memory: page pool, scratch, images, uploads, evictions; None on the CPU."""
        memory: dict[str, int] | None = _core.device_memory(self._native)
        return memory

    def _say_notes(self) -> None:
        """Warns, once each, of what makes this GPU draw in a slower way."""
        if self._native.on_device:
            for note in _core.take_device_notes(self._native):
                warnings.warn(note, RuntimeWarning, stacklevel=3)

    def render(
        self,
        snapshot: _core.Snapshot,
        camera: Camera,
        *,
        outputs: Iterable[str] = DEFAULT_OUTPUTS,
        readiness: Mapping[int, float] | None = None,
        **options: Any,
    ) -> Frame:
        """Draws a snapshot. `readiness`: level id -> 0..1, levels left out are ready. Options: see `settings`."""
        chosen = settings(outputs, **options)
        ready = _readiness(readiness or {}, snapshot)
        with self._turn:
            images, stats = self._native.render(snapshot, native_camera(camera), chosen, ready)
            self._say_notes()
        frame = Frame(camera=camera, depth_reference=chosen.depth_reference, stats=stats, **images)
        for listener in zones.frame_listeners:
            listener(frame)
        return frame

    def render_on_device(
        self,
        snapshot: _core.Snapshot,
        camera: Camera,
        *,
        outputs: Iterable[str] = DEFAULT_OUTPUTS,
        readiness: Mapping[int, float] | None = None,
        **options: Any,
    ) -> DeviceFrame:
        """As `render`, but the images stay in the GPU's memory and the GPU is still drawing when this returns. At most
        four frames are under way; a fifth waits for the first. InputError on the CPU."""
        from .device_frame import DeviceFrame

        chosen = settings(outputs, **options)
        ready = _readiness(readiness or {}, snapshot)
        with self._turn:
            frame, stats = _core.render_on_device(
                self._native, snapshot, native_camera(camera), chosen, ready
            )
            self._say_notes()
        return DeviceFrame(frame, camera, chosen.depth_reference, stats)

    def texture_target(
        self, texture: int, width: int, height: int, *, bottom_up: bool = False
    ) -> TextureTarget:
        """An OpenGL texture to draw into; see `TextureTarget`. InputError on the CPU."""
        from .device_frame import TextureTarget

        return TextureTarget(self._native, texture, width, height, bottom_up=bottom_up)

    def render_layer(
        self,
        layer: SurfelLayer,
        camera: Camera,
        *,
        outputs: Iterable[str] = DEFAULT_OUTPUTS,
        apply_fade: bool = False,
        recolored: bool = False,
        **options: Any,
    ) -> Frame:
        """Draws a layer that is in no world, unpacked. Without `apply_fade` every surfel counts fully.

        recolored: this engine's last picture was of this layer `with_colors` other than now, through the same camera
        with the same options; the same picture as without it, in half the time.
        """
        chosen = settings(outputs, apply_fade=apply_fade, **{"leak": layer.leak, **options})
        with self._turn:
            images, stats = self._native.render_layer(
                native_arrays(layer), native_camera(camera), chosen, recolored
            )
        return Frame(camera=camera, depth_reference=chosen.depth_reference, stats=stats, **images)


def settings(
    outputs: Iterable[str] = DEFAULT_OUTPUTS,
    *,
    fade_law: FadeLaw = "dissolve",
    compat: CompatMode = "native",
    fade_distance: DistanceKind = "radial",
    depth_kind: DistanceKind = "radial",
    detail_bias: float = 0.0,
    near: float = 0.0,
    focus_distance: float = 0.0,
    depth_reference: float = 0.0,
    optical_lowpass: bool = True,
    background: tuple[float, float, float] = (0.0, 0.0, 0.0),
    apply_fade: bool = True,
    cull: bool = True,
    level_share: int | None = None,
    leak: float | None = None,
    tile_stats: bool = False,
) -> _core.RenderSettings:
    """How to draw. Raises InputError for an unknown word or a number that is not finite.

    outputs: names of `frame.OUTPUTS`. fade_law: how two levels are mixed. compat: whose picture to reproduce.
    fade_distance: distance that footprints and the draw order use. depth_kind: what the depth outputs hold.
    detail_bias: octaves added everywhere. near: wu along z, 0 for 1e-3 of the focus distance. focus_distance: wu,
    0 for the median distance of what is drawn. depth_reference: wu taken off every depth before it becomes a
    float32. optical_lowpass: keep a wall of sub-pixel discs closed. background: display sRGB.
    cull: leave out what a view does not need before looking at its surfels; off, the picture is the same.
    level_share: the output `level` then holds that level's share of what covers the pixel (0..1), not the mean level.
    leak: light through a closed surface of discs that counts as none, 0 <= leak < 1: of a ray's transmittance t
    what counts is (t - leak) / (1 - leak), not below 0; left out, that of the world or the layer.
    tile_stats: put what each tile took into `Frame.stats["tiles"]`.
    """
    chosen = _core.RenderSettings()
    chosen.outputs = _output_bits(outputs)
    chosen.fade_law = _word(_core.FadeLaw, fade_law, "fade_law")
    chosen.compat = _word(_core.Compat, compat, "compat")
    chosen.fade_distance = _word(_core.DistanceKind, fade_distance, "fade_distance")
    chosen.depth_kind = _word(_core.DistanceKind, depth_kind, "depth_kind")
    numbers = {
        "detail_bias": detail_bias,
        "near": near,
        "focus_distance": focus_distance,
        "depth_reference": depth_reference,
    }
    for name, value in numbers.items():
        if not np.isfinite(value):
            raise InputError(f"{name} must be a finite number, got {value!r}")
        setattr(chosen, name, float(value))
    chosen.optical_lowpass = bool(optical_lowpass)
    if len(background) != 3 or not np.isfinite(background).all():
        raise InputError(f"background must be 3 finite numbers, got {background!r}")
    chosen.background = [float(channel) for channel in background]
    chosen.apply_fade = bool(apply_fade)
    chosen.cull = bool(cull)
    if level_share is not None:
        if level_share < 0:
            raise InputError(f"level_share must be a level's id, 0 or more, got {level_share!r}")
        chosen.level_share = int(level_share)
    if leak is not None:
        chosen.leak = checked_leak(leak)
    chosen.tile_stats = bool(tile_stats)
    return chosen


def _readiness(readiness: Mapping[int, float], snapshot: _core.Snapshot) -> list[float]:
    """One number a level up to the last that is named."""
    if not readiness:
        return []
    count = len(snapshot.levels)
    for level, ready in readiness.items():
        if not 0 <= level < count:
            raise InputError(f"readiness names level {level}, but there are {count} levels from 0 on")
        if not 0.0 <= ready <= 1.0:
            raise InputError(f"the readiness of level {level} must lie in 0..1, got {ready!r}")
    return [float(readiness.get(level, 1.0)) for level in range(max(readiness) + 1)]


def _output_bits(outputs: Iterable[str]) -> int:
    bits = 0
    for name in (outputs,) if isinstance(outputs, str) else outputs:
        if name not in OUTPUTS:
            raise InputError(f"outputs must be among {', '.join(OUTPUTS)}, got {name!r}")
        bits |= 1 << OUTPUTS.index(name)
    return bits


_WORDS = {"inria-2dgs": "inria_2dgs", "z": "along_z"}


def _word(kind: Any, word: str, name: str) -> Any:
    members = kind.__members__
    key = _WORDS.get(word, word)
    if key not in members:
        spoken = {value: key for key, value in _WORDS.items()}
        raise InputError(
            f"{name} must be one of {', '.join(spoken.get(m, m) for m in members)}, got {word!r}"
        )
    return members[key]
