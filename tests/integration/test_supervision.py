"""What supervisors are told: systemd, and probes of liveness."""

import concurrent.futures
import socket
import tempfile
import time

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc


PATIENCE_S = 30


@pytest.fixture
def supervisor():
    """A socket as systemd gives it to its services; paths must be short."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM
    ) as listener:
        listener.bind(f"{folder}/notify")
        listener.settimeout(PATIENCE_S)
        yield listener


def hear(supervisor, words):
    """All that is told until these words are."""
    heard = [supervisor.recv(4096).decode()]
    deadline = time.monotonic() + PATIENCE_S
    while words not in heard[-1]:
        assert time.monotonic() < deadline, heard
        heard.append(supervisor.recv(4096).decode())
    return heard


def environment(supervisor):
    return {"NOTIFY_SOCKET": supervisor.getsockname()}


def test_systemd_is_told_what_happens(start, add_model, goldens, supervisor):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert", environment=environment(supervisor))

    start_up = hear(supervisor, "READY=1")
    assert "WATCHDOG=1" in start_up[-1] and "STATUS=serving" in start_up[-1]
    assert hear(supervisor, "WATCHDOG=1") == ["WATCHDOG=1"]
    assert daemon.stop() == 0
    assert hear(supervisor, "STOPPING=1")[-1] == "STOPPING=1\nSTATUS=draining"


def test_systemd_hears_nothing_good_of_a_model_that_is_not_there(start, supervisor):
    flags = ["--load_model=none"]
    start(*flags, environment=environment(supervisor), wait_until_ready=False)

    heard = hear(supervisor, "STATUS=1 of 1 models are not ready: model 'none' is not in")
    heard += hear(supervisor, "WATCHDOG=1")
    assert "READY=1" not in "".join(heard)


def test_a_worker_that_is_stuck_ends_liveness(start, add_model, minilm, supervisor):
    add_model("minilm", minilm)
    flags = ["--load_model=minilm", "--watchdog_timeout=100ms", "--threads_per_worker=1"]
    daemon = start(*flags, environment=environment(supervisor))
    answers = health_pb2.HealthCheckResponse
    with grpc.insecure_channel(daemon.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(
            health_pb2.HealthCheckRequest(service="liveness"), timeout=60
        )
        assert next(watch).status == answers.SERVING
        # Long against the time-out, and over in a moment: the worker recovers.
        long_batch = {"input_ids": np.ones((16, 512), np.int64)}
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            stuck = pool.submit(hear, supervisor, "STATUS=worker 0 has been at one batch")
            answer = pool.submit(daemon.infer, "minilm", long_batch, ["sentence_embedding"])
            assert next(watch).status == answers.NOT_SERVING
            assert next(watch).status == answers.SERVING
            answer.result()
            assert "WATCHDOG" not in stuck.result()[-1]
    # What resets systemd's watchdog has paused meanwhile.
    assert "STATUS=serving" in hear(supervisor, "WATCHDOG=1")[-1]
