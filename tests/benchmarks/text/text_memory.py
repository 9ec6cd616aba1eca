#!/usr/bin/env python3
"""How much memory and time the tokenizer takes for the longest text allowed.

    tests/benchmarks/text/text_memory.py

Starts the daemon (TRANSFORMERD) on MiniLM (MINILM_DIR) for each kind of text, embeds
one text of 1 MiB with truncation, and prints by how much the process's peak grew, as
a multiple of the text, and the seconds of the call.
"""

import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
from daemon import Daemon  # noqa: E402
from text_service import TextService  # noqa: E402

BYTES = 1 << 20
TEXTS = {
    "words": ("the model of a language is a machine for words " * (BYTES // 40))[:BYTES],
    "letters": "a " * (BYTES // 2),
    "ideographs": "\u65e5" * (BYTES // 3),
}


def peak_bytes(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def main():
    with tempfile.TemporaryDirectory() as repository:
        os.symlink(os.environ["MINILM_DIR"], os.path.join(repository, "minilm"))
        for kind, content in TEXTS.items():
            daemon = Daemon(repository, "--load_model=minilm")
            text = TextService(daemon)
            text("Embed", model="minilm", text=["warm"])
            before = peak_bytes(daemon.process)
            started = time.monotonic()
            text("Embed", model="minilm", text=[content], truncate=True)
            seconds = time.monotonic() - started
            factor = (peak_bytes(daemon.process) - before) / len(content.encode())
            print(f"{kind:<12} {factor:6.0f} x {seconds:6.2f} s", flush=True)
            daemon.kill()


if __name__ == "__main__":
    main()
