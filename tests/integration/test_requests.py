"""Bad requests get their code and a message, and the daemon serves on."""

import grpc
import numpy as np
import pytest
from daemon import rpc_error
from golden import read_case
from tritonclient.grpc import service_pb2

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def request(ids=(1, 2, 3), **fields):
    """A typed request of one row; fields replace those of the message."""
    message = service_pb2.ModelInferRequest(model_name="bert", **fields)
    add_input(message, "input_ids", ids)
    return message


def add_input(message, name, values, datatype="INT64", shape=None):
    tensor = message.inputs.add(name=name, datatype=datatype)
    tensor.shape.extend(shape if shape is not None else [1, len(values)])
    tensor.contents.int64_contents.extend(values)
    return tensor


def with_input(name, values, **kwargs):
    message = request()
    add_input(message, name, values, **kwargs)
    return message


def with_output(name):
    message = request()
    message.outputs.add(name=name)
    return message


def without_inputs():
    return service_pb2.ModelInferRequest(model_name="bert")


def shaped(values, shape):
    message = without_inputs()
    add_input(message, "input_ids", values, shape=shape)
    return message


def raw(data, shape, datatype="INT64"):
    message = without_inputs()
    tensor = message.inputs.add(name="input_ids", datatype=datatype)
    tensor.shape.extend(shape)
    message.raw_input_contents.append(data)
    return message


def raw_and_typed():
    message = request()
    message.raw_input_contents.append(np.zeros((1, 3), np.int64).tobytes())
    return message


def of_model(name, version=""):
    message = request(model_version=version)
    message.model_name = name
    return message


# What is sent, the code, and what the message must name.
CASES = {
    "unknown model": (of_model("birt"), NOT_FOUND, ["birt"]),
    "unknown version": (of_model("bert", "7"), NOT_FOUND, ["bert", "7"]),
    "no version": (of_model("bert", "x"), NOT_FOUND, ["x"]),
    "path for a name": (of_model("../bert"), NOT_FOUND, ["../bert"]),
    "no inputs": (without_inputs(), INVALID, ["input_ids"]),
    "unknown input": (with_input("input_idz", [1]), INVALID, ["input_idz"]),
    "input twice": (with_input("input_ids", [1, 2, 3]), INVALID, ["input_ids"]),
    "unknown output": (with_output("logitz"), INVALID, ["logitz"]),
    "wrong type": (raw(b"\0" * 12, [1, 3], "FP32"), INVALID, ["input_ids", "FP32"]),
    "unknown type": (raw(b"\0" * 12, [1, 3], "INT65"), INVALID, ["INT65"]),
    "one dimension": (shaped([1, 2], [2]), INVALID, ["input_ids", "1 dimensions"]),
    "negative shape": (shaped([1], [-1, -1]), INVALID, ["input_ids", "-1"]),
    "huge shape": (shaped([1], [1 << 62, 4]), INVALID, ["input_ids"]),
    "empty batch": (shaped([], [0, 3]), INVALID, ["input_ids", "[0,3]"]),
    "no tokens": (shaped([], [1, 0]), INVALID, ["input_ids", "[1,0]"]),
    "too few values": (shaped([1, 2], [1, 3]), INVALID, ["input_ids", "2", "3"]),
    "too few bytes": (raw(b"\0" * 23, [1, 3]), INVALID, ["input_ids", "23", "24"]),
    "raw and typed": (raw_and_typed(), INVALID, ["raw_input_contents"]),
    "id too high": (request([1, 60]), INVALID, ["input_ids", "60"]),
    "id negative": (request([-1]), INVALID, ["input_ids", "-1"]),
    "too long": (request([1] * 25), INVALID, ["25", "24"]),
    "other mask shape": (with_input("attention_mask", [1]), INVALID, ["attention_mask"]),
    "mask value": (
        with_input("attention_mask", [1, 2, 1]),
        INVALID,
        ["attention_mask", "2"],
    ),
    "row masked whole": (
        with_input("attention_mask", [0, 0, 0]),
        INVALID,
        ["attention_mask", "row 0"],
    ),
    "type too high": (
        with_input("token_type_ids", [0, 2, 0]),
        INVALID,
        ["token_type_ids", "2"],
    ),
    "position too high": (
        with_input("position_ids", [0, 24, 0]),
        INVALID,
        ["position_ids", "24"],
    ),
}


