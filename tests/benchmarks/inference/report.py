"""The results of a run as Markdown."""

import math
from statistics import median

from accuracy import ACCURATE
from comparison import best_rival, rivals_of
from summary import paired_ratio, spread

# Whose peaks are measured.
DTYPES = {"f32": "F32", "bf16": "BF16"}
# Of a weight, in each precision.
BYTES = {"f32": 4, "bf16": 2, "int8": 1}
# A pass of ours takes weights through the caches once for so many tokens: kBlockRows of
# model/native/stack_runner.cc.
TOKENS_OF_ONE_READING = 256
CLOCKS = {"cpu_s": "CPU time", "wall_s": "wall time"}


def milliseconds(seconds):
    """With three digits or so."""
    value = 1000 * seconds
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def table(header, rows):
    """Cells as text; all but the first of a line are aligned to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def own_engines(model):
    return [name for name, engine in model["engines"].items() if engine["who"] == "ours"]


def cosine_cells(engine):
    """The worst over the workloads, rounded down: nothing looks better than it is."""
    worst = {}
    for result in engine["workloads"].values():
        for kind, cosine in result["cosine"].items():
            worst[kind] = min(worst.get(kind, 1), cosine)
    return [
        f"{math.floor(worst[kind] * 1e7) / 1e7:.7f}" if kind in worst else ""
        for kind in ("sequence", "pooled", "token")
    ]


def times_cells(model, engine, clock):
    """The medians, and in brackets the ratio to our first engine's."""
    own = own_engines(model)
    cells = []
    for workload, result in engine["workloads"].items():
        cell = milliseconds(median(result[clock]))
        if own:
            ours = model["engines"][own[0]]["workloads"][workload]
            cell += f" ({paired_ratio(result[clock], ours[clock]):.2f})"
        cells.append(cell)
    widest = max(spread(result[clock]) for result in engine["workloads"].values())
    return [*cells, f"{widest:.0%}"]


def budgets_cell(engine):
    budgets = [result["budget"] for result in engine["workloads"].values()]
    return "/".join(str(budget) for budget in budgets if budget)


def times_table(model, clock):
    rows = [
        [engine["title"], *times_cells(model, engine, clock)]
        for engine in model["engines"].values()
    ]
    return table(["ms of " + CLOCKS[clock], *model["workloads"], "spread"], rows)


def accuracy_table(model):
    rows = [
        [engine["title"], *cosine_cells(engine), budgets_cell(engine)]
        for engine in model["engines"].values()
    ]
    return table(["worst cosine", "rows", "means", "tokens", "budgets"], rows)


def comparison_table(model, metric, own):
    """What decides: ours, the best of the others, and how much of the core is used."""
    engine = model["engines"][own]
    peaks = model["peaks"].get(DTYPES.get(engine["precision"]), {})
    rivals = rivals_of(engine["precision"])
    rows = []
    for workload, facts in model["workloads"].items():
        result = engine["workloads"][workload]
        row = [workload, str(facts["tokens"]), milliseconds(median(result[metric]))]
        for _, accept in rivals:
            rival = best_rival(model, own, workload, metric, accept)
            if rival is None:
                row += ["", "", ""]
            else:
                row += [rival.title, milliseconds(rival.seconds), f"{rival.ratio:.2f}"]
        rate = facts["flop"] / median(result["cpu_s"])
        row.append(f"{rate / 1e9:.0f}")
        for kind in ("gemm", "registers"):
            best = max(peaks.get(kind, []), default=None)
            row.append(f"{rate / best:.0%}" if best else "")
        rows.append(row)
    header = [engine["title"], "tokens", "ms"]
    for title, _ in rivals:
        header += [title, "ms", "ratio"]
    return table([*header, "GF/s", "of GEMM", "of registers"], rows)


def workers_table(model, workers):
    rows = [
        [model["engines"][name]["title"]]
        + [f"{median(r['workers_gain']):.2f}" for r in model["engines"][name]["workloads"].values()]
        for name in own_engines(model)
    ]
    return table([f"{workers} workers against one", *model["workloads"]], rows)


def reading_table(model, workers):
    """How fast workers take weights through the caches, and how fast cores could read them.

    Weights that the last cache holds may come faster than from memory. Nothing where no
    workload reads them once.
    """
    workloads = [
        name
        for name, facts in model["workloads"].items()
        if facts["tokens"] <= TOKENS_OF_ONE_READING
    ]
    engines = [model["engines"][name] for name in own_engines(model)]
    if not workloads or not engines:
        return ""
    header = [f"{name}, {who}" for name in workloads for who in ("alone", f"{workers} workers")]

    def rates(engine):
        gigabytes = model["linear_weights"] * BYTES[engine["precision"]] / 1e9
        for name in workloads:
            result = engine["workloads"][name]
            yield gigabytes / median(result["wall_s"])
            yield workers * gigabytes / median(result["together_s"])

    lines = [(engine["title"], rates(engine)) for engine in engines]
    memory = [median(measured) / 1e9 for measured in model["memory"].values()]
    lines.append(("a loop that only reads memory", memory * len(workloads)))
    cells = [[title, *(f"{rate:.1f}" for rate in line)] for title, line in lines]
    return table(["GB/s of weights", *header], cells)


def peaks_sentence(model):
    parts = []
    for precision, dtype in DTYPES.items():
        peaks = model["peaks"][dtype]
        text = f"{precision} {max(peaks['gemm']) / 1e9:.0f} GF/s in oneDNN's matrix products"
        if peaks["registers"]:
            rate = max(peaks["registers"]) / 1e9
            text += f", {rate:.0f} with {peaks['instruction']} on registers"
        parts.append(text)
    return "One core at its best: " + "; ".join(parts) + ".\n"


def model_section(model, settings):
    own = own_engines(model)
    parts = [f"## {model['title']}, {model['rounds']} rounds\n"]
    parts += [comparison_table(model, settings["metric"], name) for name in own]
    parts += [times_table(model, clock) for clock in CLOCKS]
    parts.append(accuracy_table(model))
    if settings["workers"] > 1:
        parts.append(workers_table(model, settings["workers"]))
        parts.append(reading_table(model, settings["workers"]))
    parts.append(peaks_sentence(model))
    parts += [
        f"Left out: {name}, as {reason}.\n" for name, reason in model["unsupported"].items()
    ]
    return "\n".join(parts)


def introduction(results):
    machine, settings = results["machine"], results["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return f"""\
{machine["cpu"]}, {machine["cores"]} cores, {", ".join(machine["features"])}; load
{machine["load"]:.2f} at the start. {versions}.

Medians of interleaved rounds, with {settings["threads"]} thread(s) for each engine; engines are
compared by their {CLOCKS[settings["metric"]]}. A ratio is that of a line's time to ours, the median
of the rounds' ratios, so above 1 where ours is faster; "spread" is the median deviation of the
worst workload. Engines that pad got batches sorted by length and the best of several
token budgets, chosen for each workload of several rows before the first round. Cosines are the
worst of any workload against transformers in float32: of whole rows, of their means, of single
tokens; a peer is accurate from {ACCURATE} of the first. The daemon's lines are what a pass costs
it over gRPC. GF/s are of useful operations, padding not counted.
"""


def markdown(results):
    sections = [
        model_section(model, results["settings"]) for model in results["models"].values()
    ]
    return "\n".join([introduction(results), *sections])
