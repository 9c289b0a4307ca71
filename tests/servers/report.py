#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py DIR NAME TOOL: a line with the medians of one server's cycles.
report.py DIR: the table of all servers, also as table.tsv in DIR.

DIR/NAME holds raw.tsv (name, tool, cycle, dump and restore in microseconds), stats-TOOL-CYCLE,
a copy of stats-dump, and refused, CRIU's reason where it failed.
"""
import glob
import os
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "bench"))
from report import frozen_time  # noqa: E402 (the path is set above)

MEASURES = ("dump", "restore", "frozen")
TOOLS = ("crctl", "criu")


def medians(directory, tool):
    """Number of cycles and milliseconds of each measure; None without any."""
    values = {measure: [] for measure in MEASURES}
    try:
        with open(os.path.join(directory, "raw.tsv"), encoding="ascii") as file:
            rows = [line.rstrip("\n").split("\t") for line in file]
    except OSError:
        return None
    for _, who, cycle, dump, restore in rows:
        if who != tool:
            continue
        frozen = frozen_time(os.path.join(directory, f"stats-{tool}-{cycle}"))
        for measure, value in zip(MEASURES, (int(dump), int(restore), frozen)):
            if value is not None:
                values[measure].append(value / 1000)
    if not values["dump"]:
        return None
    return len(values["dump"]), [statistics.median(values[m]) if values[m] else None
                                 for m in MEASURES]


def text(value):
    return "-" if value is None else f"{value:.1f}"


def line_print(directory, name, tool):
    nr, times = medians(os.path.join(directory, name), tool)
    dump, restore, frozen = map(text, times)
    who = "" if tool == "crctl" else f" with {tool}"
    print(f"ok    {name:<10} {nr} cycles{who}: dump {dump} ms, restore {restore}, frozen {frozen}")


def refusal(directory):
    try:
        with open(os.path.join(directory, "refused"), encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def table_print(directory):
    head = ["server", "cycles"] + [f"{tool} {m}" for tool in TOOLS for m in MEASURES]
    rows = []
    for path in sorted(glob.glob(os.path.join(directory, "*", "raw.tsv"))):
        place = os.path.dirname(path)
        both = [medians(place, tool) for tool in TOOLS]
        if not both[0]:
            continue
        cells = [text(value) for got in both for value in (got[1] if got else [None] * 3)]
        rows.append([os.path.basename(place), str(both[0][0])] + cells + [refusal(place)])
    print(f"{head[0]:<11}" + "".join(f"{word:>15}" for word in head[1:]))
    for row in rows:
        note = f"  CRIU: {row[-1]}" if row[-1] else ""
        print(f"{row[0]:<11}" + "".join(f"{cell:>15}" for cell in row[1:-1]) + note)
    with open(os.path.join(directory, "table.tsv"), "w", encoding="utf-8") as file:
        for row in [head + ["why CRIU does not"]] + rows:
            file.write("\t".join(row) + "\n")


if len(sys.argv) == 2:
    table_print(sys.argv[1])
else:
    line_print(*sys.argv[1:])
