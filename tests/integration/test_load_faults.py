"""Loads that end badly, in a daemon that goes on serving."""

import contextlib
import os
import shutil
import signal
import threading
import time

import grpc
import numpy as np
import pytest
from daemon import error_reason, rpc_error
from tritonclient.utils import InferenceServerException

IDS = {"input_ids": np.array([[1, 2, 3]], np.int64)}
# MiniLM's 90 MB take several seconds.
SLOWLY = "--load_bandwidth_limit=20000000"


class Load(threading.Thread):
    """A load that runs; `error` is None where it went well."""

    def __init__(self, daemon, name):
        super().__init__()
        self.server, self.model, self.error = daemon, name, None
        self.start()

    def run(self):
        try:
            self.server.load(self.model)
        except grpc.RpcError as error:
            self.error = error

    def wait_until_it_reads(self):
        while "%" not in self.reason():
            assert self.is_alive(), self.error
            time.sleep(0.01)

    def reason(self):
        index = self.server.client.get_model_repository_index()
        (reason,) = (m.reason for m in index.models if m.name == self.model)
        return reason


@contextlib.contextmanager
def answers_throughout(daemon, name):
    """The model answers for as long as the block takes, and the same each time."""
    expected = daemon.infer(name, IDS)["last_hidden_state"]
    stop, answers, errors = threading.Event(), [], []

    def ask():
        while not stop.is_set():
            try:
                answers.append(daemon.infer(name, IDS)["last_hidden_state"])
            except InferenceServerException as error:
                errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        stop.set()
        asking.join()
    assert not errors and answers
    assert all(np.array_equal(answer, expected) for answer in answers)


@pytest.fixture
def daemon(start, add_model, goldens, tmp_path, minilm):
    """Serves "bert"; "minilm" is a copy that tests may damage."""
    add_model("bert", goldens / "bert_base" / "model")
    shutil.copytree(minilm, tmp_path / "models" / "minilm")
    return start("--load_model=bert", SLOWLY)


def test_sigterm_ends_a_load_and_the_daemon(daemon):
    load = Load(daemon, "minilm")
    load.wait_until_it_reads()

    begin = time.monotonic()
    assert daemon.stop(signal.SIGTERM) == 0

    assert time.monotonic() - begin < 2
    load.join()
    assert load.error.code() == grpc.StatusCode.UNAVAILABLE
    assert "shutting down" in load.error.details()


def test_others_answer_while_a_load_is_cancelled(daemon):
    load = Load(daemon, "minilm")
    with answers_throughout(daemon, "bert"):
        load.wait_until_it_reads()
        daemon.client.unload_model("minilm")
        load.join()
    assert load.error.code() == grpc.StatusCode.CANCELLED
    assert not daemon.client.is_model_ready("minilm")


def test_others_answer_while_a_load_fails(daemon, tmp_path, minilm):
    weights = tmp_path / "models" / "minilm" / "model.safetensors"
    load = Load(daemon, "minilm")
    with answers_throughout(daemon, "bert"):
        load.wait_until_it_reads()
        os.truncate(weights, 50_000_000)
        load.join()
    assert load.error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert error_reason(load.error) == "TRUNCATED"
    assert "rank 0: tensor" in load.error.details()
    assert not daemon.client.is_model_ready("minilm")
    assert rpc_error(daemon.infer_stub, "minilm").code() == grpc.StatusCode.FAILED_PRECONDITION

    shutil.copy(f"{minilm}/model.safetensors", weights)
    daemon.load("minilm")
    assert daemon.client.is_model_ready("minilm")
