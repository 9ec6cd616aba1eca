"""A fleet under a trace of load: with a fixed number of pods, or with the autoscaler."""

import bisect
import csv
import dataclasses
import random

from autoscaler import SYNC_PERIOD_S, Autoscaler, replicas_for
from service import Fleet, Pod

# The daemon's default, and a request of one short text.
MAX_BATCH_TOKENS = 16384
TOKENS = 32
# Prometheus scrapes at each sync, as often as the chart's ServiceMonitor says.
QUEUE_WINDOW_SYNCS = 4


@dataclasses.dataclass(frozen=True)
class Moment:
    """What happened in the sync period that ended at `second`."""

    second: float
    requests_per_second: float
    replicas: int
    ready: int
    latencies_s: list


def percentile(values, share):
    """Of the sorted values; 0 of none."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


class Trace:
    """Requests a second over time, straight between the rows of a CSV file."""

    def __init__(self, rows):
        self._seconds = [float(second) for second, _ in rows]
        self._rates = [float(rate) for _, rate in rows]

    @classmethod
    def read(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(list(csv.reader(file))[1:])

    @property
    def end(self):
        return self._seconds[-1]

    def rate(self, second):
        right = min(max(bisect.bisect_left(self._seconds, second), 1), len(self._seconds) - 1)
        (t0, t1), (r0, r1) = self._seconds[right - 1 : right + 1], self._rates[right - 1 : right + 1]
        return r0 + (r1 - r0) * (second - t0) / (t1 - t0)

    def arrivals(self, seed=1):
        """Times of a Poisson process with this rate, by thinning one of the peak's."""
        generator, peak, now = random.Random(seed), max(self._rates), 0.0
        while (now := now + generator.expovariate(peak)) < self.end:
            if generator.random() * peak < self.rate(now):
                yield now


class Gauges:
    """The two metrics of each pod, as they are scraped."""

    def __init__(self):
        self._capacity, self._queue = {}, {}

    def scrape(self, now, pods):
        """(capacity used, mean seconds in the queue) of the pods that can be asked."""
        values = []
        for pod in pods:
            before = self._capacity.get(id(pod), (0.0, now - SYNC_PERIOD_S))
            share = (pod.busy_s - before[0]) / (now - before[1]) / pod.workers
            self._capacity[id(pod)] = (pod.busy_s, now)
            history = self._queue.setdefault(id(pod), [(0.0, 0)])
            history.append((pod.queue_s, pod.dequeued))
            del history[: -QUEUE_WINDOW_SYNCS - 1]
            waited, requests = (history[-1][i] - history[0][i] for i in (0, 1))
            values.append((min(share, 1.0), waited / requests if requests else 0.0))
        return values


def simulate(trace, make_pod, replicas, decide):
    """The Moments of a trace. make_pod(now) makes a pod that is asked for now, and
    decide(now, fleet, current) gives the number of pods from then on."""
    fleet = Fleet(make_pod)
    fleet.scale(float("-inf"), replicas)
    arrivals = trace.arrivals()
    arrival = next(arrivals, None)
    moments = []
    for sync in range(1, int(trace.end / SYNC_PERIOD_S) + 1):
        now, count, latencies = sync * SYNC_PERIOD_S, 0, []
        while arrival is not None and arrival < now:
            latencies += fleet.advance(arrival)
            fleet.accept(arrival, TOKENS)
            count += 1
            arrival = next(arrivals, None)
        latencies += fleet.advance(now)
        ready = len(fleet.ready(now))
        moments.append(Moment(now, count / SYNC_PERIOD_S, replicas, ready, latencies))
        replicas = decide(now, fleet, replicas)
        fleet.scale(now, replicas)
    return moments


def pods_with(times, workers, cold_start_s=0.0):
    """A make_pod() whose pods serve cold_start_s after they were asked for."""
    return lambda now: Pod(times, workers, MAX_BATCH_TOKENS, now + cold_start_s)


def fixed(_now, _fleet, replicas):
    return replicas


def autoscaled(rules, capacity_target, queue_target_s):
    """A decide() of the autoscaler; without a queue_target_s it looks at capacity alone."""
    autoscaler, gauges = Autoscaler(rules), Gauges()

    def decide(now, fleet, replicas):
        # Metrics are there once the ports are open: taken here as from ready on.
        reporting = fleet.ready(now)
        missing = replicas - len(reporting)
        values = gauges.scrape(now, reporting)
        wanted = [replicas_for([v[0] for v in values], missing, capacity_target)]
        if queue_target_s:
            wanted.append(replicas_for([v[1] for v in values], missing, queue_target_s))
        return autoscaler.decide(now, replicas, max(wanted))

    return decide
