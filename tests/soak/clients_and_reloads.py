#!/usr/bin/env python3
"""Clients that never stop while another model comes and goes.

    tests/soak/clients_and_reloads.py [--seconds 60] [--clients 16]

Every client checks each of its answers against a golden case; meanwhile a
second model is loaded and unloaded over and over, and asked for as well: it may
be there or not, but what it answers must be right. Ends with exit code 1 at the
first wrong answer, unexpected error or unclean exit of the daemon. Build the
daemon with --config=asan to have its memory watched (TRANSFORMERD names it).
"""

import argparse
import collections
import pathlib
import sys
import tempfile
import threading
import time

import numpy as np
from tritonclient.utils import InferenceServerException

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from daemon import Daemon  # noqa: E402
from golden import assert_close, read_case  # noqa: E402

GOLDENS = ROOT / "tests" / "testdata" / "goldens"
STEADY, COMING_AND_GOING = "bert_base", "bert_seq_cls"
# What a client may hear of a model that is being loaded or unloaded.
NOT_THERE = {"StatusCode.NOT_FOUND", "StatusCode.UNAVAILABLE"}


class Soak:
    """Counts what happened; any problem stops all threads."""

    def __init__(self, daemon, seconds):
        self.daemon = daemon
        self.end = time.monotonic() + seconds
        self.problems = []
        self.counts = collections.Counter()
        self.cases = {name: read_case(GOLDENS / name) for name in (STEADY, COMING_AND_GOING)}

    def running(self):
        return not self.problems and time.monotonic() < self.end

    def guarded(self, work):
        def run(*args):
            try:
                while self.running():
                    work(*args)
            except Exception as error:  # noqa: BLE001: any is a finding
                self.problems.append(f"{work.__name__}: {error!r}")

        return run

    def ask(self, random):
        name = STEADY if random.random() < 0.7 else COMING_AND_GOING
        case, probes = self.cases[name]
        probe = probes[random.choice(sorted(probes))]
        outputs = list(probe["out"])
        try:
            got = self.daemon.infer(name, probe["in"], outputs)
        except InferenceServerException as error:
            if name == STEADY or error.status() not in NOT_THERE:
                raise
            self.counts["not there"] += 1
            return
        for output in outputs:
            assert_close(
                output, got[output], probe["out"][output], probe["in"], **case["tolerance"]
            )
        self.counts["answers"] += 1

    def reload(self, random):
        self.daemon.load(COMING_AND_GOING, dtype="float32")
        self.counts["loads"] += 1
        if random.random() < 0.3:  # while it is ready
            self.daemon.load(COMING_AND_GOING, dtype="float32")
        self.daemon.client.unload_model(COMING_AND_GOING)


def run(seconds, clients, flags=()):
    """The problems found, and counts of what was done."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (STEADY, COMING_AND_GOING):
            (pathlib.Path(folder) / name).symlink_to(GOLDENS / name / "model")
        daemon = Daemon(folder, f"--load_model={STEADY}", *flags)
        try:
            soak = Soak(daemon, seconds)
            generators = map(np.random.default_rng, range(clients + 1))
            works = [soak.reload] + [soak.ask] * clients
            threads = [
                threading.Thread(target=soak.guarded(work), args=(random,))
                for work, random in zip(works, generators)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            code = daemon.stop()
            log = daemon.log()
        finally:
            daemon.kill()
    if code != 0:
        soak.problems.append(f"the daemon ended with {code}")
    soak.problems += [line for line in log.split("\n") if "Sanitizer" in line]
    return soak.problems, soak.counts


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    args = parser.parse_args()
    problems, counts = run(args.seconds, args.clients, ["--devices=cpu,cpu"])
    for problem in problems:
        print("FAIL " + problem)
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
