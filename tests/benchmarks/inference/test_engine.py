"""The program that runs our engine, on a golden case. BENCHMARK_ENGINE names it."""

import os
import pathlib

import numpy as np
import pytest
from runners import OwnRunner
from safetensors.numpy import load_file

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "goldens" / "bert_base"


@pytest.fixture
def case():
    return load_file(GOLDEN / "golden.safetensors")


@pytest.fixture
def runner():
    program = os.environ["BENCHMARK_ENGINE"]
    started = OwnRunner(program, GOLDEN / "model", "auto", "F32", threads=1, workers=2)
    yield started
    started.close()



def test_it_writes_what_the_model_answers(runner, case):
    rows = [*case["b5_no_mask.in.input_ids"].tolist(), *case["max_length.in.input_ids"].tolist()]

    outputs = runner.outputs(rows)

    wanted = [
        *case["b5_no_mask.out.last_hidden_state"],
        *case["max_length.out.last_hidden_state"],
    ]
    for output, want in zip(outputs, wanted, strict=True):
        np.testing.assert_allclose(output, want, atol=5e-5, rtol=1e-4)


def test_it_runs_int8():
    program = os.environ["BENCHMARK_ENGINE"]
    runner = OwnRunner(program, GOLDEN / "model", "auto", "I8", threads=1, workers=1)

    assert runner.facts["dtype"] == "I8"

    runner.close()


def test_it_times_each_pass_of_each_worker(runner, case):
    rows = case["b5_no_mask.in.input_ids"].tolist()

    alone = runner.passes(rows, 3)
    together = runner.passes_of_all_workers(rows, 3, workers=2)

    assert len(alone["cpu_s"]) == len(alone["wall_s"]) == 3
    assert len(together["cpu_s"]) == len(together["wall_s"]) == 6
    assert all(seconds > 0 for times in (alone, together) for seconds in times["wall_s"])


def test_it_tells_the_peak_of_registers(runner):
    peak = runner.peak("F32")

    assert peak["instruction"].startswith("vfmadd231ps")
    assert peak["flop_per_second"] > 1e9


def test_it_tells_how_fast_cores_read_memory(runner):
    rates = runner.memory_rates(2)

    assert len(rates) == 2
    assert all(rate > 1e8 for rate in rates)


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_it_tells_how_fast_the_linear_kernel_is(runner, dtype):
    rates = runner.linear_rates(dtype, rows=17, inputs=40, outputs=50, weights=3)

    assert rates
    assert all(rate > 1e8 for rate in rates)
