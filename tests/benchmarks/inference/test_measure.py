"""Turns and budgets, with a runner whose times are made up."""

import measure
import numpy as np
import pytest
import runners
import workloads


class FakeRunner:
    """Takes so many seconds a pass, by the budget."""

    def __init__(self, seconds, pads=True):
        self.seconds, self.pads, self.counts = seconds, pads, []

    def passes(self, rows, count, budget=None):
        self.counts.append(count)
        seconds = [self.seconds[budget]] * count
        return {"cpu_s": seconds, "wall_s": [2 * s for s in seconds]}

    def outputs(self, rows, budget=None):
        return answers(rows)


class FakeWorkers(FakeRunner, runners.OwnRunner):
    """Of ours, whose passes take longer where all workers are busy."""

    def passes_of_all_workers(self, rows, count, workers):
        return {"cpu_s": [], "wall_s": [2.5 * self.seconds[None]] * count * workers}


def answers(rows):
    return [np.array([[token, 1.0] for token in row]) for row in rows]


def lane(runner, threads=1, workers=1):
    setup = measure.Setup(None, "", threads=threads, workers=workers, turn_s=0.5)
    return measure.Lane(None, runner, setup)


def prepared(runner, workload, **settings):
    prepared_lane = lane(runner, **settings)
    prepared_lane.prepare(workload, answers(workloads.rows_of(workload)))
    return prepared_lane


def test_the_fastest_budget_is_taken():
    engine = prepared(FakeRunner({256: 0.3, 512: 0.1, 2048: 0.2}), "ragged64")

    assert engine.results["ragged64"]["budget"] == 512
    assert engine.results["ragged64"]["passes"] == 5
    assert engine.results["ragged64"]["cosine"]["token"] == pytest.approx(1)


def test_a_single_row_has_no_budget_to_choose():
    assert prepared(FakeRunner({None: 0.1}), "1x16").results["1x16"]["budget"] is None


def test_what_does_not_pad_has_no_budget_to_choose():
    runner = FakeRunner({None: 0.1}, pads=False)

    assert prepared(runner, "8x128").results["8x128"]["budget"] is None


def test_a_long_pass_is_run_once_to_choose_its_budget():
    runner = FakeRunner({256: 7, 512: 9, 2048: 8})

    assert prepared(runner, "8x128").results["8x128"]["passes"] == 1
    assert runner.counts == [1, 1, 1]


def test_turns_add_medians():
    engine = prepared(FakeRunner({None: 0.25}), "1x16")

    engine.take_turn("1x16")
    engine.take_turn("1x16")

    assert engine.results["1x16"]["cpu_s"] == [0.25, 0.25]
    assert engine.results["1x16"]["wall_s"] == [0.5, 0.5]


def test_several_workers_gain_what_they_do_not_lose_by_each_other():
    engine = prepared(FakeWorkers({None: 0.25}, pads=False), "1x16", workers=2)

    engine.take_turn("1x16")

    assert engine.results["1x16"]["together_s"] == [0.625]
    assert engine.results["1x16"]["workers_gain"] == [2 * 0.5 / 0.625]


def test_one_thread_is_measured_by_its_cpu_time_and_more_by_the_clock():
    assert lane(None, threads=1).setup.metric == "cpu_s"
    assert lane(None, threads=2).setup.metric == "wall_s"
