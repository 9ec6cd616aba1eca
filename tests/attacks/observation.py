"""What an attack does to a daemon and to the valid client beside it."""

import collections
import contextlib
import dataclasses
import functools
import pathlib
import re
import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from ids_request import request_of
from targets import MODEL
from tritonclient.grpc import service_pb2_grpc

MOST_GROWTH_MB = 32
CALLS_PER_SECOND = 20
CALL_TIMEOUT_S = 5
# After an attack, for what the daemon still has to do for it.
AFTERMATH_S = 1.0


class ValidClient(threading.Thread):
    """Calls at a steady rate, on a new connection every second, and watches the health on
    another. From construction to close(), behind which `codes`, `latencies_s` and
    `stream_lasted` are the outcome."""

    def __init__(self, connect):
        super().__init__()
        self.codes, self.latencies_s = collections.Counter(), []
        self.stream_lasted = False
        self._connect = connect
        self._stopping = threading.Event()
        self._watched = connect()
        watch = health_pb2_grpc.HealthStub(self._watched).Watch
        self._health = watch(health_pb2.HealthCheckRequest(service="liveness"))
        next(self._health)
        self.start()

    def run(self):
        while not self._stopping.is_set():
            with self._connect() as channel:
                stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
                for _ in range(CALLS_PER_SECOND):
                    self._call(stub)
                    if self._stopping.wait(1 / CALLS_PER_SECOND):
                        break

    def _call(self, stub):
        begin, code = time.monotonic(), grpc.StatusCode.OK
        try:
            stub.ModelInfer(request_of(MODEL), timeout=CALL_TIMEOUT_S)
        except grpc.RpcError as error:
            code = error.code()
        self.codes[code.name] += 1
        self.latencies_s.append(time.monotonic() - begin)

    def close(self):
        self._stopping.set()
        self.join()
        self.stream_lasted = self._health.is_active()
        self._health.cancel()
        self._watched.close()


class Memory:
    """The resident memory of a process, in MB."""

    def __init__(self, pid):
        self._folder = pathlib.Path(f"/proc/{pid}")
        # What was the most until now is forgotten.
        (self._folder / "clear_refs").write_text("5")
        self.begin_mb = self._read("VmRSS")

    def most_mb(self):
        return self._read("VmHWM")

    def _read(self, name):
        status = (self._folder / "status").read_text()
        return int(re.search(rf"^{name}:\s*(\d+) kB", status, re.M)[1]) * 1024 / 1e6


@dataclasses.dataclass(frozen=True)
class Observation:
    sent_mb: float
    begin_mb: float
    most_mb: float
    codes: collections.Counter
    p99_ms: float
    stream_lasted: bool

    @property
    def growth_mb(self):
        return self.most_mb - self.begin_mb

    @property
    def is_harmless(self):
        return self.growth_mb <= MOST_GROWTH_MB and set(self.codes) == {"OK"} and self.stream_lasted


def observe(target_class, parties, attack, acknowledges):
    """Attacks a new daemon: one that was attacked keeps the memory that it took."""
    with contextlib.closing(target_class(parties)) as target:
        with contextlib.closing(ValidClient(target.channel)) as client:
            memory = Memory(target.daemon.process.pid)
            sent = attack(functools.partial(target.connect, acknowledges))
            time.sleep(AFTERMATH_S)
        latencies_s = sorted(client.latencies_s)
        return Observation(
            sent_mb=sent / 1e6,
            begin_mb=memory.begin_mb,
            most_mb=memory.most_mb(),
            codes=client.codes,
            p99_ms=1000 * latencies_s[int(0.99 * len(latencies_s))],
            stream_lasted=client.stream_lasted,
        )
