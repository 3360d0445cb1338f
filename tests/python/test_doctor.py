# SPDX-License-Identifier: Apache-2.0
"""The doctor tries things: what is broken is named with its remedy, and nothing stops the examination."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from wonderzoom_rt import doctor
from wonderzoom_rt.cli import main
from wonderzoom_rt.engine import Engine
from wonderzoom_rt.frame import Frame
from wonderzoom_rt.world import World


def found(name: str) -> doctor.Finding:
    return next(finding for finding in doctor.examine() if finding.name == name)


def test_every_finding_that_is_not_well_says_what_to_do() -> None:
    for finding in doctor.examine():
        assert finding.words and "\n" not in finding.words
        assert finding.state == "works" or finding.remedy, finding


def test_nothing_is_to_be_installed_for_what_this_version_has_not() -> None:
    for name in ("viewer", "diffusion"):
        assert found(name).state == "missing" and "this version" in found(name).words
        assert "pip install" not in found(name).remedy


def test_an_engine_that_raises_is_a_finding(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: Engine, *arguments: Any, **options: Any) -> Frame:
        raise RuntimeError("no such\ninstruction")

    monkeypatch.setattr(Engine, "render_layer", broken)
    finding = found("engine")
    assert finding.state == "broken" and finding.words == "RuntimeError: no such instruction"
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["healthy"] is False


def test_an_engine_that_draws_nothing_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Engine.render_layer

    def empty(self: Engine, *arguments: Any, **options: Any) -> Frame:
        frame = draw(self, *arguments, **options)
        return Frame(camera=frame.camera, coverage=np.zeros_like(frame.coverage))

    monkeypatch.setattr(Engine, "render_layer", empty)
    assert found("engine").state == "broken"


def test_a_disk_that_spoils_files_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "verify", staticmethod(lambda path: ["page 0 of level 0: checksum"]))
    finding = found("world file")
    assert finding.state == "broken" and "checksum" in finding.words and finding.essential
