# SPDX-License-Identifier: Apache-2.0
"""A result for people."""

from __future__ import annotations

from typing import Any

from .compare import BUSY
from .report import FUNNEL, PAGES

_LIMITS = (
    ("blended_evaluations_per_s", "blend", 1e9, "G blended evaluations/s"),
    ("sorted_pairs_per_s", "sort", 1e6, "M sorted entries/s"),
    ("read_bytes_per_s", "memory", 1e9, "GB/s read from memory"),
)
"""Key of the limit, key of its use, unit, words."""


def table_of(result: dict[str, Any]) -> str:
    """The result of a benchmark as text."""
    settings, here = result["settings"], result["machine"]
    width, height = settings["size"]
    threads = settings["threads"] or here["cores"]
    culling = "".join(
        f", no {word}" for key, word in (("cull", "culling"), ("lod", "level of detail")) if not settings[key]
    )
    drawn_by = settings["backend"]
    if drawn_by == "cpu":
        drawn_by += f" {settings['instructions_used']}, {threads} {'thread' if threads == 1 else 'threads'}"
    device = f"{here['device']}; " if here.get("device") else ""
    rows = [
        f"{result['scene']['name']}, path {settings['path']}, {width}x{height}, {', '.join(settings['outputs'])}; "
        f"{drawn_by}{culling}",
        f"{device}{here['cpu']}, {here['cores']} cores, {here['system']}; commit {result['commit'] or 'unknown'}; "
        f"{settings['runs']} x {settings['frames']} frames after {settings['warmup']}",
        "",
    ]
    times = result["frame_ms"]
    rows.append(
        f"frame  P50 {times['p50']:.2f} ms   P95 {times['p95']:.2f}   P99 {times['p99']:.2f}   "
        f"P99.9 {times['p999']:.2f}   mean {times['mean']:.2f}   processor {result['processor_ms']['p50']:.2f}"
    )
    for key, words in (("gpu_ms", "on the GPU"), ("host_ms", "host's call")):
        if (part := result.get(key)) is not None:
            rows.append(f"{words}  P50 {part['p50']:.3f} ms   P95 {part['p95']:.3f}   P99 {part['p99']:.3f}")
    rows.append(f"       {result['fps']:.1f} frames/s, slowest hundredth {result['low1_fps']:.1f} frames/s")
    rows += ["", "stage        P50 ms    P95 ms   of frame"]
    for name, stage in result["stages_ms"].items():
        rows.append(
            f"{name:10} {stage['p50']:8.2f}  {stage['p95']:8.2f}   {stage['p50'] / times['p50']:7.1%}"
        )
    counts = result["funnel"]
    rows += ["", "pages and surfels, means a frame"]
    rows += [f"{_spoken(name):24} {_count(counts[name]):>14}" for name in (*PAGES, *FUNNEL)]
    rows.append(f"{'contributions a pixel':24} {counts['contributions_per_pixel']:14.1f}")
    rows += ["", "limit of this machine, measured now                 used"]
    for key, part, unit, words in _LIMITS:
        limit, used = result["limits"][key], result["utilisation"][part]
        if limit is not None and used is not None:
            rows.append(f"{limit / unit:8.2f} {words:34} {part:7} {used:6.0%}")
    memory = result["memory"]
    rows += [
        "",
        f"memory: surfels {memory['world_bytes'] / 1e6:.0f} MB, "
        f"a frame moves {memory['frame_bytes_moved'] / 1e6:.0f} MB"
        + (f", peak {memory['peak_bytes'] / 1e6:.0f} MB" if memory["peak_bytes"] else ""),
    ]
    if here["load"] is not None and here["load"] > BUSY * here["cores"]:
        rows.append(f"note: the machine was busy with other work (load {here['load']:g}): times are too long")
    return "\n".join(rows)


def _spoken(name: str) -> str:
    return name.replace("_", " ")


def _count(value: float) -> str:
    return f"{value:,.0f}"
