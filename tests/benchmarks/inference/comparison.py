"""Our engine against the best of the others, out of one run's results."""

import dataclasses
from statistics import median

from accuracy import is_accurate
from summary import paired_ratio

OURS = ("ours", "reference", "daemon")


@dataclasses.dataclass(frozen=True)
class Rival:
    title: str
    seconds: float
    # Of its time to ours: above 1 where ours is faster.
    ratio: float


def best_rival(model, own, workload, metric, accept):
    """The fastest peer that is accepted, given its description and result; or None."""
    ours = model["engines"][own]["workloads"][workload][metric]
    rivals = []
    for engine in model["engines"].values():
        result = engine["workloads"][workload]
        if engine["who"] not in OURS and accept(engine, result):
            times = result[metric]
            rivals.append(Rival(engine["title"], median(times), paired_ratio(times, ours)))
    return min(rivals, key=lambda rival: rival.seconds, default=None)


def is_float32(engine, _):
    return engine["precision"] == "f32"


def is_int8(engine, _):
    return engine["precision"] == "int8"


def is_accurate_rival(_, result):
    return is_accurate(result["cosine"])


def is_any(*_):
    return True


def rivals_of(precision):
    """Whom an engine of ours is compared with: (title, whom to accept)."""
    if precision == "f32":
        return [("best in float32", is_float32)]
    if precision == "int8":
        return [("best in int8", is_int8), ("best accurate", is_accurate_rival)]
    return [("best accurate", is_accurate_rival), ("fastest", is_any)]
