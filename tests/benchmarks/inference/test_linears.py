"""The cases of the linear kernel, with a runner whose rates are made up."""

import linears


class FakeRunner:
    """Is as fast as a case has outputs, but in its first round, and in one run of each."""

    def __init__(self):
        self.runs = []

    def linear_rates(self, dtype, rows, inputs, outputs, weights):
        first = not self.runs.count((outputs, weights))
        self.runs.append((outputs, weights))
        return [1, outputs, outputs] if not first else [1, 1, 1]


def test_the_rate_is_the_median_of_runs_and_rounds():
    runner = FakeRunner()

    rates = linears.rates_of(runner, "F32", rows=16, inputs=384, outputs=1536)

    assert list(rates.values()) == [48, 1536, 1536]
    assert len(runner.runs) == 3 * linears.ROUNDS


def test_weights_from_memory_are_more_than_caches_hold():
    (_, one), (outputs, several), (_, many) = linears.cases_of("BF16", 768, 3072).values()

    assert (one, several) == (1, 1)
    assert 768 * outputs * 2 * (many + 1) > linears.MEMORY_BYTES
