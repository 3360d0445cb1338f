# SPDX-License-Identifier: Apache-2.0
"""The detail a level invents, as it is shown: its energy, its naturalness, and how near it comes to the
truth.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wonderzoom_rt.camera import Camera
from wonderzoom_rt.errors import InputError
from wonderzoom_rt.layer import EXTENT_PER_FOOTPRINT
from wonderzoom_rt.level import Level

from .detail_metrics import JUST_SEEN_RMS, amplitude_error_octaves, detail_energy, truth_correlation
from .images import FloatArray, area_window, as_image, bicubic_resize, gaussian_blur, luma
from .niqe import BLOCK_PX, niqe
from .scene import FULL_DETAIL_BIAS, Scene, magnified, part_of, reduced, window, zoom_of
from .seams import MARGIN_PX, Rectangle, seam_ratio

#: Part of a level's view left out on every side: there its soft border shows the coarser level.
BORDER_PART = 0.08
#: Weights of the finer level at which its border is looked at: three footprints from near to far.
SEAM_WEIGHTS = (1.0, 2.0 / 3.0, 1.0 / 3.0)
#: The truth must be this much finer than the first level to say anything.
LEAST_TRUTH_RATIO = 1.5
#: The part of the truth that a level shows must have this many pixels on its short side: three blocks of the
#: error.
LEAST_TRUTH_PX = 180


class Invention(NamedTuple):
    """detail_energy; niqe of the level, of bicubic and of white noise; NaN where there is too little to
    measure.
    """

    detail_energy: float
    niqe: float
    niqe_bicubic: float
    niqe_noise: float


def invention(scene: Scene, child: Level) -> Invention:
    """Looks at the child through its approach camera, without its border, against the parent there at its own
    resolution.

    niqe_bicubic is that of the parent's picture enlarged; niqe_noise that of the same plus
    white noise, or white noise as discs draw it (blurred by their extent), whichever looks better, of the
    energy by which the child differs from it (seed 0). Where the child differs by less than can be seen (as
    in a clear sky), nothing was invented that naturalness could be asked of, and the three are NaN.
    """
    parent = scene.levels[int(child.parent or 0)]
    view = child.approach
    x, y = round(view.width * BORDER_PART), round(view.height * BORDER_PART)
    inner = window(view, x, y, view.width - 2 * x, view.height - 2 * y)
    ratio = zoom_of(child, parent)
    small_view, box = reduced(inner, ratio)
    fine = part_of(scene.render(inner, until_level=child.id, outputs=("color",)).color)
    coarse = part_of(
        scene.render(
            small_view, until_level=parent.id, outputs=("color",), detail_bias=FULL_DETAIL_BIAS
        ).color
    )
    fine = fine[: int(box[3]), : int(box[2])].clip(0.0, 1.0)
    coarse = coarse.clip(0.0, 1.0)
    if min(coarse.shape[:2]) < 24 or min(fine.shape[:2]) < BLOCK_PX:
        return Invention(*([math.nan] * 4))
    energy = detail_energy(fine, coarse, ratio)
    blurred = bicubic_resize(coarse, fine.shape[1], fine.shape[0]).clip(0.0, 1.0)
    added = float(np.std(luma(fine) - luma(blurred)))
    if added < JUST_SEEN_RMS:
        return Invention(energy, math.nan, math.nan, math.nan)
    white = np.random.default_rng(0).standard_normal(fine.shape[:2])
    noises = [
        blurred + (n * (added / n.std()))[..., None]
        for n in (white, gaussian_blur(white, EXTENT_PER_FOOTPRINT))
    ]
    return Invention(
        energy, niqe(_eight_bit(fine)), niqe(_eight_bit(blurred)), min(niqe(_eight_bit(n)) for n in noises)
    )


def _eight_bit(picture: FloatArray) -> FloatArray:
    return np.asarray(np.round(picture.clip(0.0, 1.0) * 255.0) / 255.0, np.float64)


def level_seam_ratio(scene: Scene, child: Level) -> float:
    """The worst `seam_ratio` of the child's rectangle at three footprints, through its lens; NaN for views
    too small.

    The rectangle is the whole lens view, drawn with a margin of its surroundings, at the sizes where the
    child's weight is 1, 2/3 and 1/3 (the last is about where it spans 40 % of a frame of the home's size);
    the same views of the world before the commit say what the place itself brings.
    """
    parent = scene.levels[int(child.parent or 0)]
    ratio = zoom_of(child, parent)
    margin = MARGIN_PX + 8
    worst = math.nan
    for weight in SEAM_WEIGHTS:
        view = magnified(child.lens, ratio ** (weight - 1.0), margin=margin)
        rectangle = Rectangle(margin, margin, view.width - margin, view.height - margin)
        if min(view.width, view.height) - 2 * margin < 4 * MARGIN_PX:
            continue
        shown = part_of(scene.render(view, until_level=child.id, outputs=("color",)).color)
        before = part_of(scene.render(view, until_level=parent.id, outputs=("color",)).color)
        value = seam_ratio(shown.clip(0.0, 1.0), rectangle, without=before.clip(0.0, 1.0))
        worst = value if math.isnan(worst) else max(worst, value)
    return worst


class TruthFit(NamedTuple):
    """amplitude_error_octaves and truth_correlation of a level; ratio: how many true pixels a first-level
    pixel held.
    """

    amplitude_error_octaves: float
    truth_correlation: float
    ratio: float


def load_truth(truth: str | Path | NDArray[Any]) -> FloatArray:
    """The large photograph as (H, W, 3) float64, upright; a file or an array. InputError when it is no
    image.
    """
    if not isinstance(truth, (str, Path)):
        return as_image(truth, name="truth")
    from PIL import Image, ImageOps

    try:
        with Image.open(truth) as image:
            upright = ImageOps.exif_transpose(image) or image
            return as_image(np.asarray(upright.convert("RGB")), name="truth")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InputError(
            f"truth: expected a photograph, could not read {Path(truth).name}: {error}"
        ) from error


def check_truth(truth: FloatArray, home: Camera) -> None:
    """Raises InputError when a photograph holds too little detail beyond the first level's to say anything."""
    height, width = truth.shape[:2]
    if min(width / home.width, height / home.height) < LEAST_TRUTH_RATIO:
        raise InputError(
            f"truth: expected the photograph at {LEAST_TRUTH_RATIO:g} times the first level's {home.width} x "
            f"{home.height} px or more, got {width} x {height}"
        )


