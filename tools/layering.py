# SPDX-License-Identifier: Apache-2.0
"""Checks who includes and imports whom against the dependency table of the architecture.

    python tools/layering.py

Prints one line a violation and exits 1 when there is one; `tests/python/test_layering.py` runs it too.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "wonderzoom_rt"

# C++: a folder may include headers of itself and of these.
CPP_MAY_INCLUDE: dict[str, set[str]] = {
    "shared": set(),
    "core": {"shared"},
    "world": {"core", "shared"},
    "stream": {"world", "core", "shared"},
    "cull": {"world", "core", "shared"},
    "raster": {"core", "shared"},
    "fit": {"raster", "core", "shared"},
    "engine": {"stream", "cull", "raster", "fit", "world", "core", "shared"},
    "bench": {"raster", "core", "shared"},
    "lift": {"core", "shared"},
    "bindings": {"bench", "lift", "engine", "stream", "cull", "raster", "fit", "world", "core", "shared"},
    "cuda": {"raster", "core", "shared"},
}
# Selection reads snapshots; it must not come near files, directly or through another header.
CULL_MAY_REACH_IN_WORLD = {"level", "page", "snapshot", "octree", "cover", "missing_pages"}
SHARED_MAY_INCLUDE = {"cmath", "cstdint"}
# Only this file of the engine knows that the CUDA backend exists.
BACKEND_LIST = "cpp/engine/backends.cpp"
CUDA_HEADER = re.compile(r"^(cuda|cub/|thrust/|device_launch|cooperative_groups|vector_types)")

# Python: a topic (file or folder of the package) may import itself and these. An import for type checking alone loads
# nothing and may go up to the topics whose objects are handed down as arguments; viewer and synth stay strangers.
BASE = {"errors", "rotation", "camera", "layer", "zones"}
ENGINE = {"frame", "device_frame", "engine", "level", "pick", "world"}
FILM = {"spline", "flight", "film", "contact_sheet"}
HANDED_DOWN = ENGINE | {"synth", "profile"}
PYTHON_MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "zones": {"_core"},
    "rotation": {"errors"},
    "camera": {"errors", "rotation"},
    "layer": {"errors", "rotation", "camera"},
    "level": BASE | {"_core"},
    "frame": BASE | {"_core"},
    "engine": BASE | {"frame", "device_frame", "_core"},
    "device_frame": BASE | {"frame", "_core"},
    "pick": BASE | {"frame", "engine", "level", "_core"},
    "world": BASE | ENGINE | {"_core"},
    "spline": set(),
    "flight": BASE | {"spline"},
    "film": BASE | ENGINE | {"flight"},
    "contact_sheet": BASE | ENGINE | {"flight"},
    # The colours of a level are fitted by drawing it, so a generator draws; it knows no world. Loops over pixels are
    # native.
    "synth": BASE | {"engine", "frame", "_core"},
    "jobs": BASE | ENGINE | {"synth"},
    "evaluate": BASE | ENGINE,
    "splats": {"errors", "rotation", "layer"},
    "bench": BASE | ENGINE | {"spline", "flight", "splats", "synth", "jobs", "_core"},
    "profile": BASE | ENGINE | {"bench", "_core"},
    "viewer": BASE | ENGINE | FILM | {"jobs", "profile"},
    "doctor": BASE | ENGINE | FILM | {"synth", "jobs", "_core"},
    "demo": BASE | ENGINE | FILM | {"synth", "jobs", "evaluate"},
    "cli": BASE
    | ENGINE
    | FILM
    | {"doctor", "demo", "synth", "jobs", "evaluate", "profile", "bench", "viewer", "_core"},
}
# Imports against the arrows, each with its reason; inside a function alone, so that loading never goes up.
LAZY_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("world", "synth"): "World.from_image is the public door to the generator's first level",
    ("world", "profile"): "World.profile is the public door to a recording of what the world's engine does",
}
# Third-party modules that only these topics may import; torch in bench is how other renderers are called.
CONFINED = {
    "torch": ("synth", "bench"),
    "diffusers": ("synth",),
    "transformers": ("synth",),
    "glfw": ("viewer",),
    "moderngl": ("viewer",),
    "imgui_bundle": ("viewer",),
    "ray": ("jobs",),
}


@dataclass(frozen=True)
class Include:
    """One #include line: the file it stands in, its line number, the header and whether it was in quotes."""

    file: Path
    line: int
    header: str
    quoted: bool


def where(root: Path, file: Path, line: int) -> str:
    return f"{file.relative_to(root)}:{line}"


