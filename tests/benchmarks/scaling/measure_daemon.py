#!/usr/bin/env python3
"""measure_daemon.py > measured.json: what plots.py has to know of this machine.

CPU time of a worker's thread for forward passes of all-MiniLM-L6-v2 by their tokens, by
the kernel's count, which a busy machine does not stretch; and the seconds from the start
of the process to open ports. TRANSFORMERD and MINILM_DIR name the daemon and the model.
"""

import json
import os
import pathlib
import re
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/integration"))
from daemon import Daemon  # noqa: E402

TOKENS_OF_A_ROW = 32
ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256]
LEAST_CPU_S = 2.0
STARTS = 5


def cpu_seconds_of_worker(daemon):
    """CPU time of the one worker's thread, to the nanosecond."""
    for task in pathlib.Path(f"/proc/{daemon.process.pid}/task").iterdir():
        if (task / "comm").read_text().startswith("worker-"):
            return int((task / "schedstat").read_text().split()[0]) / 1e9
    raise RuntimeError("the daemon has no worker")


def forward_pass_s(daemon, rows):
    """Mean CPU time of a forward pass of so many rows."""
    inputs = {"input_ids": np.full((rows, TOKENS_OF_A_ROW), 2003, dtype=np.int64)}
    daemon.infer("minilm", inputs, outputs=["sentence_embedding"])
    begin, passes = cpu_seconds_of_worker(daemon), 0
    while (spent := cpu_seconds_of_worker(daemon) - begin) < LEAST_CPU_S:
        daemon.infer("minilm", inputs, outputs=["sentence_embedding"])
        passes += 1
    return spent / passes


def start_s(repository):
    """From the start of the process to open ports, at the quickest of a few."""
    seconds = []
    for _ in range(STARTS):
        begin = time.monotonic()
        daemon = Daemon(repository, wait_until_ready=False)
        seconds.append(time.monotonic() - begin)
        daemon.kill()
    return min(seconds)


def cpu_name():
    return re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]


def main():
    with tempfile.TemporaryDirectory() as repository:
        pathlib.Path(repository, "minilm").symlink_to(os.environ["MINILM_DIR"])
        started = start_s(repository)
        daemon = Daemon(repository, "--load_model=minilm", "--devices=cpu", "--threads_per_worker=1")
        try:
            points = [(rows * TOKENS_OF_A_ROW, forward_pass_s(daemon, rows)) for rows in ROWS]
        finally:
            daemon.kill()
    measured = {
        "cpu": cpu_name(),
        "model": "all-MiniLM-L6-v2",
        "start_s": round(started, 3),
        "forward_pass_s": {tokens: float(f"{seconds:.3g}") for tokens, seconds in points},
    }
    print(json.dumps(measured, indent=2))
    largest, seconds = points[-1]
    print(f"{largest / seconds:.0f} tokens a second and core", file=sys.stderr)


if __name__ == "__main__":
    main()
