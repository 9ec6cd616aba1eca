"""A bar chart of how long each way of loading takes."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import bars  # noqa: E402

LABEL, WIDTH, NUMBER = 250, 430, 60
COLOURS = {"transformerd": "#1b6ca8", "Python": "#b8b8b8"}


def groups_of(rows):
    """(title, bars) by checkpoint, cache and workers, in the order of the rows."""
    groups = {}
    for label, row in rows:
        key = (row.case.shape, row.case.cache, row.case.workers)
        name, colour = f"{row.case.who}: {label}", COLOURS[row.case.who]
        bar = bars.Bar(name, row.wall_s, f"{row.wall_s:.2f}", colour)
        groups.setdefault(key, []).append(bar)
    return [
        (f"{shape}, {cache} cache, {workers} workers: seconds", members)
        for (shape, cache, workers), members in groups.items()
    ]


def svg(rows):
    return bars.svg(groups_of(rows), LABEL, WIDTH, NUMBER)
