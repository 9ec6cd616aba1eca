"""Measures the linear kernel by itself, in the caches and out of memory. See run.sh --linears."""

from statistics import median

import report
from arguments import commas, parser_of
from runners import OwnRunner

# Inputs and outputs of the models' linears.
SHAPES = [(384, 1536), (1536, 384), (768, 3072), (3072, 768)]
ROWS = [16, 256]
BYTES = {"F32": 4, "BF16": 2}
# More than caches hold.
MEMORY_BYTES = 256 << 20
BLOCK = 48
ROUNDS = 3


def cases_of(dtype, inputs, outputs):
    """A column's title: outputs and weights, from the nearest caches outwards."""
    size = inputs * outputs * BYTES[dtype]
    return {
        "one block of 48 outputs": (BLOCK, 1),
        "one weight": (outputs, 1),
        "weights from memory": (outputs, MEMORY_BYTES // size),
    }


def rates_of(runner, dtype, rows, inputs, outputs):
    """Operations a second of each case: the median of the rounds' medians."""
    cases = cases_of(dtype, inputs, outputs)
    measured = {title: [] for title in cases}
    for _ in range(ROUNDS):
        for title, (columns, weights) in cases.items():
            rates = runner.linear_rates(dtype, rows, inputs, columns, weights)
            measured[title].append(median(rates))
    return {title: median(rates) for title, rates in measured.items()}


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--dtypes", type=commas, default=["BF16", "F32"])
    arguments = parser.parse_args()

    # The program wants some model.
    runner = OwnRunner(arguments.program, arguments.minilm, "native", "BF16", 1, 1)
    lines = []
    for dtype in arguments.dtypes:
        for rows in ROWS:
            for inputs, outputs in SHAPES:
                rates = rates_of(runner, dtype, rows, inputs, outputs)
                cells = [f"{rate / 1e9:.0f}" for rate in rates.values()]
                lines.append([f"{dtype}, {rows} rows, {inputs} to {outputs}", *cells])
    runner.close()
    print(report.table(["GF/s", *cases_of("F32", *SHAPES[0])], lines), end="")


if __name__ == "__main__":
    main()
