#!/usr/bin/env python3
"""plots.py [--trace FILE] FOLDER: writes the plots of docs/scaling.md into FOLDER and its
figures to the standard output.

A trace is a CSV file of seconds and requests a second. Service times are those of
measured.json, the autoscaler's settings those of the chart.
"""

import argparse
import json
import math
import pathlib
import sys

import yaml

FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
import simulation  # noqa: E402
from autoscaler import Rules  # noqa: E402
from cold_start import STORAGE, cold_start_s  # noqa: E402
from lines import svg  # noqa: E402
from service import ServiceTimes  # noqa: E402

CHART = FOLDER.parents[2] / "deploy/helm/transformerd"
# cpu.yaml has two; the other nodes are larger.
WORKERS, MORE_WORKERS = 2, [1, 2, 4, 8]
SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
STEADY_S = 300
LATE_S = 1.0
MODEL_GIB = [0.1, 0.5, 1, 2, 4, 8, 16, 32, 64]
COLD_STARTS_S = {"small model, local disk": 5, "large model, network": 60}
MAX_REPLICAS = 16
# To compare the chart's capacityUsedPercent with.
HEAD_ROOM_PERCENT = 50


def capacity(times, workers):
    """Requests a second that one pod answers at most."""
    return workers * times.best_rate() / simulation.TOKENS


def load_panels(times, target):
    """Latency against load of pods of several sizes, and pods against load."""
    p99 = {}
    print("workers  load  requests/s  p50 ms  p99 ms")
    for workers in MORE_WORKERS:
        points = p99[f"{workers} worker" + "s" * (workers > 1)] = []
        for share in SHARES:
            rate = share * capacity(times, workers)
            trace = simulation.Trace([(0, rate), (STEADY_S, rate)])
            moments = simulation.simulate(
                trace, simulation.pods_with(times, workers), 1, simulation.fixed
            )
            values = [v for moment in moments for v in moment.latencies_s]
            p50, p99_s = (1000 * simulation.percentile(values, q) for q in (0.5, 0.99))
            points.append((100 * share, p99_s))
            print(f"{workers:7} {share:5.0%} {rate:11.0f} {p50:7.0f} {p99_s:7.0f}")
    pods = {}
    for workers in MORE_WORKERS:
        most = target * capacity(times, workers)
        rates = range(0, 4001, 10)
        pods[f"{workers} worker" + "s" * (workers > 1)] = [(r, math.ceil(r / most)) for r in rates]
        print(f"a pod with {workers} workers: {most:.0f} requests/s at {target:.0%}")
    return [
        ("p99 latency, ms", "load, % of what the pod can answer", p99),
        (f"pods at {target:.0%} load", "requests a second", pods),
    ]


def cold_start_panels(start_s):
    print("GiB    " + "  ".join(STORAGE))
    series = {name: [] for name in STORAGE}
    for gib in MODEL_GIB:
        for name in STORAGE:
            series[name].append((gib, cold_start_s(gib, STORAGE[name], start_s)))
        print(f"{gib:5g}  " + "  ".join(f"{series[n][-1][1]:{len(n)}.0f}" for n in STORAGE))
    return [("seconds from a pod's creation to ready", "GiB of weights", series)]


def autoscaler_panels(times, trace, values, queue_target_s):
    rules = Rules.of_values({**values, "maxReplicas": MAX_REPLICAS})
    load, replicas, late, p99 = {}, {}, {}, {}
    percent = values["capacityUsedPercent"]
    ways = {
        f"{percent} %": (percent / 100, None),
        f"{percent} % or queue": (percent / 100, queue_target_s),
        f"{HEAD_ROOM_PERCENT} %": (HEAD_ROOM_PERCENT / 100, None),
    }
    for start_name, cold_s in COLD_STARTS_S.items():
        for way, targets in ways.items():
            name = f"{way}, start {cold_s} s"
            moments = simulation.simulate(
                trace, simulation.pods_with(times, WORKERS, cold_s), rules.min_replicas,
                simulation.autoscaled(rules, *targets),
            )
            everything = [v for m in moments for v in m.latencies_s]
            share = sum(v > LATE_S for v in everything) / len(everything)
            pod_minutes = sum(m.replicas for m in moments) * simulation.SYNC_PERIOD_S / 60
            print(
                f"{name:22} ({start_name}): {max(m.replicas for m in moments)} pods at most, "
                f"{pod_minutes:.0f} pod minutes, {share:.2%} of requests over {LATE_S:g} s"
            )
            minutes = [m.second / 60 for m in moments]
            load = {"requests": list(zip(minutes, (m.requests_per_second for m in moments)))}
            replicas[name] = list(zip(minutes, (m.ready for m in moments)))
            p99[name] = [
                (minute, simulation.percentile(m.latencies_s, 0.99))
                for minute, m in zip(minutes, moments)
            ]
    return [
        ("requests a second", "minutes", load),
        ("ready pods", "minutes", replicas),
        ("p99 latency, s", "minutes", p99),
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trace", default=FOLDER / "trace.csv")
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    measured = json.loads((FOLDER / "measured.json").read_text())
    times = ServiceTimes({int(t): s for t, s in measured["forward_pass_s"].items()})
    values, with_queue = (
        yaml.safe_load((CHART / file).read_text())["autoscaling"]
        for file in ("values.yaml", "values/gpu.yaml")
    )
    queue_target_s = with_queue["queueMilliseconds"] / 1000
    trace = simulation.Trace.read(options.trace)
    plots = {
        "scaling_load": load_panels(times, values["capacityUsedPercent"] / 100),
        "scaling_cold_start": cold_start_panels(measured["start_s"]),
        "scaling_autoscaler": autoscaler_panels(times, trace, values, queue_target_s),
    }
    for name, panels in plots.items():
        (options.folder / f"{name}.svg").write_text(svg(panels))


if __name__ == "__main__":
    main()
