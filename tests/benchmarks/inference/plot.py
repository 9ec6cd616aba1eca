"""A bar chart of our engine and the best of each other engine."""

import pathlib
import sys
from statistics import median

from accuracy import is_accurate
from report import milliseconds

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "common"))
import bars  # noqa: E402

LABEL, WIDTH, NUMBER, COLUMNS = 170, 190, 130, 2
OWN, ACCURATE, INACCURATE = "#1b6ca8", "#b8b8b8", "#e6d3c0"


def colour_of(engine, result):
    if engine["who"] == "ours":
        return OWN
    return ACCURATE if is_accurate(result["cosine"]) else INACCURATE


def text_of(result, seconds):
    """Says of those that compute something else how far off they are."""
    if is_accurate(result["cosine"]):
        return milliseconds(seconds)
    return f"{milliseconds(seconds)} (cosine {result['cosine']['sequence']:.3f})"


def fastest_bars(model, workload, metric):
    """The fastest precision of each engine, and the fastest that is accurate."""
    fastest = {}
    for engine in model["engines"].values():
        if engine["who"] == "daemon":
            continue
        result = engine["workloads"][workload]
        seconds, colour = median(result[metric]), colour_of(engine, result)
        bar = bars.Bar(engine["title"], seconds, text_of(result, seconds), colour)
        key = (engine["who"], is_accurate(result["cosine"]))
        if key not in fastest or seconds < fastest[key].value:
            fastest[key] = bar
    return sorted(fastest.values(), key=lambda bar: bar.value)


def svg(results):
    metric = results["settings"]["metric"]
    groups = [
        (f"{model['title']}, {workload}: ms", fastest_bars(model, workload, metric))
        for model in results["models"].values()
        for workload in model["workloads"]
    ]
    return bars.svg(groups, LABEL, WIDTH, NUMBER, COLUMNS)
