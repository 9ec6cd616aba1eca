"""Measures how long forward passes take: ours and those of other engines. See run.sh."""

import json
import math
import pathlib
import subprocess

import plot
import report
from arguments import commas, parser_of
from machine import read_machine
from models import MODELS
from workloads import WORKLOADS

ROOT = pathlib.Path(__file__).resolve().parents[3]


def read_arguments():
    parser = parser_of(__doc__, required=False)
    parser.add_argument("--models", type=commas, default=list(MODELS))
    parser.add_argument("--workloads", type=commas, default=list(WORKLOADS))
    parser.add_argument("--engines", type=commas, help="names, or their first words")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--turn_s", type=float, default=0.3, help="of an engine in a round")
    parser.add_argument("--json", help="file for everything measured")
    parser.add_argument("--from-json", type=commas, help="such files, to print again as one")
    parser.add_argument("--markdown", help="file for the tables; else the standard output")
    parser.add_argument("--svg", help="file for the plot")
    return parser.parse_args()


def versions_of(results):
    commit = subprocess.run(
        ["git", "-C", ROOT, "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    versions = {"transformerd": f"{(ROOT / 'VERSION').read_text().strip()} ({commit})"}
    for model in results["models"].values():
        for engine in model["engines"].values():
            if "version" in engine["facts"]:
                versions[engine["who"]] = engine["facts"]["version"]
    return versions


def measure(arguments):
    # These need what is installed for the peers.
    from artefacts import Artefacts
    from engines import ENGINES, select
    from measure import Setup, measure_model

    machine = read_machine()
    setup = Setup(
        artefacts=Artefacts(arguments.folder, arguments.minilm),
        program=arguments.program,
        threads=arguments.threads,
        workers=2 if arguments.threads == 1 and machine["cores"] > 1 else 1,
        turn_s=arguments.turn_s,
    )
    engines = select(arguments.engines or ENGINES)
    results = {
        "machine": machine,
        "settings": {
            "threads": setup.threads,
            "workers": setup.workers,
            "turn_s": setup.turn_s,
            "metric": setup.metric,
        },
        "models": {},
    }
    # First of all, so that a run of hours does not find out late what is amiss.
    for name in arguments.models:
        for engine in engines.values():
            engine.prepare(setup.artefacts, name)
    for name in arguments.models:
        rounds = math.ceil(arguments.rounds * MODELS[name].share_of_rounds)
        results["models"][name] = measure_model(
            name, engines, arguments.workloads, rounds, setup
        )
        # What a later model does cannot lose it.
        results["versions"] = versions_of(results)
        write(arguments, results)
    return results


def merged(runs):
    """Runs of different models with the same settings as one; the machine is the first's."""
    whole = runs[0]
    for run in runs[1:]:
        if run["settings"] != whole["settings"]:
            raise ValueError(f"runs with {run['settings']} and {whole['settings']} are not one")
        whole["models"].update(run["models"])
        whole["versions"].update(run["versions"])
    return whole


def write(arguments, results):
    outputs = {
        arguments.json: lambda: json.dumps(results, indent=1),
        arguments.markdown: lambda: report.markdown(results),
        arguments.svg: lambda: plot.svg(results),
    }
    for path, render in outputs.items():
        if path:
            pathlib.Path(path).write_text(render(), encoding="utf-8")


def main():
    arguments = read_arguments()
    if arguments.from_json:
        files = map(pathlib.Path, arguments.from_json)
        results = merged([json.loads(file.read_text(encoding="utf-8")) for file in files])
        write(arguments, results)
    else:
        results = measure(arguments)
    if not arguments.markdown:
        print(report.markdown(results))


if __name__ == "__main__":
    main()
