#!/usr/bin/env python3
"""SIGTERM and SIGINT under load, over and over: no accepted request is lost.

    tests/soak/sigterm.py [--rounds 200] [--clients 16]

Each round starts a daemon, lets clients send requests without a pause on
connections of their own, stops the daemon at a random moment and looks at how
every single call ended. What may happen to a call:

    answered   its answer is the golden one
    refused    UNAVAILABLE with a RetryInfo: the daemon said that it drains
    too late   UNAVAILABLE: the daemon had stopped, or nobody listened any more

Anything else is a lost request and a problem, and so are a refusal during
--drain_delay, an exit code other than 0 and a health watch that does not end at
once. TRANSFORMERD names the daemon. Exit code 1 where there is a problem.
"""

import argparse
import collections
import pathlib
import signal
import sys
import tempfile
import threading
import time

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from daemon import Daemon  # noqa: E402
from golden import assert_close, read_case  # noqa: E402

GOLDEN = ROOT / "tests" / "testdata" / "goldens" / "bert_base"
OUTPUT = "pooler_output"
DRAIN_DELAY_S = 0.1
# For the watch to hear of the drain on a busy machine, far below what an open
# stream would hold the daemon up.
WATCH_PATIENCE_S = 5
# The daemon's last word, and gRPC's where a call found no connection to go out on.
TOO_LATE = (
    "the server has stopped",
    "failed to connect",
    "Connection refused",
    "connections to all backends",
)
CHANNEL = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]


def retry_info(error):
    """Whether an error carries google.rpc.RetryInfo."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            return b"google.rpc.RetryInfo" in value
    return False


class Requests:
    """Requests of several sizes, and what must come back."""

    def __init__(self):
        case, probes = read_case(GOLDEN)
        self.tolerance = case["tolerance"]
        self.probes = [probe for probe in probes.values() if OUTPUT in probe["out"]]
        self.messages = [self._message(probe["in"]) for probe in self.probes]

    @staticmethod
    def _message(inputs):
        request = service_pb2.ModelInferRequest(model_name="bert")
        for name, array in inputs.items():
            tensor = request.inputs.add(name=name, datatype="INT64")
            tensor.shape.extend(array.shape)
            request.raw_input_contents.append(np.asarray(array, np.int64).tobytes())
        request.outputs.add(name=OUTPUT)
        return request

    def check(self, number, answer):
        probe = self.probes[number]
        want = probe["out"][OUTPUT]
        got = np.frombuffer(answer.raw_output_contents[0], np.float32).reshape(want.shape)
        assert_close(OUTPUT, got, want, probe["in"], **self.tolerance)


class Round:
    """One daemon from its start to its end."""

    def __init__(self, daemon, requests, clients):
        self.daemon = daemon
        self.requests = requests
        self.outcomes = collections.Counter()
        self.problems = []
        self.stopped_at = float("inf")
        self.watching = threading.Event()  # or has given up
        self.threads = [threading.Thread(target=self._client, args=(i,)) for i in range(clients)]
        self.threads.append(threading.Thread(target=self._watch))

    def run(self, load_seconds, number):
        for thread in self.threads:
            thread.start()
        self.watching.wait()
        while self.outcomes["answered"] < 2 * len(self.threads) and not self.problems:
            time.sleep(0.005)
        time.sleep(load_seconds)
        self.stopped_at = time.monotonic()
        code = self.daemon.stop(number)
        for thread in self.threads:
            thread.join()
        if code != 0:
            self.problems.append(f"exit code {code}:\n{self.daemon.log()}")

    def _client(self, number):
        with grpc.insecure_channel(self.daemon.address, CHANNEL) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            outcome = "answered"
            while outcome in ("answered", "refused") and not self.problems:
                number = (number + 1) % len(self.requests.messages)
                outcome = self._call(stub, number)
                self.outcomes[outcome] += 1

    def _call(self, stub, number):
        sent_at = time.monotonic()
        try:
            answer = stub.ModelInfer(self.requests.messages[number], timeout=60)
        except grpc.RpcError as error:
            return self._classify(error, sent_at)
        try:
            self.requests.check(number, answer)
        except AssertionError as error:
            self.problems.append(f"wrong answer: {error}")
        return "answered"

    def _classify(self, error, sent_at):
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            if retry_info(error):
                if time.monotonic() < self.stopped_at + DRAIN_DELAY_S:
                    self.problems.append(f"refused too early: {error.details()}")
                return "refused"
            if any(words in error.details() for words in TOO_LATE):
                return "too late"
        late = sent_at - self.stopped_at
        self.problems.append(f"lost, sent {late:.3f} s after the signal: {error!r}")
        return "lost"

    def _watch(self):
        """The stream tells of the drain and ends."""
        with grpc.insecure_channel(self.daemon.address, CHANNEL) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            statuses = []
            try:
                for answer in stub.Watch(health_pb2.HealthCheckRequest(), timeout=60):
                    statuses.append(answer.status)
                    self.watching.set()
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    self.problems.append(f"health watch: {error!r}")
            self.watching.set()
            if time.monotonic() > self.stopped_at + WATCH_PATIENCE_S:
                self.problems.append("the health watch outlived the signal")
            answer = health_pb2.HealthCheckResponse
            if statuses != [answer.SERVING, answer.NOT_SERVING]:
                self.problems.append(f"health watch told {statuses}")


def run(rounds, clients, seed=0, report=lambda number, outcomes: None):
    """The problems found, and counts of how calls ended."""
    random = np.random.default_rng(seed)
    requests = Requests()
    problems, outcomes = [], collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "bert").symlink_to(GOLDEN / "model")
        for number in range(rounds):
            daemon = Daemon(folder, "--load_model=bert", f"--drain_delay={DRAIN_DELAY_S}s")
            try:
                one = Round(daemon, requests, clients)
                one.run(random.uniform(0, 0.2), random.choice([signal.SIGTERM, signal.SIGINT]))
            finally:
                daemon.kill()
            outcomes.update(one.outcomes)
            problems += [f"round {number}: {problem}" for problem in one.problems]
            report(number, one.outcomes)
    return problems, outcomes


def describe(outcomes):
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    problems, outcomes = run(
        args.rounds,
        args.clients,
        args.seed,
        report=lambda number, counts: print(f"round {number}: {describe(counts)}", flush=True),
    )
    for problem in problems:
        print("FAIL " + problem)
    print(f"{args.rounds} signals: {describe(outcomes)}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
