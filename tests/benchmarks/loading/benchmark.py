"""Measures how long checkpoints take to load, and what it costs. See run.sh."""

import argparse
import collections
import itertools
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time

import checkpoints
import plot
import ratios

HERE = os.path.dirname(os.path.abspath(__file__))
MIB = 1 << 20
PSS_PERIOD_S = 0.05
TIMEOUT_S = 300

Case = collections.namedtuple("Case", "shape cache who workers how")
Row = collections.namedtuple("Row", "case wall_s cpu_s pss_bytes bytes_read bytes_sent")

OURS = [
    ("shared", "memory_efficient"),
    ("private", "memory_efficient"),
    ("gloo", "memory_efficient"),
    ("private", "free_for_all"),
]
PYTHON = ["mmap", "broadcast_in_place", "broadcast", "free_for_all", "three_copies"]


def pss_bytes(pid):
    """The process's share of the memory of this machine, 0 where it is gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def drop_from_cache(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def read_whole(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(16 * MIB):
            pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def commands_of(case, folder, load_once):
    """One command a process."""
    if case.who == "transformerd":
        replicas, strategy = case.how
        return [[load_once, folder, str(case.workers), replicas, strategy]]
    port = str(free_port())
    worker = os.path.join(HERE, "python_worker.py")
    return [
        [sys.executable, worker, case.how, folder, str(rank), str(case.workers), port]
        for rank in range(case.workers)
    ]


class Run:
    """One load by one or more processes that start together."""

    def __init__(self, commands):
        environment = {
            **os.environ,
            "GLOO_SOCKET_IFNAME": "lo",
            "HF_HUB_OFFLINE": "1",
            "OMP_NUM_THREADS": "1",
            "TRANSFORMERS_VERBOSITY": "error",
        }
        self.processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )
            for command in commands
        ]
        # One that never answers is killed, which ends the reading below.
        self.watchdog = threading.Timer(TIMEOUT_S, self.kill)
        self.watchdog.start()

    def kill(self):
        for process in self.processes:
            process.kill()

    def lines(self):
        """The next line of each process."""
        lines = [process.stdout.readline() for process in self.processes]
        if not all(lines):
            self.kill()
            errors = [process.stderr.read()[-2000:] for process in self.processes]
            raise SystemExit("a process ended early:\n" + "\n".join(errors))
        return lines

    def go_on(self):
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()

    def total_pss(self):
        return sum(pss_bytes(process.pid) for process in self.processes)

    def load(self):
        """The results of all processes."""
        self.go_on()
        return [json.loads(line) for line in self.lines()]

    def load_watching_memory(self):
        """The peak memory above that of the start."""
        base = self.total_pss()
        results = []
        reader = threading.Thread(target=lambda: results.extend(self.lines()))
        self.go_on()
        reader.start()
        peak = 0
        while reader.is_alive():
            peak = max(peak, self.total_pss())
            time.sleep(PSS_PERIOD_S)
        reader.join()
        if len(results) != len(self.processes):
            raise SystemExit("no result")
        return max(peak, self.total_pss()) - base

    def end(self):
        self.go_on()
        for process in self.processes:
            process.wait()
        self.watchdog.cancel()


def start(case, folder, load_once):
    """The processes of a case, ready to load, with the cache as it says."""
    run = Run(commands_of(case, folder, load_once))
    run.lines()
    path = os.path.join(folder, "model.safetensors")
    if case.cache == "cold":
        drop_from_cache(path)
    else:
        read_whole(path)
    return run


def measure_memory(case, folder, load_once):
    run = start(case, folder, load_once)
    peak = run.load_watching_memory()
    run.end()
    return peak


def measure_time(case, folder, load_once):
    run = start(case, folder, load_once)
    results = run.load()
    run.end()
    return {
        "wall_s": max(result["wall_s"] for result in results),
        "cpu_s": sum(result["cpu_s"] for result in results),
        "bytes_read": sum(result["bytes_read"] for result in results),
        "bytes_sent": sum(result["bytes_sent"] for result in results),
    }


def cases_of(arguments):
    for shape, cache in itertools.product(arguments.shapes, arguments.caches):
        for workers in arguments.workers:
            for how in OURS:
                yield Case(shape, cache, "transformerd", workers, how)
            # A broadcast among one is none.
            if not arguments.skip_python and workers > 1:
                for how in PYTHON:
                    yield Case(shape, cache, "Python", workers, how)


def label_of(case):
    return ", ".join(case.how) if case.who == "transformerd" else case.how.replace("_", " ")


def print_table(rows, out):
    columns = [
        "checkpoint", "cache", "workers", "who", "how", "wall s", "CPU s",
        "peak PSS MiB", "read MiB", "sent MiB",
    ]  # fmt: skip
    print("| " + " | ".join(columns) + " |", file=out)
    print("| " + " | ".join(["---"] * 5 + ["---:"] * 5) + " |", file=out)
    for row in rows:
        case = row.case
        numbers = [f"{row.wall_s:.2f}", f"{row.cpu_s:.2f}"]
        numbers += [f"{n / MIB:.0f}" for n in (row.pss_bytes, row.bytes_read, row.bytes_sent)]
        texts = [case.shape, case.cache, str(case.workers), case.who, label_of(case)]
        print("| " + " | ".join(texts + numbers) + " |", file=out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--load_once", required=True, help="the program of that name")
    parser.add_argument("--folder", required=True, help="where checkpoints are made and kept")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--shapes", nargs="+", default=list(checkpoints.SHAPES))
    parser.add_argument("--caches", nargs="+", default=["warm", "cold"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2, 4])
    parser.add_argument("--skip_python", action="store_true")
    parser.add_argument("--svg", help="file for the plot")
    arguments = parser.parse_args()

    folders = {}
    for shape in arguments.shapes:
        folders[shape] = os.path.join(arguments.folder, shape)
        checkpoints.make(shape, folders[shape])
    cases = list(cases_of(arguments))
    # Looking at a process's memory stops it for a while: not in the runs that are timed.
    # It is the same whether the file is in the cache or not.
    peaks = {}
    for case in cases:
        key = case._replace(cache="any")
        if key not in peaks:
            peaks[key] = measure_memory(case, folders[case.shape], arguments.load_once)
            print(f"memory: {key}: {peaks[key] / MIB:.0f} MiB", file=sys.stderr)
    # Rounds and not repetitions, each in an order of its own: what else the machine
    # does, and what state a load leaves the memory in, meets all alike.
    measured = collections.defaultdict(list)
    for run in range(arguments.runs):
        for case in random.Random(run).sample(cases, len(cases)):
            measured[case].append(measure_time(case, folders[case.shape], arguments.load_once))
            print(f"run {run + 1}: {case}: {measured[case][-1]}", file=sys.stderr)
    rows = []
    for case in cases:
        runs = measured[case]
        medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        peak = peaks[case._replace(cache="any")]
        rows.append(Row(case=case, pss_bytes=peak, **medians))
    print_table(rows, sys.stdout)
    ratios.print_table(rows, sys.stdout)
    if arguments.svg:
        with open(arguments.svg, "w", encoding="utf-8") as file:
            file.write(plot.svg([(label_of(row.case), row) for row in rows]))


if __name__ == "__main__":
    main()
