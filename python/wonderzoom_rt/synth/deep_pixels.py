# SPDX-License-Identifier: Apache-2.0
"""Colours of 16 bits a channel, of which Pillow keeps 8: read once more by OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import MissingExtraError
from .opencv import opencv

_EACH = 7
"""Of so many rows and columns one is compared."""


def has_deep_colors(image: Image.Image) -> bool:
    """Whether the file of an image that is not loaded yet holds RGB or RGBA of 16 bits a channel."""
    for tile in getattr(image, "tile", ()):
        layout = tile[3] if isinstance(tile[3], str) else next(iter(tile[3] or ()), "")
        if isinstance(layout, str) and layout.partition(";")[0] in ("RGB", "RGBA", "RGBX"):
            return layout.partition(";")[2].startswith("16")
    return False


def deep_colors(path: str | Path, image: Image.Image) -> NDArray[np.uint16] | None:
    """The pixels (h,w,3) or (h,w,4), RGB, of a file that Pillow has loaded as `image`; None where OpenCV reads another
    picture (turned otherwise, say), or is not there.
    """
    if not Path(path).is_file():  # a pipe, say, that has been read
        return None
    try:
        cv2 = opencv()
    except MissingExtraError:
        return None
    try:
        values = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    except (OSError, cv2.error):
        return None
    shallow = np.asarray(image)
    if values is None or values.dtype != np.uint16 or values.shape != shallow.shape:
        return None
    deep = np.ascontiguousarray(values[..., [2, 1, 0, 3][: values.shape[2]]])
    apart = np.abs((deep[::_EACH, ::_EACH] >> 8).astype(np.int16) - shallow[::_EACH, ::_EACH])
    return deep if apart.max() <= 1 else None
