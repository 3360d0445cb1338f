# SPDX-License-Identifier: Apache-2.0
"""Hitches are found among fed frame times; no clock is involved."""

from __future__ import annotations

from typing import Any

import pytest

import wonderzoom_rt as wz
from wonderzoom_rt import profile
from wonderzoom_rt.profile import Capture, HitchWatch


def frame(blend: float = 8.0, load: float = 0.0, total: float | None = None) -> dict[str, Any]:
    stages = {"select": 0.5, "load": load, "blend": blend}
    return {"stages_ms": stages, "total_ms": sum(stages.values()) if total is None else total}


def test_a_steady_run_has_no_hitch() -> None:
    watch = HitchWatch(take=None)
    for number in range(300):
        assert watch.feed(frame(blend=8.0 + 0.5 * (number % 7))) is None
    assert watch.hitches == []


@pytest.mark.parametrize(
    ("slow", "stage"),
    [
        (frame(load=30.0), "load"),
        (frame(blend=40.0), "blend"),
        (frame(total=60.0), "other"),
        (frame(blend=14.0, load=20.0), "load"),
    ],
)
def test_a_slow_frame_is_a_hitch_of_the_stage_that_grew_most(slow: dict[str, Any], stage: str) -> None:
    watch = HitchWatch(take=None)
    for _ in range(20):
        watch.feed(frame())
    hitch = watch.feed(slow)
    assert hitch is not None and watch.hitches == [hitch]
    assert (hitch.frame, hitch.stage, hitch.total_ms, hitch.median_ms) == (20, stage, slow["total_ms"], 8.5)
    assert watch.feed(frame()) is None


def test_words_name_frame_times_and_stage() -> None:
    watch = HitchWatch(take=None)
    for _ in range(20):
        watch.feed(frame())
    hitch = watch.feed(frame(load=30.0))
    assert hitch is not None
    assert (
        hitch.words() == "frame 20 took 38.5 ms, 4.5 times the median 8.5 ms: load grew from 0.0 to 30.0 ms"
    )


def test_exactly_twice_the_median_is_no_hitch() -> None:
    watch = HitchWatch(take=None)
    for _ in range(20):
        watch.feed(frame())
    assert watch.feed(frame(total=17.0)) is None
    assert watch.feed(frame(total=17.1)) is not None


def test_the_first_frames_are_never_hitches() -> None:
    watch = HitchWatch(take=None)
    assert all(watch.feed(frame(blend=8.0 * 3.0**number)) is None for number in range(8))


def test_a_lasting_change_becomes_the_new_usual() -> None:
    watch = HitchWatch(window=20, take=None)
    for _ in range(20):
        watch.feed(frame())
    found = [watch.feed(frame(blend=30.0)) is not None for _ in range(40)]
    assert found[0] and not any(found[11:])


def test_frames_are_compared_with_their_own_kind() -> None:
    watch = HitchWatch(take=None)
    for _ in range(20):
        watch.feed(frame(), kind=(960, 540))
        watch.feed(frame(blend=80.0), kind=(1920, 1080))
    assert watch.hitches == []


def test_the_trace_around_a_hitch_is_taken_once_frames_came_after_it() -> None:
    taken: list[float] = []
    empty = Capture((), {}, 0, 0)

    def take(seconds: float) -> Capture:
        taken.append(seconds)
        return empty

    watch = HitchWatch(seconds=1.5, take=take)
    for _ in range(20):
        watch.feed(frame())
    watch.feed(frame(load=30.0))
    for _ in range(7):
        watch.feed(frame())
    assert taken == [] and watch.hitches[0].capture is None
    watch.feed(frame())
    assert taken == [1.5] and watch.hitches[0].capture is empty


def test_a_hitch_at_the_end_keeps_its_trace_too() -> None:
    empty = Capture((), {}, 0, 0)
    watch = HitchWatch(take=lambda seconds: empty)
    for _ in range(20):
        watch.feed(frame())
    watch.feed(frame(load=30.0))
    watch.finish()
    assert watch.hitches[0].capture is empty


def test_only_the_newest_traces_are_kept() -> None:
    watch = HitchWatch(most_captures=2, take=lambda seconds: Capture((), {}, 0, 0))
    for _ in range(4):
        for _ in range(30):
            watch.feed(frame())
        watch.feed(frame(load=30.0))
    watch.finish()
    assert [hitch.capture is not None for hitch in watch.hitches] == [False, False, True, True]


def test_a_hitch_leaves_an_instant_in_the_recording() -> None:
    with profile.recording() as session:
        watch = HitchWatch()
        for _ in range(20):
            watch.feed(frame())
        watch.feed(frame(load=30.0))
        watch.finish()
    assert session.capture().names(profile.rings.INSTANT) == ["hitch: load"]
    kept = watch.hitches[0].capture
    assert kept is not None and kept.values("hitch: load", profile.rings.INSTANT).tolist() == [20], (
        "its frame"
    )
    assert watch.hitches[0].frame == 20


@pytest.mark.parametrize(("options", "words"), [({"factor": 1.0}, "factor"), ({"window": 3}, "window")])
def test_options_out_of_range_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(wz.InputError, match=words):
        HitchWatch(**options)
