#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py DIR: medians of the benchmark's runs, as a table, bench.tsv and bench.svg.

DIR holds raw.tsv and work/stats/CASE-COUNT-TOOL-RUN, each a copy of stats-dump.
"""
import os
import statistics
import sys
from html import escape

MEASURES = ("dump", "restore", "frozen")
UNITS = {"memory": "MiB", "tiny": "process"}
COLOURS = {"criu": "#9aa0a6", "crctl": "#1a73e8"}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def field(data, number):
    """The first field of that number of a protobuf message, or None."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            length, at = varint(data, at)
            value, at = data[at:at + length], at + length
        else:
            at += 8 if key & 7 == 1 else 4
            value = None
        if key >> 3 == number:
            return value
    return None


def frozen_time(path):
    """Microseconds of stats_entry.dump.frozen_time: two magics, a length, the message."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    length = int.from_bytes(data[8:12], "little")
    dump = field(data[12:12 + length], 1)
    return field(dump, 2) if dump else None


def runs_read(directory):
    """{(case, count): {tool: {measure: [seconds]}}} in the order of raw.tsv."""
    runs = {}
    with open(os.path.join(directory, "raw.tsv"), encoding="ascii") as file:
        for line in file:
            case, count, tool, run, dump, restore = line.split()
            stats = os.path.join(directory, "work", "stats", f"{case}-{count}-{tool}-{run}")
            values = (int(dump), int(restore), frozen_time(stats))
            place = runs.setdefault((case, int(count)), {}).setdefault(tool, {})
            for measure, value in zip(MEASURES, values):
                if value is not None:
                    place.setdefault(measure, []).append(value / 1e6)
    return runs


def medians(runs):
    """Rows of case, count, measure, criu, crctl, ratio; None for what was not measured."""
    for (case, count), tools in runs.items():
        for measure in MEASURES:
            got = {}
            for tool in ("criu", "crctl"):
                values = tools.get(tool, {}).get(measure)
                got[tool] = statistics.median(values) if values else None
            ratio = None
            if got["criu"] and got["crctl"] is not None:
                ratio = got["crctl"] / got["criu"]
            yield case, count, measure, got["criu"], got["crctl"], ratio


def text(value, digits):
    return "-" if value is None else f"{value:.{digits}f}"


def table_print(rows):
    print(f"{'case':<22}{'':<9}{'CRIU s':>9}{'crctl s':>9}{'ratio':>8}")
    last = None
    for case, count, measure, criu, crctl, ratio in rows:
        name = f"{count} {case}" if case not in UNITS else f"{count} {UNITS[case]}"
        shown = name if name != last else ""
        last = name
        print(f"{shown:<22}{measure:<9}{text(criu, 3):>9}{text(crctl, 3):>9}{text(ratio, 2):>8}")


def tsv_write(rows, path):
    with open(path, "w", encoding="ascii") as file:
        file.write("case\tcount\tmeasure\tcriu_s\tcrctl_s\tratio\n")
        for case, count, measure, criu, crctl, ratio in rows:
            file.write(f"{case}\t{count}\t{measure}\t{text(criu, 6)}\t{text(crctl, 6)}"
                       f"\t{text(ratio, 3)}\n")


def svg_write(rows, path):
    """A panel a measure, a pair of bars a case: CRIU's is always full length."""
    width, bar, step, left = 960, 8, 26, 150
    panel = (width - left) // len(MEASURES)
    names = list(dict.fromkeys((row[0], row[1]) for row in rows))
    height = 60 + step * len(names)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for index, (case, count) in enumerate(names):
        out.append(f'<text x="8" y="{58 + step * index}">{count} '
                   f'{escape(UNITS.get(case, case))}</text>')
    for column, measure in enumerate(MEASURES):
        x = left + column * panel
        out.append(f'<text x="{x}" y="24" font-weight="bold">{measure}, seconds</text>')
        for row in rows:
            if row[2] != measure:
                continue
            y = 44 + step * names.index((row[0], row[1]))
            longest = max(value for value in (row[3], row[4], 1e-9) if value is not None)
            for line, (tool, value) in enumerate((("criu", row[3]), ("crctl", row[4]))):
                if value is None:
                    continue
                length = (panel - 70) * value / longest
                top = y + line * (bar + 1)
                out.append(f'<rect x="{x}" y="{top}" width="{length:.1f}" height="{bar}" '
                           f'fill="{COLOURS[tool]}"/>')
                out.append(f'<text x="{x + length + 4:.1f}" y="{top + bar}" '
                           f'font-size="9">{value:.3f}</text>')
    out.append(f'<text x="8" y="24"><tspan fill="{COLOURS["criu"]}">CRIU</tspan> '
               f'<tspan fill="{COLOURS["crctl"]}">crctl</tspan></text>')
    out.append("</svg>")
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


def main():
    directory = sys.argv[1]
    rows = list(medians(runs_read(directory)))
    if not rows:
        sys.exit("bench: nothing was measured")
    table_print(rows)
    tsv_write(rows, os.path.join(directory, "bench.tsv"))
    svg_write(rows, os.path.join(directory, "bench.svg"))
    print(f"\nmedians; {directory}/bench.tsv, bench.svg")


if __name__ == "__main__":
    main()
