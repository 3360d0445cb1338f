# SPDX-License-Identifier: Apache-2.0
"""Fixtures and options that all Python tests share."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Before numpy and its friends start their thread pools: two tests at a time already fill two cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from command_line import Run

TESTS = Path(__file__).resolve().parent
PHOTOGRAPHS = ("dandelions", "mountains", "valley", "creek")

if importlib.util.find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # The same examples in every run, and no opinion on how fast this machine is.
    settings.register_profile(
        "project", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="full-length runs; results go to tests/results")


@pytest.fixture(scope="session")
def soak(request: pytest.FixtureRequest) -> bool:
    """Whether long runs are asked for; a test with a seeded slice takes its length from it."""
    return bool(request.config.getoption("--soak"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """tests/data: photographs 1088 pixels wide, see the README there."""
    return TESTS / "data"


@pytest.fixture(scope="session")
def golden_dir() -> Path:
    """tests/golden: reference pictures and numbers."""
    return TESTS / "golden"


@pytest.fixture(scope="session")
def dandelions(data_dir: Path) -> Path:
    """The photograph for tests that need one: 1088x612, sRGB JPEG, CC0."""
    return data_dir / "dandelions.jpg"


@pytest.fixture(params=PHOTOGRAPHS)
def photograph(request: pytest.FixtureRequest, data_dir: Path) -> Path:
    """Each of the four photographs in turn."""
    return data_dir / f"{request.param}.jpg"


@pytest.fixture(scope="session")
def small_photograph(data_dir: Path) -> np.ndarray:
    """The dandelions at 256x144, (144, 256, 3) uint8: for tests that need real texture, not real size."""
    with Image.open(data_dir / "dandelions.jpg") as image:
        small = np.asarray(image.resize((256, 144), Image.Resampling.LANCZOS))
    small.setflags(write=False)
    return small


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command here; its exit code, stdout and stderr."""
    from wonderzoom_rt.cli import main

    def runner(*argv: object) -> tuple[int, str, str]:
        code = main([str(word) for word in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return runner


@pytest.fixture(scope="session")
def made_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with three levels of 64x48; not to be changed."""
    from command_line import save_world

    return save_world(tmp_path_factory.mktemp("world") / "made.wz", zooms=1)


@pytest.fixture
def world_file(made_world: Path, tmp_path: Path) -> Path:
    """A copy of `made_world` that a test may change."""
    return Path(shutil.copy(made_world, tmp_path / "w.wz"))


@pytest.fixture(scope="session")
def record_result(soak: bool) -> Callable[[str, dict[str, Any]], None]:
    """Writes what a long run measured to tests/results/<name>.json, with machine and commit (--soak)."""

    def record(name: str, values: dict[str, Any]) -> None:
        if not soak:
            return
        commit = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=TESTS, capture_output=True, text=True
        )
        machine = {"cpu": processor_name(), "cores": os.cpu_count(), "python": platform.python_version()}
        folder = TESTS / "results"
        folder.mkdir(exist_ok=True)
        content = {"name": name, "commit": commit.stdout.strip(), "machine": machine, **values}
        (folder / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")

    return record


def processor_name() -> str:
    """The processor as Linux names it, else what the platform module knows."""
    table = Path("/proc/cpuinfo")
    if table.exists():
        for row in table.read_text().splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()
