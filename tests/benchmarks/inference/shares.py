"""Samples the call stacks of passes, and says what they are spent on. See run.sh --shares."""

import collections
import signal
import subprocess
import tempfile
import time

import report
from arguments import commas, parser_of
from artefacts import Artefacts
from models import MODELS
from runners import OwnRunner
from workloads import WORKLOADS, rows_of

# What a stack belongs to, by the first of these that one of its functions is. A step of
# products that finishes rows on the way is called by it, so the inner ones come first.
PARTS = {
    "FinishRows": "after products",
    "RunLinear": "products",
    "RunAttend": "attention",
    "RunPrepareHeads": "heads",
    "RunNorm": "norms",
    "RunQuantize": "quantising",
    "RunPack": "norms",
    "RunEmbed": "embeddings",
}
REST = "rest"
COLUMNS = [*dict.fromkeys(PARTS.values()), REST]


def part_of(functions):
    for name, part in PARTS.items():
        if any(f"::{name}" in function for function in functions):
            return part
    return REST


def count(script):
    """Samples of each part, in what `perf script -F ip,sym` printed."""
    stacks = (stack.splitlines() for stack in script.split("\n\n"))
    return collections.Counter(part_of(stack) for stack in stacks if any(stack))


def sample(process_id, work):
    """The stacks of a process, in all its threads, while `work` runs."""
    with tempfile.NamedTemporaryFile() as data:
        recorder = subprocess.Popen(
            ["perf", "record", "--event=cpu-clock", "--freq=4000", "--call-graph=fp",
             f"--pid={process_id}", f"--output={data.name}", "--quiet"],
        )  # fmt: skip
        try:
            work()
        finally:
            recorder.send_signal(signal.SIGINT)
            recorder.wait()
        return subprocess.run(
            ["perf", "script", f"--input={data.name}", "--fields=ip,sym"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip


def shares_of(runner, workload, seconds):
    rows = rows_of(workload)
    runner.passes(rows, 2)

    def work():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            runner.passes(rows, 3)

    samples = count(sample(runner.process.pid, work))
    return {part: samples[part] / samples.total() for part in COLUMNS}


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--models", type=commas, default=["minilm"])
    parser.add_argument("--workloads", type=commas, default=list(WORKLOADS))
    parser.add_argument("--dtypes", type=commas, default=["BF16", "F32", "I8"])
    parser.add_argument("--seconds", type=float, default=5, help="of each line")
    arguments = parser.parse_args()

    artefacts = Artefacts(arguments.folder, arguments.minilm)
    lines = []
    for name in arguments.models:
        for dtype in arguments.dtypes:
            checkpoint = artefacts.checkpoint(name)
            runner = OwnRunner(arguments.program, checkpoint, "native", dtype, 1, 1)
            for workload in arguments.workloads:
                shares = shares_of(runner, workload, arguments.seconds)
                cells = [f"{shares[part]:.1%}" for part in COLUMNS]
                lines.append([f"{MODELS[name].title} {dtype} {workload}", *cells])
            runner.close()
    print(report.table(["share of samples", *COLUMNS], lines), end="")


if __name__ == "__main__":
    main()
