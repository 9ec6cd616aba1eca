"""peer_process.py PEER PRECISION CHECKPOINT FOLDER THREADS: runs passes of a peer.

Speaks as engine.cc does: {"ready": {...}} first, or {"unsupported": "why"} and the
end, then a line of answer for each line of input:

{"rows": [[ids], ...], "budget": 512, "passes": 3}  {"wall_s": [...], "cpu_s": [...]}
{"rows": ..., "budget": 512, "dump": "FILE"}        {"numbers": N}

A budget of null makes one batch of all rows. Padding, and what else a batch needs
before it can run, is not part of the times.
"""

import gc
import json
import os
import sys
import time

import numpy as np

from models import read_config
from peers.peer import Unsupported, class_of
from workloads import batches_of, pad


def answers_go_to():
    """The standard output for answers alone: what libraries print there goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


class Passes:
    def __init__(self, engine, padding_id, rows, budget):
        self.engine, self.rows = engine, rows
        self.indices = batches_of([len(row) for row in rows], budget)
        self.batches = [
            engine.batch(*pad([rows[i] for i in batch], padding_id)) for batch in self.indices
        ]

    def measure(self, passes):
        times = {"wall_s": [], "cpu_s": []}
        for _ in range(passes):
            wall, cpu = time.perf_counter(), time.process_time()
            for batch in self.batches:
                self.engine.run(batch)
            times["wall_s"].append(time.perf_counter() - wall)
            times["cpu_s"].append(time.process_time() - cpu)
        return times

    def dump(self, path):
        outputs = [None] * len(self.rows)
        for indices, batch in zip(self.indices, self.batches):
            hidden = self.engine.hidden(self.engine.run(batch))
            for i, output in zip(indices, hidden):
                outputs[i] = np.array(output[: len(self.rows[i])], np.float32)
        everything = np.concatenate(outputs)
        everything.tofile(path)
        return {"numbers": everything.size}


def main():
    peer, precision, checkpoint, folder, threads = sys.argv[1:]
    answers = answers_go_to()

    def answer(content):
        print(json.dumps(content), file=answers, flush=True)

    try:
        engine = class_of(peer)(checkpoint, folder, precision, int(threads))
    except Unsupported as reason:
        answer({"unsupported": str(reason)})
        return
    answer({"ready": {"version": engine.version}})
    padding_id = read_config(checkpoint).get("pad_token_id") or 0
    gc.disable()
    for line in sys.stdin:
        request = json.loads(line)
        passes = Passes(engine, padding_id, request["rows"], request["budget"])
        if "dump" in request:
            answer(passes.dump(request["dump"]))
        else:
            answer(passes.measure(request["passes"]))


if __name__ == "__main__":
    main()
