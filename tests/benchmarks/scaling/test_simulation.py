"""The simulated pods behind docs/scaling.md."""

import pytest
import simulation
from autoscaler import Rules
from cold_start import GIB, Storage, cold_start_s
from service import Fleet, Pod, ServiceTimes

# 10 ms, and 1 ms for each token.
TIMES = ServiceTimes({10: 0.02, 100: 0.11})


def test_service_times_are_lines_between_points():
    assert TIMES.of(10) == 0.02
    assert TIMES.of(55) == pytest.approx(0.065)
    assert TIMES.of(1000) == pytest.approx(1.01)


def test_what_waits_runs_as_one_batch():
    fleet = Fleet(lambda now: Pod(TIMES, 1, 100, now))
    fleet.scale(0, 1)
    for _ in range(4):
        fleet.accept(0, 10)

    # The first alone, the three that wait for it together.
    assert fleet.advance(0.019) == []
    assert fleet.advance(0.021) == [pytest.approx(0.02)]
    assert fleet.advance(0.1) == [pytest.approx(0.06)] * 3
    assert fleet.pods[0].queue_s == pytest.approx(0.06)


def test_batches_have_a_limit():
    fleet = Fleet(lambda now: Pod(TIMES, 1, 20, now))
    fleet.scale(0, 1)
    for _ in range(4):
        fleet.accept(0, 10)
    assert fleet.advance(1) == pytest.approx([0.02, 0.05, 0.05, 0.07])


def test_pods_that_start_get_nothing_and_leaving_ones_finish():
    fleet = Fleet(lambda now: Pod(TIMES, 1, 100, now + 60))
    fleet.scale(-60, 2)
    fleet.scale(0, 3)
    assert len(fleet.ready(0)) == 2 and len(fleet.ready(60)) == 3
    for _ in range(20):
        fleet.accept(0, 10)
    fleet.scale(0, 1)
    assert len(fleet.ready(60)) == 1
    assert len(fleet.advance(10)) == 20


def test_a_fleet_that_is_too_small_grows():
    trace = simulation.Trace([(0, 200), (300, 200)])
    rules = Rules(
        min_replicas=1, max_replicas=20,
        up_percent=100, up_pods=2, up_period_s=30, up_window_s=0,
        down_percent=50, down_period_s=60, down_window_s=300,
    )
    make_pod = simulation.pods_with(TIMES, 1, cold_start_s=5)
    moments = simulation.simulate(trace, make_pod, 1, simulation.autoscaled(rules, 0.7, None))
    assert moments[0].replicas == 1 and moments[-1].replicas > 3
    medians = [simulation.percentile(moment.latencies_s, 0.5) for moment in moments]
    assert medians[-1] < 0.1 < medians[1]


def test_arrivals_follow_the_trace():
    trace = simulation.Trace([(0, 0), (100, 100)])
    arrivals = list(trace.arrivals())
    assert len(arrivals) == pytest.approx(5000, rel=0.05)
    assert sum(at < 50 for at in arrivals) == pytest.approx(1250, rel=0.1)


def test_a_cold_start_is_the_sum_of_what_it_waits_for():
    there = cold_start_s(2, Storage(read_bytes_s=GIB), 1.0)
    copied = cold_start_s(2, Storage(read_bytes_s=GIB, copied_at=GIB / 2), 1.0)
    assert copied - there == pytest.approx(4)
    assert cold_start_s(4, Storage(read_bytes_s=GIB), 1.0) - there == pytest.approx(2)
