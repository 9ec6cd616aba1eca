"""Flags, model control, drain."""

import concurrent.futures
import signal
import threading

import grpc
import numpy as np
import pytest
from daemon import rpc_error, run_daemon
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

IDS = {"input_ids": np.array([[1, 2, 3]], np.int64)}


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--model_repository=/nowhere/at/all"],
        ["--model_repository=.", "--grpc_port=70000"],
        ["--model_repository=.", "--model_control_mode=sometimes"],
        ["--model_repository=.", "--devices=tpu"],
        ["--model_repository=.", "--max_batch_tokens=0"],
        ["--model_repository=.", "--no_such_flag=1"],
        ["--model_repository=.", "--drain_delay=soon"],
    ],
)
def test_wrong_flags_end_with_two_and_one_line(flags):
    result = run_daemon(*flags)
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.strip().split("\n")) == 1, result.stderr


def test_environment_sets_flags_and_flags_win(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start(
        "--devices=cpu,cpu",
        environment={
            "TRANSFORMERD_DEVICES": "cpu",
            "TRANSFORMERD_LOAD_MODEL": "bert",
        },
    )
    assert daemon.client.is_model_ready("bert")
    assert daemon.metric("transformerd_worker_up") == 2


def test_mode_none_loads_all_and_refuses_control(start, add_model, goldens):
    add_model("one", goldens / "bert_base" / "model")
    add_model("two", goldens / "bert_seq_cls" / "model")
    add_model("bad", goldens / "bad_missing_key" / "model")
    daemon = start("--model_control_mode=none", "--readiness=any")

    index = daemon.index_when_settled()

    assert index["one"].state == index["two"].state == "READY"
    assert index["bad"].state == "UNAVAILABLE"
    assert "attention.self.query.weight" in index["bad"].reason
    assert daemon.client.is_server_ready()
    error = rpc_error(daemon.load, "one")
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    error = rpc_error(daemon.infer_stub, "bad")
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION


def test_versions_are_served_side_by_side(start, goldens, tmp_path):
    folder = tmp_path / "models" / "bert"
    folder.mkdir()
    for version, case in (("1", "bert_base"), ("12", "bert_silu_1head")):
        (folder / version).symlink_to(goldens / case / "model")
    daemon = start("--load_model=bert")

    sizes = {
        version: daemon.infer("bert", IDS, ["pooler_output"], model_version=version)[
            "pooler_output"
        ].shape[1]
        for version in ("", "1", "12")
    }

    assert sizes == {"": 16, "1": 32, "12": 16}


def test_unload_lets_go_and_says_so(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert")

    daemon.client.unload_model("bert")

    assert not daemon.client.is_model_ready("bert")
    with pytest.raises(InferenceServerException, match="not loaded"):
        daemon.infer("bert", IDS)
    daemon.load("bert")
    daemon.infer("bert", IDS)


def test_loads_at_once_join(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(daemon.load, "minilm") for _ in range(4)]:
            done.result()
    loads = daemon.metric("transformerd_model_load_duration_seconds_count")
    assert 1 <= loads < 4


def test_a_failed_reload_keeps_the_old_model(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert")
    before = daemon.infer("bert", IDS, ["pooler_output"])

    error = rpc_error(daemon.load, "bert", config={"hidden_size": 64})

    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    after = daemon.infer("bert", IDS, ["pooler_output"])
    np.testing.assert_array_equal(before["pooler_output"], after["pooler_output"])


def test_health_follows_models_and_ends_with_the_drain(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert")
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(daemon.address))
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", "liveness", "readiness", "model/bert"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        assert answer.status == serving, service
    unknown = rpc_error(stub.Check, health_pb2.HealthCheckRequest(service="x"), timeout=5)
    assert unknown.code() == grpc.StatusCode.NOT_FOUND
    watch = stub.Watch(health_pb2.HealthCheckRequest(service=""), timeout=30)
    assert next(watch).status == serving

    daemon.process.send_signal(signal.SIGTERM)

    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert daemon.process.wait(30) == 0


def test_drain_answers_what_it_accepted(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--load_model=minilm", "--drain_delay=1s")
    ids = {"input_ids": np.ones((4, 64), np.int64)}
    outcomes = []
    stop = threading.Event()

    def client():
        while not stop.is_set():
            try:
                daemon.infer("minilm", ids, ["sentence_embedding"])
                outcomes.append("ok")
            except InferenceServerException as error:
                outcomes.append(error.status())
                return

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    while len(outcomes) < 16:
        daemon.infer("minilm", ids, ["sentence_embedding"])
    assert daemon.stop() == 0
    stop.set()
    for thread in threads:
        thread.join(60)

    assert set(outcomes) <= {"ok", "StatusCode.UNAVAILABLE"}


def test_probes_and_metrics_over_http(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert")
    daemon.infer("bert", IDS)

    assert daemon.get("/livez")[0] == 200
    assert daemon.get("/readyz")[0] == 200
    status, page = daemon.get("/")
    assert status == 200 and "bert" in page
    assert daemon.get("/nowhere")[0] == 404
    assert daemon.metric("transformerd_requests_total", 'model="bert"') == 1
    assert daemon.metric("transformerd_tokens_total", 'model="bert"') == 3
    assert daemon.metric("transformerd_batches_total", 'model="bert"') == 1
