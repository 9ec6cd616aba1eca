#!/usr/bin/env python3
"""Ten times more requests than the daemon can answer, on a small queue.

    tests/benchmarks/overload/overload.py [--seconds 30] [--factor 10]

Measures the capacity with clients that wait for their answers, then sends
`factor` times as many requests a second without waiting. What must hold:
refusals are RESOURCE_EXHAUSTED and come at once, accepted requests are answered
within their deadline, health is answered meanwhile as if nothing were the matter,
and memory stays where it was. TRANSFORMERD names the daemon. Exit code 1 where one
of them does not hold.
"""

import argparse
import asyncio
import collections
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from daemon import Daemon  # noqa: E402

MODEL = ROOT / "tests" / "testdata" / "goldens" / "bert_base" / "model"
ROWS = 256  # of 24 tokens: work enough that the client is not the limit
QUEUE_REQUESTS = 16
# In terms of what a full queue takes, whatever the machine.
DEADLINE_IN_QUEUES = 4
REFUSAL_P99_S = 0.05
HEALTH_P99_S = 0.01
RSS_GROWTH_BYTES = 64 << 20
REFUSED = grpc.StatusCode.RESOURCE_EXHAUSTED


@dataclasses.dataclass
class Result:
    """Durations in seconds of calls by their status code."""

    durations: dict
    capacity: float  # answers a second
    deadline: float  # seconds
    rss_growth: int  # bytes
    health: list  # durations of probes meanwhile, in seconds

    def count(self, code):
        return len(self.durations.get(code, ()))

    def p99(self, code):
        return float(np.quantile(self.durations[code], 0.99))

    def health_p99(self):
        return float(np.quantile(self.health, 0.99))

    def problems(self):
        expected = {grpc.StatusCode.OK, REFUSED}
        found = [
            f"{self.count(code)} calls ended with {code.name}"
            for code in self.durations
            if code not in expected
        ]
        if not self.count(grpc.StatusCode.OK) or not self.count(REFUSED):
            found.append("nothing was answered, or nothing refused")
        if not self.health:
            found.append("health was not answered")
        if self.rss_growth > RSS_GROWTH_BYTES:
            found.append(f"memory grew by {self.rss_growth} bytes")
        return found


def make_request():
    ids = np.ones((ROWS, 24), np.int64)
    request = service_pb2.ModelInferRequest(model_name="bert")
    tensor = request.inputs.add(name="input_ids", datatype="INT64")
    tensor.shape.extend(ids.shape)
    request.raw_input_contents.append(ids.tobytes())
    request.outputs.add(name="pooler_output")
    return request


def rss(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return 1024 * int(re.search(r"^VmRSS:\s+(\d+)", file.read(), re.M)[1])


async def call(service, request, deadline, durations):
    begin = time.monotonic()
    try:
        await service.ModelInfer(request, timeout=deadline)
        code = grpc.StatusCode.OK
    except grpc.aio.AioRpcError as error:
        code = error.code()
    durations[code].append(time.monotonic() - begin)


async def measure_capacity(service, request, seconds):
    """Answers a second to as many clients as fill both workers."""
    durations = collections.defaultdict(list)
    end = time.monotonic() + seconds

    async def client():
        while time.monotonic() < end:
            await call(service, request, None, durations)

    await asyncio.gather(*[client() for _ in range(4)])
    return len(durations[grpc.StatusCode.OK]) / seconds


def start_probing(address, seconds):
    """A process that asks for health; on its standard output, how long that took."""
    command = [sys.executable, str(HERE / "health_probe.py"), address, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def overload(daemon, seconds, factor):
    request = make_request()
    async with grpc.aio.insecure_channel(daemon.address) as channel:
        service = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        capacity = await measure_capacity(service, request, max(1, seconds / 10))
        deadline = DEADLINE_IN_QUEUES * QUEUE_REQUESTS / capacity
        before = rss(daemon.process.pid)
        durations = collections.defaultdict(list)
        calls = set()
        # While everything is under way: neither the first requests nor the last.
        probes = start_probing(daemon.address, seconds * 0.8)
        begin = time.monotonic()
        for i in range(int(seconds * capacity * factor)):
            due = begin + i / (capacity * factor)
            await asyncio.sleep(max(0, due - time.monotonic()))
            task = asyncio.create_task(call(service, request, deadline, durations))
            calls.add(task)
            task.add_done_callback(calls.discard)
        await asyncio.gather(*calls)
        growth = rss(daemon.process.pid) - before
        health = json.loads(probes.communicate()[0])
        return Result(dict(durations), capacity, deadline, growth, health)


def run(seconds, factor):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "bert").symlink_to(MODEL)
        flags = ["--devices=cpu,cpu", f"--max_queue_requests={QUEUE_REQUESTS}"]
        daemon = Daemon(folder, "--load_model=bert", *flags)
        try:
            return asyncio.run(overload(daemon, seconds, factor))
        finally:
            daemon.kill()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--factor", type=float, default=10)
    args = parser.parse_args()
    result = run(args.seconds, args.factor)
    print(f"capacity {result.capacity:.0f} requests/s, deadline {1000 * result.deadline:.0f} ms")
    print(f"memory grew by {result.rss_growth >> 20} MiB")
    for code in result.durations:
        print(f"{code.name:20} {result.count(code):7} calls, p99 {1000 * result.p99(code):.1f} ms")
    print(
        f"{'health':20} {len(result.health):7} probes, p99 {1000 * result.health_p99():.1f} ms, "
        f"longest {1000 * max(result.health):.1f} ms"
    )
    problems = result.problems()
    if result.count(REFUSED) and result.p99(REFUSED) > REFUSAL_P99_S:
        problems.append(f"refusals took {1000 * result.p99(REFUSED):.0f} ms (p99)")
    if result.health_p99() > HEALTH_P99_S:
        problems.append(f"health took {1000 * result.health_p99():.0f} ms (p99)")
    for problem in problems:
        print("FAIL " + problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
