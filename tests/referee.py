# SPDX-License-Identifier: Apache-2.0
"""A float64 referee for the rasteriser: the formulas of Gaussian discs, every surfel on every pixel, nothing culled.

Written apart from the engine: it builds `M = K [s_u t_u | s_v t_v | mu]` and its adjugate in the camera's own pixels,
in float64, without tiles, bounds or vectors. Slow (surfels x pixels), so the tests give it small pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FULL, FINE, COARSE, HIDDEN = 0, 1, 2, 3
FINE_BEGINS, FINE_ENDS = 0.08, 0.88
"""The parts of a band between which a fine partner is in its own picture."""
BAND_REST = 0.12
"""The weight stays at 0, or at 1, for this part of a band at either end."""
WEIGHT_SLACK = 1e-3
"""Weights as near as this to 0 or 1 count as these."""


@dataclass(frozen=True)
class Convention:
    """What renderers do differently; the defaults are this project's own picture."""

    name: Literal["native", "gsplat", "inria-2dgs"] = "native"
    alpha_max: float = 0.99
    lowpass_sigma: float = 0.0  # low-pass about the centre of the box at this many sigma; 0: about the mean
    near_per_hit: bool = True
    radial_order: bool = True
    stop_before: bool = False  # a surfel that would bring T to 1e-4 is not blended
    depth_of_hit: bool = True
    reach: float = 3.33  # a disc ends here, in standard deviations


NATIVE = Convention()
GSPLAT = Convention("gsplat", 0.999, 1.0, False, False, True, False, np.inf)
INRIA = Convention("inria-2dgs", 0.99, 3.0, True, False, True, True, np.inf)


@dataclass(frozen=True)
class View:
    """camera_from_world (3,3), eye (3,), focal, principal, size."""

    rotation: Array
    eye: Array
    focal: tuple[float, float]
    principal: tuple[float, float]
    width: int
    height: int

    def pixels(self) -> tuple[Array, Array]:
        """Pixel centres x, y, both (H,W)."""
        x, y = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return x, y


@dataclass(frozen=True)
class Discs:
    """N discs in draw order, as in a SurfelLayer; role and weight (N,) say how they fade (None: all full)."""

    positions: Array
    orientations: Array
    extents: Array
    colors: Array
    opacities: Array
    role: Array | None = None
    weight: Array | None = None
    level: Array | None = None
    is_sky: Array | None = None


@dataclass
class Picture:
    """color (H,W,3), coverage, depth (radial or along z; inf where nothing), depth_median, normal, level."""

    color: Array
    coverage: Array
    depth: Array
    depth_median: Array
    normal: Array
    level: Array
    finer_share: Array = field(default_factory=lambda: np.zeros(0))


def rotations(quaternions: Array) -> Array:
    """(N,4) wxyz of any length -> (N,3,3)."""
    q = np.asarray(quaternions, np.float64)
    q = q / np.linalg.norm(q, axis=1, keepdims=True)
    w, x, y, z = (q[:, k] for k in range(4))
    rows = [
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    ]
    return np.stack(rows, 1).reshape(-1, 3, 3)


def fade(
    octave: Array,
    now: Array,
    prior: Array,
    mask: Array,
    *,
    covered: Array | float = 0.0,
    readiness: float = 1.0,
) -> tuple[Array, Array]:
    """Role and weight (N,) of surfels seen at `octave` (N,); now and prior are footprints, prior may be +inf."""
    low, high = -np.log2(prior), -np.log2(now)
    with np.errstate(invalid="ignore"):
        even = np.where(np.isinf(prior), 1.0, (octave - low) / (high - low))
    share = readiness * mask
    weight = share * np.clip((even - BAND_REST) / (1 - 2 * BAND_REST), 0, 1)
    begun, whole = share * (even > FINE_BEGINS), share * (even >= FINE_ENDS)
    covered = np.broadcast_to(covered, weight.shape)
    role = np.where(covered > WEIGHT_SLACK, COARSE, np.where(whole < 1 - WEIGHT_SLACK, FINE, FULL))
    role = np.where((begun <= WEIGHT_SLACK) | (covered >= 1 - WEIGHT_SLACK), HIDDEN, role)
    return role, np.where(covered > WEIGHT_SLACK, covered, weight)


