"""The model of the HorizontalPodAutoscaler behind docs/scaling.md."""

import dataclasses

import pytest
from autoscaler import Autoscaler, Rules, replicas_for

RULES = Rules(
    min_replicas=1, max_replicas=20,
    up_percent=100, up_pods=2, up_period_s=30, up_window_s=0,
    down_percent=50, down_period_s=60, down_window_s=300,
)


@pytest.mark.parametrize(
    "values, missing, target, wanted",
    [
        ([1.0, 1.0], 0, 0.5, 4),
        ([0.1, 0.1, 0.1, 0.1], 0, 0.4, 1),
        # Within the tolerance of a tenth.
        ([0.54, 0.54], 0, 0.5, 2),
        ([0.6, 0.6], 0, 0.5, 3),
        # Those on their way count as idle, so they are not asked for twice.
        ([1.0, 1.0], 2, 0.5, 4),
        # Nobody knows what a missing pod does: fewer, but not as few as without it.
        ([0.1, 0.1], 1, 0.5, 2),
        ([], 3, 0.5, 3),
    ],
)
def test_one_metric_asks_for_what_brings_its_mean_to_the_target(values, missing, target, wanted):
    assert replicas_for(values, missing, target) == wanted


def test_policies_bound_what_is_added_in_a_period():
    autoscaler = Autoscaler(RULES)
    assert autoscaler.decide(0, 4, 20) == 8
    assert autoscaler.decide(15, 8, 20) == 8
    assert autoscaler.decide(30, 8, 20) == 16


def test_few_pods_may_grow_by_a_number():
    assert Autoscaler(RULES).decide(0, 1, 20) == 3


def test_fewer_pods_wait_for_the_window():
    autoscaler = Autoscaler(RULES)
    assert autoscaler.decide(0, 8, 8) == 8
    assert autoscaler.decide(150, 8, 2) == 8
    assert autoscaler.decide(301, 8, 2) == 4
    assert autoscaler.decide(316, 4, 2) == 4
    assert autoscaler.decide(362, 4, 2) == 2


def test_limits_hold():
    assert Autoscaler(dataclasses.replace(RULES, max_replicas=5)).decide(0, 4, 20) == 5
    assert Autoscaler(dataclasses.replace(RULES, min_replicas=3)).decide(0, 3, 1) == 3
