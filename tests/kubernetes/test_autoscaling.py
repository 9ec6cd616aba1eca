"""The real autoscaler follows the daemons' own gauge."""

import pytest
from ids_request import request_of
from metrics_api import MetricsApi
from release import MODEL, wait_until

# Forward passes long enough for the workers, and not the clients, to be the limit.
ROWS, TOKENS = 64, 24
AUTOSCALING = {
    "enabled": True, "minReplicas": 1, "maxReplicas": 3, "capacityUsedPercent": 50,
    "scaleDown": {"stabilizationWindowSeconds": 0, "percent": 100, "periodSeconds": 1},
}


@pytest.fixture
def metrics_api(api, tmp_path):
    metrics_api = MetricsApi(api, tmp_path)
    yield metrics_api
    metrics_api.stop()


@pytest.fixture
def release(release):
    yield release
    release.install()
    release.wait_until_rolled_out()


def large_request():
    request = request_of(MODEL)
    (ids,) = request.inputs
    ids.shape[:] = [ROWS, TOKENS]
    ids.contents.int64_contents[:] = [1] * ROWS * TOKENS
    return request


def test_pods_follow_the_load(metrics_api, release):
    release.install(autoscaling=AUTOSCALING)
    release.wait_until_rolled_out()
    wait_until(lambda: len(release.ready_pods()) == 1, "without load there is one pod")

    callers = release.callers(request=large_request(), pause_s=0)
    try:
        wait_until(lambda: len(release.ready_pods()) == 3, "under load there are three pods")
    finally:
        callers.stop()
    wait_until(lambda: len(release.pods()) == 1, "after the load there is one pod")
    assert callers.failures == {}