def octaves(discs: Discs, view: View) -> Array:
    """-log2 of the footprint at which each disc is seen (N,)."""
    sky = discs.is_sky if discs.is_sky is not None else np.zeros(len(discs.positions), bool)
    distance = np.where(sky, 1.0, np.linalg.norm(discs.positions - view.eye, axis=1))
    return np.asarray(-np.log2(distance / view.focal[0]))


@dataclass(frozen=True)
class _Screen:
    """One disc in pixels: M, its adjugate, and what the low-pass needs."""

    matrix: Array
    adjugate: Array
    center: Array
    opacity: float
    mean: Array
    normal: Array


def _thickness(matrix: Array) -> float:
    """sqrt(det S / det S'): first-order covariance against the same with eigenvalues raised to 1/2."""
    u, v, w = matrix
    jacobian = np.stack([(u[:2] - w[:2] * (u[2] / w[2])) / w[2], (v[:2] - w[:2] * (v[2] / w[2])) / w[2]])
    values = np.linalg.eigvalsh(jacobian @ jacobian.T)
    return float(np.sqrt(max(values[0], 0) * values[1] / (max(values[0], 0.5) * max(values[1], 0.5))))


def _dilogarithm(x: Array) -> Array:
    """Li2 on 0..1 from its series, by the reflection formula above 1/2."""
    n = np.arange(1, 60)

    def series(v: Array) -> Array:
        return np.asarray(np.sum(v[..., None] ** n / n**2, -1))

    low = np.minimum(x, 0.5)
    high = np.clip(x, 0.5, 1 - 1e-12)
    return np.asarray(
        np.where(x <= 0.5, series(low), np.pi**2 / 6 - np.log(high) * np.log1p(-high) - series(1 - high))
    )


_OPACITY = np.linspace(0, 0.99, 20001)
_MASS = _dilogarithm(_OPACITY)
"""Optical depth of a disc summed over the plane, over 2 pi sqrt(det S), by its peak opacity."""


def _thin(opacity: float, thickness: float) -> float:
    """Peak opacity with which a disc drawn 1 / thickness times as large keeps its summed optical depth."""
    if opacity <= 0 or thickness >= 1:
        return opacity
    bounded = min(opacity, 0.99)
    thinned = float(np.interp(thickness * np.interp(bounded, _OPACITY, _MASS), _MASS, _OPACITY))
    return opacity * thinned / bounded


def _faded(opacity: float, role: int, weight: float, law: str) -> float:
    share = {FULL: 1.0, FINE: weight, COARSE: 1 - weight, HIDDEN: 0.0}[role]
    if law == "dissolve":
        return opacity if role != HIDDEN else 0.0
    if law == "opacity":
        return opacity * share
    return opacity if share == 1 else 1 - (1 - min(opacity, 0.99)) ** share


def _crosses(matrix: Array, reach: float, near: float) -> bool:
    """Whether the disc out to `reach` comes as near as the near plane: no place on the screen, so no low-pass."""
    w = matrix[2]
    return bool(w[2] - reach * np.hypot(w[0], w[1]) <= near)


def _screen(discs: Discs, i: int, frames: Array, view: View, means: Array, convention: Convention) -> _Screen:
    k = np.array([[view.focal[0], 0, view.principal[0]], [0, view.focal[1], view.principal[1]], [0, 0, 1.0]])
    columns = np.stack(
        [frames[i][:, 0] * discs.extents[i, 0], frames[i][:, 1] * discs.extents[i, 1], means[i]], 1
    )
    matrix = k @ columns
    u, v, w = matrix
    adjugate = np.stack([np.cross(v, w), np.cross(w, u), np.cross(u, v)])  # (p_x, p_y, 1) @ this = zeta
    if convention.lowpass_sigma > 0:
        c = convention.lowpass_sigma**2
        f = np.array([c, c, -1.0]) / (c * (w[0] ** 2 + w[1] ** 2) - w[2] ** 2)
        center = np.array([np.sum(f * u * w), np.sum(f * v * w)])
    else:
        center = np.array([u[2], v[2]]) / w[2]
    normal = frames[i][:, 2] * (-1.0 if frames[i][:, 2] @ means[i] > 0 else 1.0)
    return _Screen(matrix, adjugate, center, float(discs.opacities[i]), means[i], normal)


