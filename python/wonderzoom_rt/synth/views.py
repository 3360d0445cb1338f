# SPDX-License-Identifier: Apache-2.0
"""What an orbit about a level uncovers, completed without a network."""

from __future__ import annotations

from ..camera import Camera
from .build_level import HiddenLayer
from .occlusion import hidden_background
from .protocols import Distance, Image


class OfflineCompleter:
    """Extends the far side behind each depth edge as far as an orbit of 15 degrees looks."""

    name = "mirrored push-pull"

    def complete(self, picture: Image, distance: Distance, camera: Camera, home: Camera) -> list[HiddenLayer]:
        """See `protocols.ViewCompleter`."""
        return [hidden_background(picture, distance, camera, home_focal=home.focal)]
