# SPDX-License-Identifier: Apache-2.0
"""Where the time goes: recordings of zones, counters and instants, traces, hitches and reports.

with world.profile("trace.json", report="report.png"):
    ...                       # draw, zoom, commit

from wonderzoom_rt.profile import zone
with zone("my stage"):
    ...
"""

from __future__ import annotations

from ..zones import counter, instant, is_recording, zone
from .flight_recorder import FlightRecorder
from .frame_log import FrameLog
from .hitches import Hitch, HitchWatch
from .rings import Capture, Track, capture, start, stop
from .session import Recording, recording
from .trace import write_trace

__all__ = [
    "Capture",
    "FlightRecorder",
    "FrameLog",
    "Hitch",
    "HitchWatch",
    "Recording",
    "Track",
    "capture",
    "counter",
    "instant",
    "is_recording",
    "recording",
    "start",
    "stop",
    "write_trace",
    "zone",
]
