"""What the log tells of calls, and the ids by which they are found."""

import json

import numpy as np
import pytest
from daemon import rpc_error
from tritonclient.utils import InferenceServerException


def test_the_log_is_json_where_asked_for(start, add_model, minilm):
    add_model("minilm", minilm)
    daemon = start("--load_model=minilm", "--log_format=json")
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    ids = (("x-request-id", "id-1"), ("traceparent", trace))
    daemon.load("minilm", metadata=ids)
    texts = {"text": np.array([b"sesame opens", b"\xff"], object)}
    with pytest.raises(InferenceServerException, match="UTF-8"):  # the second
        daemon.infer("minilm", texts)
    with pytest.raises(InferenceServerException, match="deadline"):  # of 1 us
        daemon.infer("minilm", {"text": texts["text"][:1]}, timeout=1)
    assert daemon.stop() == 0

    lines = [json.loads(line) for line in daemon.log().strip().split("\n")]

    assert all({"time", "severity", "message", "file", "line"} <= set(line) for line in lines)
    (audit,) = [line for line in lines if line["message"] == "audit"]
    assert audit["request_id"] == "id-1" and audit["traceparent"] == trace
    assert audit["model"] == "minilm" and audit["code"] == "OK"
    (slow,) = [line for line in lines if line["message"] == "slow request"]
    assert slow["method"] == "ModelInfer" and slow["code"] == "DEADLINE_EXCEEDED"
    assert "sesame" not in daemon.log()


def test_ids_come_back_behind_the_answer(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert")
    error = rpc_error(daemon.infer_stub, "none")
    assert "x-request-id" in dict(error.trailing_metadata())


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_severities_are_switched_while_it_runs(start, add_model, goldens, log_format):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start(f"--log_format={log_format}")

    def lines_of(call):
        before = len(daemon.log())
        call()
        return daemon.log()[before:].strip().split("\n")

    daemon.client.update_log_settings({"log_info": False})
    while_off = lines_of(lambda: daemon.load("bert"))
    daemon.client.update_log_settings({"log_info": True})
    while_on = lines_of(lambda: daemon.client.unload_model("bert"))

    assert ["audit" in line for line in while_off] == [True]
    assert sorted("audit" in line for line in while_on)[0] is False
    settings = daemon.client.get_log_settings().settings
    assert settings["log_info"].bool_param and settings["log_format"].string_param == "default"
    with pytest.raises(InferenceServerException, match='"log_verbose_level" is 2, expected 0'):
        daemon.client.update_log_settings({"log_verbose_level": 2})
