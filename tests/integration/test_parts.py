"""Models that are made of parts of other entries of the repository."""

import time

import grpc
import pytest
from daemon import rpc_error
from golden import assert_close, payload_bytes, read_case

PARTS = [
    {"module": "TransformerEmbeddings", "checkpoint": "bert_base"},
    {"module": "TransformerStack", "checkpoint": "bert_base"},
    {"module": "TransformerPooler", "checkpoint": "bert_base"},
]


@pytest.mark.parametrize("transport", ["in_process", "gloo"])
def test_parts_of_a_bert_answer_as_the_whole(start, add_model, goldens, tmp_path, transport):
    case, probes = read_case(goldens / "bert_base")
    add_model("bert_base", goldens / "bert_base" / "model")
    (tmp_path / "models" / "parts").mkdir()
    daemon = start("--devices=cpu,cpu", f"--transport={transport}")

    daemon.load("parts", parts=PARTS, dtype="float32")

    probe = probes["b5_no_mask"]
    got = daemon.infer(
        "parts",
        {"input_ids": probe["in"]["input_ids"]},
        ["pooled", "parts.1.final_hidden_states"],
    )
    want = probe["out"]
    for output, expected in (
        ("pooled", "pooler_output"),
        ("parts.1.final_hidden_states", "last_hidden_state"),
    ):
        assert_close(output, got[output], want[expected], {}, **case["tolerance"])


def test_parts_keep_to_the_bandwidth_limit(start, add_model, goldens, tmp_path):
    model = goldens / "bert_base" / "model"
    add_model("bert_base", model)
    (tmp_path / "models" / "parts").mkdir()
    limit = payload_bytes(model / "model.safetensors")
    daemon = start(f"--load_bandwidth_limit={limit}")

    begin = time.monotonic()
    daemon.load("parts", parts=PARTS)

    # A tenth of a second's worth comes at once.
    assert time.monotonic() - begin > 0.85


def test_a_part_of_no_model_is_refused_by_name(start, tmp_path):
    (tmp_path / "models" / "parts").mkdir()
    daemon = start()
    parts = [{"module": "TransformerStack", "checkpoint": "absent"}]

    error = rpc_error(daemon.load, "parts", parts=parts)

    assert error.code() in (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT)
    assert "absent" in error.details()