@pytest.fixture
def daemon(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    return start("--load_model=bert")


def test_names_what_is_wrong(daemon):
    for name, (message, code, parts) in CASES.items():
        error = rpc_error(daemon.client._client_stub.ModelInfer, message, timeout=10)
        assert error.code() == code, f"{name}: {error.details()}"
        for part in parts:
            assert part in error.details(), name
    answer = daemon.client._client_stub.ModelInfer(request(), timeout=10)
    assert [output.name for output in answer.outputs][0] == "last_hidden_state"


def test_typed_requests_get_typed_answers(daemon, goldens):
    _, probes = read_case(goldens / "bert_base")
    message = request(probes["b5_no_mask"]["in"]["input_ids"][0])
    message.outputs.add(name="pooler_output")

    answer = daemon.client._client_stub.ModelInfer(message, timeout=10)

    assert not answer.raw_output_contents
    assert list(answer.outputs[0].shape) == [1, 32]
    np.testing.assert_allclose(
        answer.outputs[0].contents.fp32_contents,
        probes["b5_no_mask"]["out"]["pooler_output"][0],
        atol=5e-5,
    )


def test_raw_answers_match_requests(daemon):
    ids = np.array([[1, 2, 3]], np.int32)

    answer = daemon.client.infer(
        "bert",
        [input_of(ids)],
        request_id="seven",
    ).get_response()

    assert answer.id == "seven"
    assert answer.model_version == "1"
    assert len(answer.raw_output_contents) == len(answer.outputs) == 3


def input_of(array):
    import tritonclient.grpc as triton

    tensor = triton.InferInput("input_ids", list(array.shape), "INT32")
    tensor.set_data_from_numpy(array)
    return tensor


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../bert", "a\0b", "x" * 300])
def test_load_refuses_names_that_are_paths(daemon, name):
    error = rpc_error(daemon.load, name)
    assert error.code() == INVALID, error.details()


def test_load_refuses_unknown_parameters(daemon):
    error = rpc_error(daemon.load, "bert", strickt=True)
    assert error.code() == INVALID
    assert "strickt" in error.details() and "strict" in error.details()


def test_models_that_are_not_there_are_not_ready(daemon):
    assert daemon.client.is_model_ready("bert")
    assert not daemon.client.is_model_ready("birt")
    error = rpc_error(daemon.load, "birt")
    assert error.code() == NOT_FOUND


def test_large_requests_are_refused_and_very_large_ones_unread(start, add_model, goldens):
    add_model("bert", goldens / "bert_base" / "model")
    daemon = start("--load_model=bert", "--max_request_bytes=1000")

    error = rpc_error(daemon.client._client_stub.ModelInfer, request(range(2000)), timeout=10)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "--max_request_bytes is 1000" in error.details()

    with grpc.insecure_channel(daemon.address) as channel:
        for method in (
            "inference.GRPCInferenceService/ModelInfer",
            "inference.GRPCInferenceService/ServerLive",
            "transformerd.v1.ModelService/LoadModel",
            "grpc.health.v1.Health/Check",
        ):
            error = rpc_error(channel.unary_unary(f"/{method}"), bytes(1 << 20), timeout=10)
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, method
            assert "larger than max (1048576 vs. 66536)" in error.details()
    daemon.client._client_stub.ModelInfer(request(), timeout=10)


@pytest.mark.parametrize(
    "method, expected",
    [
        ("inference.GRPCInferenceService/ModelInfer", "inference.ModelInferRequest"),
        ("transformerd.v1.ModelService/LoadModel", "transformerd.v1.LoadModelRequest"),
        ("transformerd.v1.TextService/Embed", "transformerd.v1.EmbedRequest"),
        ("grpc.health.v1.Health/Check", None),
    ],
)
def test_bytes_that_are_no_request_do_not_get_through(daemon, method, expected):
    with grpc.insecure_channel(daemon.address) as channel:
        # Field 1, two bytes that are no character.
        error = rpc_error(channel.unary_unary(f"/{method}"), b"\x0a\x02\xff\xfe", timeout=10)
    if expected is not None:
        assert error.code() == INVALID
        assert f"the request is no {expected}" in error.details()
    assert daemon.client.is_model_ready("bert")