def includes_of(file: Path) -> list[Include]:
    found = []
    for number, text in enumerate(file.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', text)
        if match:
            found.append(Include(file, number, match[2], match[1] == '"'))
    return found


def cpp_files(root: Path) -> list[Path]:
    suffixes = {".h", ".cpp", ".cu", ".cuh"}
    return sorted(p for top in ("cpp", "cuda") for p in (root / top).rglob("*") if p.suffix in suffixes)


def module_of(root: Path, file: Path) -> str:
    parts = file.relative_to(root).parts
    return parts[1] if parts[0] == "cpp" else "cuda"


def check_include(root: Path, module: str, include: Include) -> str | None:
    """What is wrong with one include, or None."""
    here = f"{where(root, include.file, include.line)}: {module}"
    if not include.quoted:
        if include.header.startswith("pybind11") and module != "bindings":
            return f"{here} includes <{include.header}>; only bindings may know pybind11"
        if CUDA_HEADER.match(include.header) and module != "cuda":
            return f"{here} includes <{include.header}>; only cuda/ may know the CUDA toolkit"
        if module == "shared" and include.header not in SHARED_MAY_INCLUDE:
            return f"{here} includes <{include.header}>; shared includes only <cmath>, <cstdint> and itself"
        return None
    target = include.header.split("/")[0]
    if target not in CPP_MAY_INCLUDE:
        return f'{here} includes "{include.header}", which is in no module; write "<module>/<file>.h"'
    if target == "cuda" and str(include.file.relative_to(root)) == BACKEND_LIST:
        return None
    if target != module and target not in CPP_MAY_INCLUDE.get(module, set()):
        return f'{here} may not include "{include.header}"'
    return None


def headers_reached(root: Path, start: Path) -> set[str]:
    """All project headers that a file includes, directly or through others."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for include in includes_of(waiting.pop()):
            header = root / "cpp" / include.header
            if include.quoted and include.header not in reached and header.exists():
                reached.add(include.header)
                waiting.append(header)
    return reached


def cpp_violations(root: Path) -> list[str]:
    found = []
    for file in cpp_files(root):
        module = module_of(root, file)
        if module not in CPP_MAY_INCLUDE:
            found.append(f"{file.relative_to(root)}: '{module}' is not in the dependency table")
            continue
        found += [v for i in includes_of(file) if (v := check_include(root, module, i))]
        if module in ("cull", "raster"):
            for header in sorted(headers_reached(root, file)):
                if header.startswith("world/") and Path(header).stem not in CULL_MAY_REACH_IN_WORLD:
                    here = f"{file.relative_to(root)}:1: {module}"
                    found.append(f'{here} reaches "{header}"; it may see snapshots, never files')
    return found


def topic_of(package: Path, file: Path) -> str:
    return file.relative_to(package).parts[0].removesuffix(".py")


def imported_names(node: ast.Import | ast.ImportFrom, package_parts: tuple[str, ...]) -> list[str]:
    """Absolute dotted names that an import statement loads; relative ones start from the file's package."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level == 0:
        base = node.module or ""
    else:
        anchor = package_parts[: len(package_parts) - node.level + 1]
        base = ".".join((*anchor, *([node.module] if node.module else [])))
    # `from package import topic` names topics; deeper imports name their topic in the base already.
    return [f"{base}.{alias.name}" for alias in node.names] if base == PACKAGE else [base]


def imports_of(package: Path, file: Path) -> list[tuple[int, str, bool, bool]]:
    """(line, dotted name, inside a function, for type checking only) of each import in a file."""
    parts = (PACKAGE, *file.relative_to(package).parts[:-1])
    found: list[tuple[int, str, bool, bool]] = []

    def visit(node: ast.AST, lazy: bool, typing_only: bool) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.extend((node.lineno, name, lazy, typing_only) for name in imported_names(node, parts))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.body:
                visit(child, lazy, True)
            for child in node.orelse:
                visit(child, lazy, typing_only)
            return
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside, typing_only)

    visit(ast.parse(file.read_text()), False, False)
    return found


def check_import(topic: str, name: str, lazy: bool, typing_only: bool) -> str | None:
    """What is wrong with one import, or None."""
    head, _, rest = name.partition(".")
    if topic not in CONFINED.get(head, (topic,)):
        return f"{topic} imports {head}; only {' and '.join(CONFINED[head])} may"
    if head != PACKAGE or not rest:
        return None
    target = rest.split(".")[0]
    if {topic, target} == {"viewer", "synth"}:
        return f"{topic} may not import {target}, not even for its types"
    if topic == target or target in PYTHON_MAY_IMPORT[topic] or (typing_only and target in HANDED_DOWN):
        return None
    if target not in PYTHON_MAY_IMPORT and target != "_core":
        return None  # a name that the package itself exports, such as __version__
    if (topic, target) in LAZY_EXCEPTIONS:
        return (
            None
            if lazy or typing_only
            else f"{topic} imports {target} while it loads; only inside a function"
        )
    return f"{topic} may not import {target}"


def python_violations(root: Path) -> list[str]:
    package = root / "python" / PACKAGE
    found = []
    for file in sorted(package.rglob("*.py")):
        topic = topic_of(package, file)
        if topic in ("__init__", "__main__"):
            continue
        if topic not in PYTHON_MAY_IMPORT:
            found.append(f"{file.relative_to(root)}: '{topic}' is not in the dependency table")
            continue
        for line, name, lazy, typing_only in imports_of(package, file):
            if wrong := check_import(topic, name, lazy, typing_only):
                found.append(f"{where(root, file, line)}: {wrong}")
    return found


def violations(root: Path = ROOT) -> list[str]:
    """Every violation under a source tree, as `file:line: what is wrong`."""
    return cpp_violations(root) + python_violations(root)


def main() -> int:
    found = violations()
    for line in found:
        print(line)
    print(f"layering: {len(found)} violation(s) in {len(cpp_files(ROOT))} C++ files and the Python package")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
