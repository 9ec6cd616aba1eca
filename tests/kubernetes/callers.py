"""Clients that call a Service all the time, as the chart's notes tell them to."""

import collections
import json
import re
import threading
import time

import grpc
from tritonclient.grpc import service_pb2_grpc

CALLERS = 4
# For the whole of a call, its repetitions included.
DEADLINE_S = 20
PAUSE_S = 0.01

# Of all callers so far.
totals = {"calls": 0, "failed": 0}


def service_config(notes):
    """The service config in the chart's NOTES.txt."""
    return json.loads(re.search(r"^ {4}\{.*?^ {4}\}", notes, re.M | re.S)[0])


def channel_to(target, config):
    return grpc.insecure_channel(target, options=[
        ("grpc.service_config", json.dumps(config)),
        ("grpc.enable_retries", 1),
        # Each caller is a client of its own.
        ("grpc.use_local_subchannel_pool", 1),
        # By default a client asks the DNS every 30 s at most.
        ("grpc.dns_min_time_between_resolutions_ms", 1000),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ])


class Callers:
    """Call from construction to stop(); then `calls` and `failures` are the outcome."""

    def __init__(self, target, config, request, pause_s=PAUSE_S):
        self.calls = 0
        self.failures = collections.Counter()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(target, config, request, pause_s))
            for _ in range(CALLERS)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, target, config, request, pause_s):
        with channel_to(target, config) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            while not self._stopping.wait(pause_s):
                try:
                    stub.ModelInfer(request, timeout=DEADLINE_S)
                    failure = None
                except grpc.RpcError as error:
                    failure = f"{error.code().name}: {error.details()}"
                with self._lock:
                    self.calls += 1
                    if failure:
                        self.failures[failure] += 1

    def call_until(self, calls, timeout_s):
        deadline = time.monotonic() + timeout_s
        while self.calls < calls and time.monotonic() < deadline:
            time.sleep(PAUSE_S)

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        totals["calls"] += self.calls
        totals["failed"] += sum(self.failures.values())
