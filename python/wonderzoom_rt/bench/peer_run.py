# SPDX-License-Identifier: Apache-2.0
"""Ours and every peer that is there, one after another in one run, on the same surfels, camera and size."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..camera import Camera
from ..engine import Engine
from ..errors import InputError
from ..frame import Frame
from ..layer import SurfelLayer
from .machine import commit, machine
from .measure import COLOR_AND_COVERAGE, Progress, Settings, make_engine
from .peers import PEERS, Peer
from .peers.protocol import version_of
from .report import instructions_used, percentiles, rounded
from .run import Wishes, check
from .scenes import open_subject

FRAMES, WARMUP = 10, 2
SAME_PICTURE_DB = 25.0
"""From here on two pictures show the same; less is another picture, and no times are worth comparing."""


def run_peers(
    wishes: Wishes, progress: Progress | None = None, *, peers: Sequence[Peer] = PEERS
) -> dict[str, Any]:
    """Times the reference view, ours and theirs. Frames and warm-up are 10 and 2 unless wished otherwise.

    Raises InputError for a world of several levels or with a sky, which no peer knows, for a camera that is no plain
    pinhole, and for a path, outputs or runs that peers cannot follow.
    """
    check(wishes)
    if wishes.path != "still":
        raise InputError(f"peers draw the reference view alone, got the path {wishes.path}")
    if wishes.settings.outputs != COLOR_AND_COVERAGE:
        raise InputError(f"peers draw colour and coverage, got outputs {', '.join(wishes.settings.outputs)}")
    if wishes.runs != 1:
        raise InputError(
            f"peers are measured in one run of several frames (--frames), got runs {wishes.runs}"
        )
    tell = progress or (lambda fraction, words: None)
    where, engine = machine(wishes.settings.backend), make_engine(wishes.settings)
    tell(0.0, "making the scene")
    scene = open_subject(wishes.subject, seed=wishes.seed, part=wishes.part, camera=wishes.camera)
    camera = scene.camera if wishes.size is None else scene.camera.resized(*wishes.size)
    layer = _plain_layer(scene.world.levels, scene.world.surfels)
    if camera.principal != (camera.width / 2.0, camera.height / 2.0):
        raise InputError("peers draw views whose principal point is in the middle; this camera's is not")
    frames = wishes.frames or FRAMES
    warmup = WARMUP if wishes.warmup is None else wishes.warmup
    ours = _Ours(wishes.settings, engine, scene.world.snapshot(), camera)
    result: dict[str, Any] = {
        "scene": {"name": scene.name, **scene.facts},
        "surfels": len(layer),
        "camera": camera.to_dict(),
        "frames": frames,
        "machine": where,
        "commit": commit(),
        "ours": {
            "name": "wonderzoom_rt",
            "where": " ".join(filter(None, (wishes.settings.backend, instructions_used(wishes.settings)))),
            **_timed(ours, frames, warmup),
        },
        "peers": [],
    }
    picture = ours.picture()
    for number, peer in enumerate(peers):
        tell(0.1 + 0.9 * number / len(peers), f"drawing with {peer.name}")
        result["peers"].append(_measured(peer, layer, camera, picture, frames, warmup))
    for peer_row in result["peers"]:
        if "frame_ms" in peer_row:
            peer_row["slower"] = rounded(peer_row["frame_ms"]["p50"] / result["ours"]["frame_ms"]["p50"])
    return result


def table_of_peers(result: dict[str, Any]) -> str:
    """The result for people."""
    camera, ours = result["camera"], result["ours"]
    rows = [
        f"{result['scene']['name']}, {result['surfels']:,} surfels, {camera['width']}x{camera['height']}, "
        f"{result['frames']} frames each; {result['machine']['cpu']}, {result['machine']['cores']} cores",
        "",
        "renderer        draws on          P50 ms    P95 ms   times ours   PSNR to ours",
        f"{ours['name']:15} {ours['where']:15} {ours['frame_ms']['p50']:8.2f}  {ours['frame_ms']['p95']:8.2f}",
    ]
    for peer in result["peers"]:
        if "frame_ms" not in peer:
            help_line = f": {peer['install']}" if peer["version"] is None else ""
            rows.append(f"{peer['name']:15} {peer['where']:15} {peer['why']}{help_line}")
            continue
        same = "" if peer["psnr_db"] >= SAME_PICTURE_DB else "  another picture: do not compare"
        rows.append(
            f"{peer['name']:15} {peer['where']:15} {peer['frame_ms']['p50']:8.2f}  {peer['frame_ms']['p95']:8.2f}"
            f"   {peer['slower']:8.1f}   {peer['psnr_db']:8.1f} dB{same}"
        )
    return "\n".join(rows)


def psnr_db(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    """Decibels between two pictures (H,W,3), both clipped to 0..1; 99 for the same picture."""
    gap = np.clip(ours, 0.0, 1.0).astype(np.float64) - np.clip(theirs, 0.0, 1.0)
    error = float(np.mean(gap * gap))
    return min(99.0, -10.0 * float(np.log10(error))) if error > 0.0 else 99.0


class _Ours:
    """Our own engine as a drawing."""

    def __init__(self, settings: Settings, engine: Engine, snapshot: Any, camera: Camera) -> None:
        self._settings, self._engine = settings, engine
        self._snapshot, self._camera = snapshot, camera
        self._frame: Any = None  # Frame or DeviceFrame

    def draw(self) -> None:
        self._frame = self._settings.draw(self._engine, self._snapshot, self._camera)

    def picture(self) -> NDArray[np.float32]:
        frame: Any = self._frame if isinstance(self._frame, Frame) else self._frame.to_host()
        color: NDArray[np.float32] = frame.color
        return color


def _plain_layer(levels: Sequence[Any], surfels: Callable[[int], SurfelLayer]) -> SurfelLayer:
    if len(levels) != 1:
        raise InputError(
            f"peers know no levels: --peers needs a world of one level, this one has {len(levels)}"
        )
    layer = surfels(0)
    if layer.is_sky.any():
        raise InputError("peers know no sky: --peers needs a world without one")
    return layer


def _timed(drawing: Any, frames: int, warmup: int) -> dict[str, Any]:
    for _ in range(max(1, warmup)):
        drawing.draw()
    times = []
    for _ in range(frames):
        start = time.perf_counter()
        drawing.draw()
        times.append(1e3 * (time.perf_counter() - start))
    array = np.array(times)
    return {"frame_ms": {**percentiles(array), "mean": rounded(array.mean())}}


def _measured(
    peer: Peer,
    layer: SurfelLayer,
    camera: Camera,
    ours: NDArray[np.float32],
    frames: int,
    warmup: int,
) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": peer.name,
        "where": peer.where,
        "install": peer.install,
        "version": version_of(peer.package),
    }
    missing = peer.missing()
    if missing is not None:
        return {**row, "status": "absent", "why": missing}
    try:
        drawing = peer.open(layer, camera)
        try:
            times = _timed(drawing, frames, warmup)
            picture = drawing.picture()
        finally:
            drawing.close()
    except Exception as problem:  # whatever another program raises, the others are still measured
        return {**row, "status": "failed", "why": f"it failed: {' '.join(str(problem).split())[:200]}"}
    return {**row, "status": "measured", **times, "psnr_db": rounded(psnr_db(ours, picture))}
