"""What passes run over: rows, batches, and the operations that they take."""

import models
import numpy as np
import pytest
import workloads


@pytest.mark.parametrize("budget", workloads.BUDGETS)
def test_batches_hold_each_row_once_within_the_budget(budget):
    lengths = workloads.WORKLOADS["ragged64"]

    batches = workloads.batches_of(lengths, budget)

    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) * max(lengths[i] for i in batch) <= budget for batch in batches)


def test_batches_take_the_longest_first_and_as_many_as_fit():
    assert workloads.batches_of([2, 9, 4, 3, 5], budget=10) == [[1], [4, 2], [3, 0]]


def test_a_row_over_the_budget_is_a_batch_by_itself():
    assert workloads.batches_of([3, 20, 3], budget=10) == [[1], [0, 2]]


def test_without_a_budget_there_is_one_batch():
    assert workloads.batches_of([1, 3, 2]) == [[1, 2, 0]]


def test_padding_lies_under_mask_zero():
    ids, mask = workloads.pad([[7, 8, 9], [5]], padding_id=1)

    np.testing.assert_array_equal(ids, [[7, 8, 9], [5, 1, 1]])
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 0, 0]])


def test_ragged_rows_are_many_short_ones_and_a_few_long():
    lengths = sorted(workloads.WORKLOADS["ragged64"])

    assert len(lengths) == 64
    assert sum(lengths) == 2520
    assert 5 <= lengths[0] and lengths[-1] <= 256
    assert lengths[32] < sum(lengths) / 64 < lengths[-1] / 4


def test_rows_are_the_same_each_time_and_of_their_lengths():
    rows = workloads.rows_of("ragged64")

    assert rows == workloads.rows_of("ragged64")
    assert [len(row) for row in rows] == workloads.WORKLOADS["ragged64"]


def test_operations_of_an_encoder():
    shape = models.shape_of(
        {
            "model_type": "bert",
            "hidden_size": 8,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
        }
    )

    # A token: four products of 8 x 8 and two of 8 x 32, each number taken twice. Two
    # tokens see each other: 4 pairs, whose scores and sums take 2 x 8 each, twice.
    assert shape.useful_flop([2]) == 2 * (2 * 2 * (4 * 64 + 2 * 256) + 4 * 8 * 4)


def test_operations_of_a_decoder_that_shares_heads_and_sees_the_past_alone():
    shape = models.shape_of(
        {
            "model_type": "llama",
            "hidden_size": 8,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
        }
    )

    linear = 2 * 64 + 2 * 8 * 4 + 3 * 8 * 16
    assert shape.useful_flop([3]) == 2 * 3 * linear + 4 * 8 * 6


@pytest.mark.parametrize("name", [n for n, m in models.MODELS.items() if m.config])
def test_every_model_says_what_its_operations_depend_on(name):
    shape = models.shape_of(models.MODELS[name].config)

    assert shape.useful_flop([16]) > 2 * 16 * shape.linear_weights() > 0