def truth_fit(scene: Scene, level: Level, truth: FloatArray) -> TruthFit | None:
    """The level's view through its lens against the same part of the larger photograph the world was made
    from.

    Both are brought to the coarser of the two resolutions by area averages. None where the level is not seen
    from the first eye, where the photograph or the level is less than 1.5 times finer than level 0, or where
    the level shows less than 180 pixels of the truth: too deep for this photograph.
    The world's frame is the largest centred part of the photograph with its shape.
    """
    home, lens = scene.levels[0].lens, level.lens
    if home.position != lens.position or home.orientation != lens.orientation:
        return None
    density = min(truth.shape[1] / home.width, truth.shape[0] / home.height)  # true pixels per home pixel
    zoom = lens.focal / home.focal
    ratio = min(density, zoom)
    if ratio < LEAST_TRUTH_RATIO:
        return None
    corner = ((truth.shape[1] - home.width * density) / 2, (truth.shape[0] - home.height * density) / 2)
    x0 = (home.principal[0] - lens.principal[0] / zoom) * density + corner[0]
    y0 = (home.principal[1] - lens.principal[1] / zoom) * density + corner[1]
    view = lens
    if zoom > density:  # the level is finer: draw it whole, then average it to the true pixels
        small, box = reduced(lens, zoom / density)
        if min(small.width, small.height) < LEAST_TRUTH_PX:
            return None
        shown = part_of(_lens_color(scene, level, view))
        picture = area_window(shown, box, small.width, small.height)
        true = area_window(truth, (x0, y0, x0 + small.width, y0 + small.height), small.width, small.height)
    else:
        picture = part_of(_lens_color(scene, level, view))
        step = density / zoom
        true = area_window(
            truth, (x0, y0, x0 + lens.width * step, y0 + lens.height * step), lens.width, lens.height
        )
    picture = picture.clip(0.0, 1.0)
    return TruthFit(
        amplitude_error_octaves(picture, true, ratio), truth_correlation(picture, true, ratio), ratio
    )


def _lens_color(scene: Scene, level: Level, view: Any) -> NDArray[np.float32] | None:
    return scene.render(view, until_level=level.id, outputs=("color",), detail_bias=FULL_DETAIL_BIAS).color