def _hits(s: _Screen, x: Array, y: Array, near: float, convention: Convention) -> tuple[Array, Array, Array]:
    """sigma, depth along z and whether there is a hit, all (H,W)."""
    a = s.adjugate
    zeta = x[..., None] * a[0] + y[..., None] * a[1] + a[2]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        local = zeta[..., :2] / zeta[..., 2:]
        on_disc = np.sum(local**2, -1)
        depth = (local @ s.matrix[2, :2]) + s.matrix[2, 2]
    valid = np.isfinite(on_disc) & np.isfinite(depth)
    on_screen = 2 * ((x - s.center[0]) ** 2 + (y - s.center[1]) ** 2)
    if convention.name == "native":
        crossing = _crosses(s.matrix, convention.reach, near)
        square = np.where(crossing | (on_disc < on_screen), on_disc, on_screen)
        valid &= (depth >= near) if crossing else np.ones_like(valid)
        depth = np.where(crossing | (on_disc <= on_screen), depth, s.matrix[2, 2])
        return square / 2, depth, valid & (square <= convention.reach**2)
    used = depth if convention.depth_of_hit else np.full_like(depth, s.mean[2])
    if convention.near_per_hit:
        valid &= used >= near
    return np.minimum(on_disc, on_screen) / 2, used, valid & (zeta[..., 2] != 0)


class _Sums:
    """One picture's accumulator."""

    def __init__(self, shape: tuple[int, int], leak: float) -> None:
        self.light, self.rest = np.ones(shape), np.ones(shape)  # what comes through, and what counts of it
        self.leak = leak
        self.color = np.zeros((*shape, 3))
        self.normal = np.zeros((*shape, 3))
        self.depth, self.solid, self.level = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.median = np.full(shape, np.inf)
        self.open = np.ones(shape, bool)

    def add(
        self,
        alpha: Array,
        depth: Array,
        sky: bool,
        stop_before: bool,
        color: Array,
        normal: Array,
        level: float,
    ) -> Array:
        after = self.light * (1 - alpha)
        if stop_before:
            self.open &= ~((alpha > 0) & (after <= 1e-4))
        used = np.where(self.open, alpha, 0)
        self.light = self.light * (1 - used)
        after = _counted(self.light, self.leak)
        share = self.rest - after
        crossed = (self.rest > 0.5) & (share > 0) & ((after <= 0.5) | stop_before)
        self.median = np.where(crossed, np.inf if sky else depth, self.median)
        self.rest = after
        if not stop_before:
            self.open &= self.rest >= 1e-4
        self.color += share[..., None] * color
        self.normal += share[..., None] * normal
        self.level += share * level
        if not sky:
            self.depth += share * np.where(share > 0, depth, 0)
            self.solid += share
        return share


def _counted(light: Array, leak: float) -> Array:
    """What counts of a transmittance of which the share `leak` counts as none."""
    return np.maximum((light - leak) / (1 - leak), 0) if leak else light


