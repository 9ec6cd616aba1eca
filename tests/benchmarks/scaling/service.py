"""Pods that answer requests as fast as a real one was measured to."""

import bisect
import collections
import heapq
import itertools
import random


class ServiceTimes:
    """Seconds of a forward pass by its tokens: lines between the measured points."""

    def __init__(self, seconds_by_tokens):
        self._tokens = sorted(seconds_by_tokens)
        self._seconds = [seconds_by_tokens[tokens] for tokens in self._tokens]

    def best_rate(self):
        """Tokens a second of one worker, in batches of the size that suits it best."""
        return max(tokens / self._seconds[i] for i, tokens in enumerate(self._tokens))

    def of(self, tokens):
        # Before the first point and behind the last, the nearest line goes on.
        right = min(max(bisect.bisect_left(self._tokens, tokens), 1), len(self._tokens) - 1)
        (t0, t1), (s0, s1) = self._tokens[right - 1 : right + 1], self._seconds[right - 1 : right + 1]
        return max(s0 + (s1 - s0) * (tokens - t0) / (t1 - t0), 0)


class Pod:
    """Its idle workers take what waits, up to `max_batch_tokens`, as the daemon's do."""

    def __init__(self, times, workers, max_batch_tokens, ready_at):
        self.ready_at = ready_at
        self.is_leaving = False
        # Since the pod is there: of all workers, of all requests that left the queue.
        self.busy_s, self.queue_s, self.dequeued = 0.0, 0.0, 0
        self.workers = workers
        self._times, self._max_batch_tokens = times, max_batch_tokens
        self._idle = workers
        self._queue = collections.deque()

    @property
    def is_idle(self):
        return self._idle == self.workers and not self._queue

    def accept(self, now, tokens):
        self._queue.append((now, tokens))

    def start_batch(self, now):
        """(end, arrivals of its requests) of the batch that starts now, or None."""
        if not self._idle or not self._queue:
            return None
        arrivals, total = [], 0
        while self._queue and (not arrivals or total + self._queue[0][1] <= self._max_batch_tokens):
            arrived, tokens = self._queue.popleft()
            arrivals.append(arrived)
            total += tokens
        seconds = self._times.of(total)
        self._idle -= 1
        self.busy_s += seconds
        self.queue_s += sum(now - arrived for arrived in arrivals)
        self.dequeued += len(arrivals)
        return now + seconds, arrivals

    def end_batch(self):
        self._idle += 1


class Fleet:
    """Requests go to any of the ready pods: many clients, each of which takes the pods in
    turn, do so together. make_pod(now) makes one more pod."""

    def __init__(self, make_pod, seed=1):
        self.pods = []
        self._make_pod = make_pod
        self._random = random.Random(seed)
        # (time, tie-breaker, pod, arrivals) of batches that run.
        self._ends, self._order = [], itertools.count()

    def staying(self):
        return [pod for pod in self.pods if not pod.is_leaving]

    def ready(self, now):
        return [pod for pod in self.staying() if pod.ready_at <= now]

    def scale(self, now, replicas):
        staying = self.staying()
        self.pods = [pod for pod in self.pods if not (pod.is_leaving and pod.is_idle)]
        self.pods += [self._make_pod(now) for _ in range(replicas - len(staying))]
        # The newest leave first, and finish what they have.
        for pod in staying[replicas:]:
            pod.is_leaving = True

    def accept(self, now, tokens):
        pod = self._random.choice(self.ready(now))
        pod.accept(now, tokens)
        self._start(now, pod)

    def advance(self, until):
        """Ends the batches that end by `until`; the latencies of their requests."""
        latencies = []
        while self._ends and self._ends[0][0] <= until:
            now, _, pod, arrivals = heapq.heappop(self._ends)
            latencies += [now - arrived for arrived in arrivals]
            pod.end_batch()
            self._start(now, pod)
        return latencies

    def _start(self, now, pod):
        while (batch := pod.start_batch(now)) is not None:
            heapq.heappush(self._ends, (batch[0], next(self._order), pod, batch[1]))
