"""Clients call all the time while pods come and go: no call may fail."""

import contextlib
import signal

import pytest
from api import ApiError
from release import wait_until

# Of each test; the five of them make 10,000.
CALLS = 2000
CALLS_TIMEOUT_S = 120


@pytest.fixture
def release(release):
    """The release as installed, with all pods ready."""
    release.install()
    release.wait_until_rolled_out()
    return release


@contextlib.contextmanager
def nothing_fails(release, config=()):
    callers = release.callers(config)
    try:
        callers.call_until(100, CALLS_TIMEOUT_S)
        yield callers
        callers.call_until(CALLS, CALLS_TIMEOUT_S)
    finally:
        callers.stop()
    assert callers.failures == {}
    assert callers.calls >= CALLS


# Balancing and health checks alone. Where pods come before others leave, clients need no
# more; after an eviction and a crash they come later, and calls are repeated.
NO_RETRIES = {"methodConfig": []}


def test_rolling_update(release):
    before = {pod["metadata"]["name"] for pod in release.pods()}
    with nothing_fails(release, NO_RETRIES):
        release.install(flags={"max_batch_tokens": 4096})
        release.wait_until_rolled_out()

    after = {pod["metadata"]["name"] for pod in release.pods()}
    assert len(after) == 2 and not before & after
    ended = [worker for worker in release.kubelet.workers() if worker.name in before]
    assert [worker.exit_codes for worker in ended] == [[0], [0]]


def test_scaling_up_and_down(release):
    with nothing_fails(release, NO_RETRIES):
        for replicas in (4, 1, 2):
            release.scale(replicas)
            release.wait_until_rolled_out()


def evict(release, pod):
    name = pod["metadata"]["name"]
    release.api.create(
        {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}},
        subresource_of=("v1", "Pod", name), subresource="eviction",
    )


def test_evictions_wait_for_each_other(release):
    first, second = release.pods()
    with nothing_fails(release):
        evict(release, first)
        with pytest.raises(ApiError, match="disruption budget") as refusal:
            evict(release, second)
        assert refusal.value.code == 429
        release.wait_until_rolled_out()
        wait_until(lambda: may_evict(release, second), "the second pod can be evicted")
        release.wait_until_rolled_out()

    assert not {pod["metadata"]["name"] for pod in release.pods()} & {
        first["metadata"]["name"], second["metadata"]["name"]}


def may_evict(release, pod):
    try:
        evict(release, pod)
    except ApiError as error:
        assert error.code == 429, error
        return False
    return True


def test_a_pod_that_crashes_comes_back(release):
    pod = release.pods()[0]
    worker = release.kubelet.worker(pod)
    with nothing_fails(release):
        worker.process.send_signal(signal.SIGKILL)
        wait_until(lambda: worker.exit_codes == [-signal.SIGKILL], "the daemon ended")
        release.wait_until_rolled_out()

    assert pod["metadata"]["name"] in {p["metadata"]["name"] for p in release.ready_pods()}
    status = release.api.get("v1", "Pod", pod["metadata"]["name"])["status"]
    assert status["containerStatuses"][0]["restartCount"] == 1


def test_a_model_that_does_not_load_stops_a_rollout(release):
    before = {pod["metadata"]["name"] for pod in release.pods()}
    with nothing_fails(release, NO_RETRIES):
        release.install("broken")
        wait_until(lambda: len(release.pods()) == 3, "a third pod is made")
        (new,) = [p for p in release.pods() if p["metadata"]["name"] not in before]
        wait_until(lambda: is_started(release, new), "the third pod runs")
        worker = release.kubelet.worker(new)
        wait_until(lambda: "config.json" in worker.log_path.read_text(), "the log says why")

    assert worker.exit_codes == [] and worker.process.poll() is None
    assert {p["metadata"]["name"] for p in release.ready_pods()} == before


def is_started(release, pod):
    status = release.api.get("v1", "Pod", pod["metadata"]["name"])["status"]
    return any(container["started"] for container in status.get("containerStatuses", []))
