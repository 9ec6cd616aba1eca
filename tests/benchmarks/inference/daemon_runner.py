"""Passes over gRPC: what a pass costs the daemon, with all that belongs to serving."""

import os
import pathlib
import sys
import tempfile
import threading
import time

import numpy as np
from tritonclient.grpc import service_pb2

from workloads import pad

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "integration"))
from daemon import Daemon  # noqa: E402

OUTPUT = "sentence_embedding"
NAME = "model"


def cpu_clock_of(pid):
    """The clock of another process's CPU time, as Linux numbers them."""
    return (~pid << 3) | 2


def request_of(rows):
    request = service_pb2.ModelInferRequest(model_name=NAME)
    request.outputs.add(name=OUTPUT)
    for name, array in zip(("input_ids", "attention_mask"), pad(rows)):
        tensor = request.inputs.add(name=name, datatype="INT64")
        tensor.shape.extend(array.shape)
        request.raw_input_contents.append(array.tobytes())
    return request


class DaemonRunner:
    """A daemon with one worker, and so many clients that each wait for their answers.

    One client sends a workload as one request; of several, each sends one row at a
    time. CPU time is the daemon's alone.
    """

    pads = False

    def __init__(self, checkpoint, dtype, threads, clients):
        self.clients, self.facts = clients, {}
        self.repository = tempfile.TemporaryDirectory()
        os.symlink(checkpoint, os.path.join(self.repository.name, NAME))
        self.daemon = Daemon(
            self.repository.name,
            f"--load_model={NAME}",
            "--devices=cpu",
            f"--dtype={dtype}",
            f"--threads_per_worker={threads}",
        )
        self.call = self.daemon.client._client_stub.ModelInfer
        self.clock = cpu_clock_of(self.daemon.process.pid)

    def _requests(self, rows):
        if self.clients == 1:
            return [request_of(rows)]
        return [request_of([row]) for row in rows]

    def _answer_all(self, requests):
        """At most as many at once as there are clients."""
        gate = threading.Semaphore(self.clients)
        calls = []
        for request in requests:
            gate.acquire()
            calls.append(self.call.future(request))
            calls[-1].add_done_callback(lambda _: gate.release())
        return [call.result() for call in calls]

    def passes(self, rows, count, budget=None):
        """Seconds of the mean pass: of many clients, several passes run into each other."""
        requests = self._requests(rows)
        # So many that most of the time all clients have a request under way.
        count = max(count, -(-4 * self.clients // len(requests))) if self.clients > 1 else count
        wall, cpu = time.perf_counter(), time.clock_gettime(self.clock)
        self._answer_all(requests * count)
        wall, cpu = time.perf_counter() - wall, time.clock_gettime(self.clock) - cpu
        return {"wall_s": [wall / count], "cpu_s": [cpu / count]}

    def outputs(self, rows, budget=None):
        """The embedding of each row, [hidden]."""
        answers = self._answer_all(self._requests(rows))
        raw = b"".join(answer.raw_output_contents[0] for answer in answers)
        return list(np.frombuffer(raw, np.float32).reshape(len(rows), -1))

    def close(self):
        self.daemon.kill()
        self.repository.cleanup()
