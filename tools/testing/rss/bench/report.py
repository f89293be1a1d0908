#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py DIRECTORY: makes bench.csv, table.txt and bench.svg of what the
guests left in DIRECTORY/BOOT/host/SETTING.tsv."""

import csv
import os
import sys

# Title, boot, settings in the order of their rows, and description. All but the
# first are shown as the difference to it.
COLUMNS = (
    ("stock", "stock", ("job", "root", "mkdir", "first"), "cgroup_disable=memory"),
    ("disabled", "off", ("root",), "the series, cgroup_disable=rss,memory"),
    ("unused", "rss", ("root",), "no container exists"),
    ("outside", "rss", ("outside",), "one exists, the task is in none"),
    ("rss", "rss", ("job-rss1", "rss1", "limit-rss", "mkdir-rss", "first-rss"),
     "in a container"),
    ("rss/8", "rss", ("job-rss8", "rss8"), "in one that is 8 levels deep"),
    ("mc/0", "memcg", ("root",), "stock, memory controller on and unused"),
    ("mc", "memcg",
     ("job-memcg1", "memcg1", "limit-memcg", "mkdir-memcg", "first-memcg"),
     "in use"),
    ("mc/8", "memcg", ("job-memcg8", "memcg8"), "8 levels deep"),
    ("mc,unused", "both", ("memcg1",), "the series, in use, no container"),
    ("both", "both", ("both1",), "in use, and in a container"),
    ("both/8", "both", ("both8",), "each 8 levels deep"),
)

# Drawn, with the colour: the most common questions.
BARS = (("rss", "#2a7fb8"), ("rss/8", "#9ecae1"),
        ("mc", "#d95f0e"), ("mc/8", "#fec44f"))


def fail(message):
    sys.exit(f"report.py: {message}")


def read_rows(path):
    """What one run of the guest's program printed."""
    rows = {}
    try:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                name, unit, median, least = line.rstrip("\n").split("\t")
                rows[name] = (unit, float(median), float(least))
    except (OSError, ValueError) as error:
        fail(f"{path}: {error}")
    return rows


def read_column(directory, boot, settings):
    """Rows of one column: name -> (unit, median, least)."""
    host = os.path.join(directory, boot, "host")
    rows = {}
    for setting in settings:
        rows |= read_rows(os.path.join(host, setting + ".tsv"))
    return rows | {"memory used at boot": ("KiB", used(host), 0)}


def read_fields(path):
    """The first two words of each line that has as many."""
    try:
        with open(path, encoding="ascii") as lines:
            words = [line.split() for line in lines]
    except OSError as error:
        fail(f"{path}: {error}")
    return [line[:2] for line in words if len(line) > 1]


def used(host):
    """KiB of the guest's memory that were not free when it had booted.

    MemFree is without the pages that CPUs keep for themselves, which vary."""
    meminfo = read_fields(os.path.join(host, "meminfo"))
    zones = read_fields(os.path.join(host, "zoneinfo"))
    try:
        free = sum(int(value) for name, value in meminfo if name == "MemFree:")
        kept = sum(int(value) for name, value in zones if name == "count:")
    except ValueError as error:
        fail(f"{host}: {error}")
    if not free or not zones:
        fail(f"{host}: no figures of free memory")
    return (1 << 20) - free - 4 * kept


def figure(value, sign=""):
    """As many digits as mean something, four at least."""
    return f"{value:{sign}.{0 if abs(value) >= 1000 else 1}f}"


def write_csv(path, columns):
    with open(path, "w", encoding="ascii", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("row", "unit", "column", "median", "least"))
        for title, rows in columns.items():
            for name, (unit, median, least) in rows.items():
                writer.writerow((name, unit, title, median, least))


def table(columns):
    """Lines of a table: the first column in full, then the additions, or
    "=" and all where there is nothing to compare with."""
    base = columns[COLUMNS[0][0]]
    titles = list(columns)
    names = list(dict.fromkeys(n for rows in columns.values() for n in rows))
    widths = [max(len(f"{name} ({rows[name][0]})") for name in names
                  for rows in columns.values() if name in rows)]
    widths += [max(len(title), 7) for title in titles]
    lines = ["  ".join(cell.rjust(width) if i else cell.ljust(width)
                       for i, (cell, width) in enumerate(
                           zip(["instructions per"] + titles, widths)))]
    for name in names:
        unit = next(rows[name][0] for rows in columns.values() if name in rows)
        cells = [f"{name} ({unit})".ljust(widths[0])]
        for i, title in enumerate(titles):
            row = columns[title].get(name)
            if not row:
                cell = "-"
            elif i and name in base:
                cell = figure(row[1] - base[name][1], "+")
            else:
                cell = ("=" if i else "") + figure(row[1])
            cells.append(cell.rjust(widths[i + 1]))
        lines.append("  ".join(cells))
    lines += [""] + [f"{title:>{max(map(len, titles))}}: {what}"
                     for title, _, _, what in COLUMNS]
    return lines


def svg(columns):
    """Bars of what each of BARS adds, for rows that the base has."""
    base = columns[COLUMNS[0][0]]
    rows = [name for name in base
            if all(name in columns[title] for title, _ in BARS)]
    bar, gap, left, width = 12, 14, 290, 460
    step = len(BARS) * bar + gap
    height = len(rows) * step + 60
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 120}"'
           f' height="{height}" font-family="sans-serif" font-size="11">',
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="18" font-size="13">Instructions added to those of'
           ' the stock kernel, per cent</text>']
    for i, (title, colour) in enumerate(BARS):
        x = left + i * 120
        out.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{colour}"/>'
                   f'<text x="{x + 15}" y="37">{title}</text>')

    share = {(name, title): 100 * (columns[title][name][1] / base[name][1] - 1)
             for name in rows for title, _ in BARS}
    most = max(list(share.values()) + [1])
    for i, name in enumerate(rows):
        y = 50 + i * step
        out.append(f'<text x="10" y="{y + step / 2 - 3}">{name}</text>')
        for title, colour in BARS:
            value = share[name, title]
            length = max(value, 0) / most * width
            added = columns[title][name][1] - base[name][1]
            out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}"'
                       f' height="{bar - 2}" fill="{colour}"/>'
                       f'<text x="{left + length + 4:.1f}" y="{y + bar - 3}">'
                       f'{value:+.1f} % ({added:+.0f})</text>')
            y += bar
    return out + ["</svg>"]


def write_lines(path, lines):
    with open(path, "w", encoding="ascii") as out:
        out.write("\n".join(lines) + "\n")


def main():
    if len(sys.argv) != 2:
        sys.exit("Usage: report.py DIRECTORY")
    directory = sys.argv[1]
    columns = {title: read_column(directory, boot, settings)
               for title, boot, settings, _ in COLUMNS}
    write_csv(os.path.join(directory, "bench.csv"), columns)
    write_lines(os.path.join(directory, "table.txt"), table(columns))
    write_lines(os.path.join(directory, "bench.svg"), svg(columns))


if __name__ == "__main__":
    main()
