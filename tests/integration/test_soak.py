"""The short form of the campaigns in tests/soak."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "soak"))
import clients_and_reloads  # noqa: E402
import load_cycles  # noqa: E402
import sigterm  # noqa: E402


def test_clients_get_right_answers_while_a_model_comes_and_goes():
    problems, counts = clients_and_reloads.run(seconds=4, clients=8)

    assert not problems
    assert counts["answers"] > 50
    assert counts["loads"] > 3


def test_loads_and_unloads_leave_no_memory_behind():
    problems, memory = load_cycles.run(cycles=20, megabytes=200)

    assert not problems
    assert len(memory) == 20


def test_signals_under_load_lose_no_accepted_request():
    problems, outcomes = sigterm.run(rounds=20, clients=8)

    assert not problems
    assert outcomes["answered"] > 200
    assert outcomes["refused"] > 20
