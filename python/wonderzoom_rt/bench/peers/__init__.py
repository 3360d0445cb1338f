# SPDX-License-Identifier: Apache-2.0
"""Other renderers of splats, each behind the same small protocol, for one run side by side."""

from __future__ import annotations

from .f3d_peer import F3dPeer
from .gsplat_peer import GsplatPeer
from .mitsuba_peer import MitsubaPeer
from .protocol import Drawing, Peer

__all__ = ["PEERS", "Drawing", "Peer"]

PEERS: tuple[Peer, ...] = (GsplatPeer("2DGS"), GsplatPeer("3DGS"), F3dPeer(), MitsubaPeer())
"""All that are known, in the order in which they are measured."""