def render(
    discs: Discs,
    view: View,
    *,
    near: float,
    law: str = "dissolve",
    optical_lowpass: bool = True,
    background: tuple[float, float, float] = (0, 0, 0),
    radial_depth: bool = True,
    leak: float = 0.0,
    convention: Convention = NATIVE,
) -> Picture:
    """The picture of the discs. near: wu along z (sky: 1e-3 of the unit sphere). Draw order breaks ties."""
    count = len(discs.positions)
    discs = replace(
        discs,
        **{
            name: np.asarray(getattr(discs, name), np.float64)
            for name in ("positions", "orientations", "extents", "colors", "opacities")
        },
    )
    sky = discs.is_sky if discs.is_sky is not None else np.zeros(count, bool)
    role = discs.role if discs.role is not None else np.zeros(count, int)
    weight = discs.weight if discs.weight is not None else np.ones(count)
    level = discs.level if discs.level is not None else np.zeros(count)
    frames = view.rotation @ rotations(discs.orientations)
    means = np.where(sky[:, None], discs.positions, discs.positions - view.eye) @ view.rotation.T
    distance = np.linalg.norm(means, axis=1) if convention.radial_order else means[:, 2]
    order = np.lexsort((np.arange(count), np.where(sky, np.inf, distance)))
    x, y = view.pixels()
    ray = np.sqrt(
        1 + ((x - view.principal[0]) / view.focal[0]) ** 2 + ((y - view.principal[1]) / view.focal[1]) ** 2
    )
    pictures = [_Sums(x.shape, leak), _Sums(x.shape, leak)]
    weighted, shared, joint = np.zeros(x.shape), np.zeros(x.shape), np.ones(x.shape)
    for i in order:
        if role[i] == HIDDEN or (convention.name != "native" and means[i, 2] <= near):
            continue
        s = _screen(discs, int(i), frames, view, means, convention)
        opacity = _faded(min(s.opacity, 1.0), int(role[i]), float(weight[i]), law)
        disc_near = 1e-3 if sky[i] else near
        if convention.name == "native":
            if s.matrix[2, 2] + convention.reach * np.hypot(*s.matrix[2, :2]) <= disc_near:
                continue
            if optical_lowpass and not _crosses(s.matrix, convention.reach, disc_near):
                opacity = _thin(opacity, _thickness(s.matrix.T))
        sigma, depth, hit = _hits(s, x, y, disc_near, convention)
        alpha = np.minimum(convention.alpha_max, opacity * np.exp(-np.where(hit, sigma, np.inf)))
        alpha = np.where(alpha >= 1 / 255, alpha, 0.0)
        if radial_depth:
            depth = depth * ray
        if role[i] in (FINE, COARSE):
            part = _counted(joint, leak) - _counted(joint * (1 - alpha), leak)
            weighted += part * weight[i]
            shared += part
        joint = joint * (1 - alpha)
        for p, sums in enumerate(pictures):
            if law == "dissolve" and role[i] == (COARSE if p == 0 else FINE):
                continue
            sums.add(
                alpha, depth, bool(sky[i]), convention.stop_before, discs.colors[i], s.normal, float(level[i])
            )
    finer = np.where(shared > 0, weighted / np.maximum(shared, 1e-300), 1.0)
    return _mix(pictures[0], pictures[1], finer, np.asarray(background, np.float64))


def _mix(a: _Sums, b: _Sums, finer: Array, background: Array) -> Picture:
    def mixed(name: str) -> Array:
        first, second = getattr(a, name), getattr(b, name)
        f = finer[..., None] if first.ndim == 3 else finer
        return np.asarray(f * first + (1 - f) * second)

    rest = mixed("rest")
    coverage = 1 - rest
    solid = mixed("solid")
    safe = np.maximum(coverage, 1e-300)
    depth = np.where(
        (solid > 0) & (solid >= 0.5 * coverage), mixed("depth") / np.maximum(solid, 1e-300), np.inf
    )
    return Picture(
        color=mixed("color") + rest[..., None] * background,
        coverage=coverage,
        depth=depth,
        depth_median=np.where(finer >= 0.5, a.median, b.median),
        normal=mixed("normal") / safe[..., None],
        level=mixed("level") / safe,
        finer_share=finer,
    )


def psnr(a: Array, b: Array, peak: float = 1.0) -> float:
    """Decibels; +inf when equal."""
    error = float(np.mean((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2))
    return np.inf if error == 0 else 10 * float(np.log10(peak * peak / error))
