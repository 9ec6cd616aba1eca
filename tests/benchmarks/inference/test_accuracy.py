import accuracy
import numpy as np
import pytest

REFERENCE = [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 0.0]])]


def test_the_same_answers_have_cosine_one():
    worst = accuracy.worst_cosines([2 * r for r in REFERENCE], REFERENCE)

    assert worst == pytest.approx({"sequence": 1, "pooled": 1, "token": 1})


def test_each_kind_tells_its_worst_row():
    # Two tokens exchanged: their mean is right and each of them is wrong.
    outputs = [REFERENCE[0][::-1], REFERENCE[1]]

    worst = accuracy.worst_cosines(outputs, REFERENCE)

    assert worst == pytest.approx({"sequence": 0, "pooled": 1, "token": 0})


def test_pooled_answers_are_compared_with_means():
    outputs = [np.array([1.0, 1.0]), np.array([1.0, 1.0])]

    worst = accuracy.worst_cosines(outputs, REFERENCE)

    assert worst == pytest.approx({"pooled": np.sqrt(0.5)})


def test_a_missing_row_is_no_answer():
    with pytest.raises(ValueError):
        accuracy.worst_cosines(REFERENCE[:1], REFERENCE)


def test_accuracy_is_that_of_rows_where_there_are_rows():
    assert accuracy.is_accurate({"sequence": 0.9991, "pooled": 0.9, "token": 0.9})
    assert not accuracy.is_accurate({"sequence": 0.9989, "pooled": 1, "token": 1})
    assert accuracy.is_accurate({"pooled": 0.9991})
