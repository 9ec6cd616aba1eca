"""Runs passes in another process: one interface over our program, peers and the daemon."""

import json
import os
import subprocess
import tempfile
import threading

import numpy as np

TIMEOUT_S = 1800


class Unsupported(Exception):
    """The engine says why it cannot run this."""


class LineRunner:
    """A process that answers lines of JSON with lines of JSON; see engine.cc."""

    # Whether it pads batches, and has to be told how large they may be.
    pads = False

    def __init__(self, command, threads):
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(threads)},
        )
        first = self._read()
        if "unsupported" in first:
            self.close()
            raise Unsupported(first["unsupported"])
        self.facts = first["ready"]

    def _read(self):
        # One that never answers is killed, which ends the reading.
        watchdog = threading.Timer(TIMEOUT_S, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            self.process.wait()
            self.log.seek(0)
            raise RuntimeError(f"{self.process.args} ended:\n{self.log.read()[-3000:]}")
        return json.loads(line)

    def ask(self, **request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self._read()

    def passes(self, rows, count, budget=None):
        """Seconds of each pass: {"wall_s": [...], "cpu_s": [...]}."""
        return self.ask(rows=rows, passes=count, budget=budget)

    def outputs(self, rows, budget=None):
        """The last hidden state of each row, [tokens, hidden]."""
        with tempfile.NamedTemporaryFile() as file:
            numbers = self.ask(rows=rows, budget=budget, dump=file.name)["numbers"]
            flat = np.fromfile(file.name, np.float32, numbers)
        lengths = [len(row) for row in rows]
        return np.split(flat.reshape(sum(lengths), -1), np.cumsum(lengths)[:-1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.log.close()


class OwnRunner(LineRunner):
    """One of our engines, in as many workers."""

    def __init__(self, program, checkpoint, kind, dtype, threads, workers):
        flags = [f"--model={checkpoint}", f"--engine={kind}", f"--dtype={dtype}"]
        flags += [f"--threads={threads}", f"--workers={workers}"]
        super().__init__([program, *flags], threads)

    def passes_of_all_workers(self, rows, count, workers):
        """The same of `workers` at once, `count` passes each."""
        return self.ask(rows=rows, passes=count, workers=workers)

    def peak(self, dtype):
        """What registers alone allow: {"instruction": ..., "flop_per_second": ...}."""
        return self.ask(peak=dtype)

    def memory_rates(self, cores):
        """Bytes a second that each of so many cores reads, all at once."""
        return self.ask(memory_rate_of=cores)["bytes_per_second"]

    def linear_rates(self, dtype, rows, inputs, outputs, weights):
        """Operations a second of the linear kernel, each time through so many weights."""
        shape = {"dtype": dtype, "rows": rows, "inputs": inputs, "outputs": outputs}
        return self.ask(linear={**shape, "weights": weights})["flop_per_second"]


class PeerRunner(LineRunner):
    pads = True
