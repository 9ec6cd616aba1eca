#!/usr/bin/env python3
"""Loads and unloads one model over and over and watches the daemon's memory.

    tests/soak/load_cycles.py [--cycles 200] [--megabytes 400] [--devices cpu]

The model is a BERT of zeros of about that size, made on the spot. Some of the
cycles cancel their load halfway. Memory is taken after each unload, when the
answer says that all of it is back. Ends with exit code 1 where the memory after
the last cycles is more than 2 % over that after the first few, which warm up
what the process keeps for itself, or where the daemon does not end cleanly.

The daemon's allocator is told to give back at once what is freed. By itself glibc
keeps a few megabytes, one time at the end of one thread's heap and another time of
another's, which would hide what the daemon holds.
TRANSFORMERD names the daemon.
"""

import argparse
import json
import pathlib
import re
import struct
import sys
import tempfile

import grpc
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from daemon import Daemon  # noqa: E402

HIDDEN, LAYERS, POSITIONS = 768, 4, 64
# What the allocator and the engine keep is there after so many cycles.
WARM_UP_CYCLES = 5
CANCEL_EVERY = 10
TOLERANCE = 0.02
GIVE_BACK_AT_ONCE = {"MALLOC_TRIM_THRESHOLD_": "131072", "MALLOC_MMAP_THRESHOLD_": "131072"}


def bert_shapes(vocabulary):
    """Names and shapes of the tensors of a BertModel."""
    shapes = {
        "embeddings.word_embeddings.weight": (vocabulary, HIDDEN),
        "embeddings.position_embeddings.weight": (POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "pooler.dense.weight": (HIDDEN, HIDDEN),
        "pooler.dense.bias": (HIDDEN,),
    }
    linears = {
        "attention.self.query": (HIDDEN, HIDDEN),
        "attention.self.key": (HIDDEN, HIDDEN),
        "attention.self.value": (HIDDEN, HIDDEN),
        "attention.output.dense": (HIDDEN, HIDDEN),
        "intermediate.dense": (4 * HIDDEN, HIDDEN),
        "output.dense": (HIDDEN, 4 * HIDDEN),
    }
    norms = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        for name, shape in linears.items():
            shapes[prefix + name + ".weight"] = shape
            shapes[prefix + name + ".bias"] = shape[:1]
        norms += [prefix + "attention.output.LayerNorm", prefix + "output.LayerNorm"]
    for norm in norms:
        shapes[norm + ".weight"] = shapes[norm + ".bias"] = (HIDDEN,)
    return shapes


def write_checkpoint(folder, megabytes):
    """A BertModel of zeros; returns the bytes of its weights."""
    fixed = sum(4 * int(np.prod(shape)) for shape in bert_shapes(0).values())
    vocabulary = max(1000, (megabytes * 10**6 - fixed) // (4 * HIDDEN))
    header, end = {}, 0
    for name, shape in bert_shapes(vocabulary).items():
        begin, end = end, end + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir(parents=True)
    zeros = np.zeros(1 << 20, dtype=np.uint8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for begin in range(0, end, zeros.size):
            file.write(zeros[: min(zeros.size, end - begin)])
    config = {
        "model_type": "bert",
        "architectures": ["BertModel"],
        "vocab_size": vocabulary,
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 12,
        "intermediate_size": 4 * HIDDEN,
        "max_position_embeddings": POSITIONS,
        "hidden_act": "gelu",
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
    }
    (folder / "config.json").write_text(json.dumps(config))
    return end


def resident_bytes(daemon):
    status = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return 1024 * int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1])


def cancel_halfway(daemon):
    """True where the load was cancelled before it was over."""
    try:
        daemon.load("zeros", timeout=0.05)
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)
        return True
    return False


def run(cycles, megabytes, flags=()):
    """The problems found, and the memory after each cycle."""
    problems, memory = [], []
    with tempfile.TemporaryDirectory() as repository:
        weights = write_checkpoint(pathlib.Path(repository) / "zeros", megabytes)
        daemon = Daemon(repository, *flags, environment=GIVE_BACK_AT_ONCE)
        try:
            for cycle in range(cycles):
                if cycle % CANCEL_EVERY == CANCEL_EVERY - 1:
                    cancel_halfway(daemon)
                else:
                    daemon.load("zeros")
                    if resident_bytes(daemon) < weights:
                        problems.append(f"cycle {cycle}: the model is not in memory")
                daemon.client.unload_model("zeros")
                memory.append(resident_bytes(daemon))
            released = daemon.metric("transformerd_unload_released_bytes")
            if released < weights:
                problems.append(f"the last unload released {released}, expected {weights}")
            if daemon.stop() != 0:
                problems.append("the daemon did not end cleanly")
        finally:
            daemon.kill()
    before = max(memory[: WARM_UP_CYCLES + 1])
    after = memory[-1]
    if after > (1 + TOLERANCE) * before:
        problems.append(f"{after} bytes after {cycles} cycles, {before} after the first ones")
    return problems, memory


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--devices", default="cpu")
    args = parser.parse_args()
    problems, memory = run(args.cycles, args.megabytes, [f"--devices={args.devices}"])
    for problem in problems:
        print("FAIL " + problem)
    shown = [f"{memory[i] / 1e6:.1f}" for i in (0, len(memory) // 2, -1)]
    print(f"{len(memory)} cycles; MB in memory after the first, middle and last: " + ", ".join(shown))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
