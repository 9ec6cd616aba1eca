"""Gives every engine its turns on one model, in rounds."""

import dataclasses
import os
import random
import sys
from statistics import median

import accuracy
from artefacts import Artefacts
from engines import REFERENCE
from models import MODELS, read_config, shape_of
from runners import LineRunner, OwnRunner, Unsupported
from workloads import BUDGETS, WORKLOADS, rows_of

HERE = os.path.dirname(os.path.abspath(__file__))
# A pass that takes longer is not warmed up before it is measured: what engines do once
# is little beside it.
LONG_PASS_S = 2
MOST_PASSES = 200
DTYPES = ["F32", "BF16"]


@dataclasses.dataclass(frozen=True)
class Setup:
    artefacts: Artefacts
    program: str  # //tests/benchmarks/inference:engine
    threads: int
    workers: int  # of ours, that are measured at once; 1: not at all
    turn_s: float  # of an engine, within a round, for short passes

    @property
    def metric(self):
        """CPU time does not count what others do, but nor does it what threads gain."""
        return "cpu_s" if self.threads == 1 else "wall_s"


def say(text):
    print(text, file=sys.stderr, flush=True)


def warm_seconds(runner, rows, budget, metric):
    first = runner.passes(rows, 1, budget)[metric][0]
    if first > LONG_PASS_S:
        return first
    return median(runner.passes(rows, 3, budget)[metric])


class Lane:
    """One engine with a model, and what was measured of it so far."""

    def __init__(self, engine, runner, setup):
        self.engine, self.runner, self.setup = engine, runner, setup
        self.results = {}

    def prepare(self, workload, references):
        """Chooses the token budget and the passes of a turn; looks at the answers."""
        rows = rows_of(workload)
        budgets = BUDGETS if self.runner.pads and len(rows) > 1 else [None]
        metric = self.setup.metric
        seconds = {b: warm_seconds(self.runner, rows, b, metric) for b in budgets}
        budget = min(seconds, key=seconds.get)
        passes = round(self.setup.turn_s / seconds[budget])
        outputs = self.runner.outputs(rows, budget)
        self.results[workload] = {
            "budget": budget,
            "passes": min(max(passes, 1), MOST_PASSES),
            "cosine": accuracy.worst_cosines(outputs, references),
            "cpu_s": [],
            "wall_s": [],
        }

    def take_turn(self, workload):
        result = self.results[workload]
        rows = rows_of(workload)
        times = self.runner.passes(rows, result["passes"], result["budget"])
        for clock in ("cpu_s", "wall_s"):
            result[clock].append(median(times[clock]))
        if isinstance(self.runner, OwnRunner) and self.setup.workers > 1:
            self._take_turn_of_all_workers(result, rows)

    def _take_turn_of_all_workers(self, result, rows):
        workers = self.setup.workers
        times = self.runner.passes_of_all_workers(rows, result["passes"], workers)
        together = median(times["wall_s"])
        result.setdefault("together_s", []).append(together)
        gain = workers * result["wall_s"][-1] / together
        result.setdefault("workers_gain", []).append(gain)


def start_lanes(model, engines, setup):
    """The lanes of those that can, and why the others cannot, by name."""
    lanes, unsupported = {}, {}
    for name, engine in engines.items():
        try:
            lanes[name] = Lane(engine, engine.start(setup, model), setup)
        except Unsupported as reason:
            unsupported[name] = str(reason)
            say(f"{name}: {reason}")
    return lanes, unsupported


def reference_outputs(model, workloads, setup):
    runner = REFERENCE.start(setup, model)
    outputs = {workload: runner.outputs(rows_of(workload)) for workload in workloads}
    runner.close()
    return outputs


class Peaks:
    """What one core can do at most, and memory for all workers, in each round."""

    def __init__(self, lanes, workers):
        self.gemm = LineRunner([sys.executable, os.path.join(HERE, "gemm_peak.py")], 1)
        own = [lane.runner for lane in lanes if isinstance(lane.runner, OwnRunner)]
        self.own = own[0] if own else None
        self.results = {dtype: {"gemm": [], "registers": []} for dtype in DTYPES}
        # Bytes a second of so many cores together.
        self.memory = {cores: [] for cores in sorted({1, workers})}

    def take_turn(self):
        for dtype, result in self.results.items():
            result["gemm"].append(self.gemm.ask(peak=dtype)["flop_per_second"])
            if self.own is None:
                continue
            peak = self.own.peak(dtype)
            if peak["instruction"] is not None:
                result["instruction"] = peak["instruction"]
                result["registers"].append(peak["flop_per_second"])
        if self.own is not None:
            for cores, rates in self.memory.items():
                rates.append(sum(self.own.memory_rates(cores)))


def facts_of(model, workloads, setup):
    shape = shape_of(read_config(setup.artefacts.checkpoint(model)))
    return {
        "title": MODELS[model].title,
        "workloads": {
            workload: {
                "tokens": sum(WORKLOADS[workload]),
                "flop": shape.useful_flop(WORKLOADS[workload]),
            }
            for workload in workloads
        },
        "linear_weights": shape.linear_weights(),
    }


def measure_model(model, engines, workloads, rounds, setup):
    """Everything that was measured of a model, ready for JSON."""
    references = reference_outputs(model, workloads, setup)
    lanes, unsupported = start_lanes(model, engines, setup)
    for name, lane in lanes.items():
        for workload in workloads:
            lane.prepare(workload, references[workload])
            say(f"{model} {workload} {name}: {lane.results[workload]}")
    peaks = Peaks(lanes.values(), setup.workers)
    # Rounds and not repetitions, each in an order of its own: what else the machine
    # does meets all engines alike.
    for number in range(rounds):
        for workload in workloads:
            for lane in random.Random(number).sample(list(lanes.values()), len(lanes)):
                lane.take_turn(workload)
        peaks.take_turn()
        say(f"{model}: round {number + 1} of {rounds}")
    for runner in [peaks.gemm, *(lane.runner for lane in lanes.values())]:
        runner.close()
    return {
        **facts_of(model, workloads, setup),
        "rounds": rounds,
        "peaks": peaks.results,
        "memory": peaks.memory,
        "unsupported": unsupported,
        "engines": {
            name: {
                "title": lane.engine.title,
                "who": lane.engine.who,
                "precision": lane.engine.precision,
                "facts": lane.runner.facts,
                "workloads": lane.results,
            }
            for name, lane in lanes.items()
        },
    }
