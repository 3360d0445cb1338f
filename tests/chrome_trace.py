# SPDX-License-Identifier: Apache-2.0
"""A strict reader of Chrome traces (JSON object format), written from the format's description, not from the writer."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

COMMON = {"ph", "name", "pid", "tid", "ts"}
FIELDS = {
    "X": (COMMON | {"dur"}, {"args"}),
    "C": (COMMON | {"args"}, set()),
    "i": (COMMON | {"s"}, {"args"}),
    "M": (COMMON | {"args"}, set()),
}
METADATA = {
    "process_name": ("name", str),
    "thread_name": ("name", str),
    "thread_sort_index": ("sort_index", int),
}


def read_trace(path: str | Path) -> dict[str, Any]:
    """The trace in a file, numbers with a fraction as Decimal; no NaN and no doubled keys."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len({key for key, _ in pairs}) == len(pairs), f"a key comes twice: {pairs}"
        return dict(pairs)

    text = Path(path).read_text(encoding="utf-8")
    trace = json.loads(text, parse_float=Decimal, parse_constant=refuse, object_pairs_hook=unique)
    assert isinstance(trace, dict)
    return trace


def problems_of(trace: dict[str, Any]) -> list[str]:
    """What is wrong with a trace, in words."""
    problems = []
    if not isinstance(trace.get("traceEvents"), list):
        return ["traceEvents must be a list"]
    if trace.get("displayTimeUnit", "ms") not in ("ms", "ns"):
        problems.append("displayTimeUnit must be ms or ns")
    for number, event in enumerate(trace["traceEvents"]):
        problems += [f"event {number}: {what}" for what in _event_problems(event)]
    if not problems:
        problems += _naming_problems(trace["traceEvents"]) + _nesting_problems(trace["traceEvents"])
    return problems


def zones_of(trace: dict[str, Any], name: str | None = None) -> list[dict[str, Any]]:
    """The complete events, of one name or all."""
    return [e for e in trace["traceEvents"] if e["ph"] == "X" and (name is None or e["name"] == name)]


def _event_problems(event: Any) -> list[str]:
    if not isinstance(event, dict) or event.get("ph") not in FIELDS:
        return [f"an object with a known ph was expected, got {event!r}"]
    needed, allowed = FIELDS[event["ph"]]
    found = []
    if missing := needed - set(event):
        return [f"{', '.join(sorted(missing))} missing"]
    if extra := set(event) - needed - allowed:
        found.append(f"{', '.join(sorted(extra))} unknown to ph {event['ph']}")
    if not isinstance(event["name"], str) or not event["name"]:
        found.append("name must be text")
    for field in ("pid", "tid"):
        if type(event[field]) is not int or not 0 <= event[field] < 2**31:
            found.append(f"{field} must be a whole number below 2^31, got {event[field]!r}")
    for field in ("ts", "dur"):
        if field in event and not (isinstance(event[field], int | Decimal) and event[field] >= 0):
            found.append(f"{field} must be a number of microseconds, got {event[field]!r}")
    arguments = event.get("args", {})
    if not isinstance(arguments, dict):
        found.append("args must be an object")
    elif event["ph"] == "C" and not (
        arguments and all(type(value) in (int, Decimal) for value in arguments.values())
    ):
        found.append(f"a counter needs numbers, got {arguments!r}")
    if event["ph"] == "i" and event["s"] not in ("g", "p", "t"):
        found.append(f"the scope of an instant must be g, p or t, got {event['s']!r}")
    if event["ph"] == "M":
        key, kind = METADATA.get(event["name"], (None, None))
        if key is None or kind is None or not isinstance(arguments.get(key), kind):
            found.append(f"metadata {event['name']!r} with {arguments!r}")
    return found


def _naming_problems(events: list[dict[str, Any]]) -> list[str]:
    processes = {e["pid"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
    threads = [(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"]
    found = [f"thread {where} has two names" for where in set(threads) if threads.count(where) > 1]
    for event in events:
        if event["pid"] not in processes:
            found.append(f"process {event['pid']} has no name")
        if event["ph"] != "M" and (event["pid"], event["tid"]) not in threads:
            found.append(f"thread {event['tid']} has no name")
    return sorted(set(found))


def _nesting_problems(events: list[dict[str, Any]]) -> list[str]:
    """Zones of one thread are apart or one inside the other, outer ones first in the file."""
    found = []
    open_ends: dict[tuple[int, int], list[tuple[Any, str]]] = {}
    last: dict[tuple[int, int], Any] = {}
    for event in events:
        if event["ph"] != "X":
            continue
        where, begin = (event["pid"], event["tid"]), event["ts"]
        end = begin + event["dur"]
        if begin < last.get(where, 0):
            found.append(f"{event['name']} at {begin} comes after a later one")
        last[where] = begin
        stack = open_ends.setdefault(where, [])
        while stack and stack[-1][0] <= begin and (stack[-1][0] < end or event["dur"] > 0):
            stack.pop()
        if stack and end > stack[-1][0]:
            found.append(f"{event['name']} at {begin} ends after {stack[-1][1]}, which holds it")
        stack.append((end, event["name"]))
    return found
