"""Bearer tokens and their rights, on one daemon with a token of each right."""

import grpc
import numpy as np
import pytest
import tools
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

IDS = {"input_ids": np.array([[1, 2, 3]], np.int64)}
INFER = {"authorization": "Bearer infer-token"}
ADMIN = {"authorization": "Bearer admin-token"}


@pytest.fixture
def tokens(tmp_path):
    path = tmp_path / "tokens"
    path.write_text("infer-token infer\nadmin-token admin\n")
    return path


@pytest.fixture
def daemon(start, add_model, goldens, tokens):
    add_model("bert", goldens / "bert_base" / "model")
    return start("--load_model=bert", f"--auth_token_file={tokens}")


def code_of(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except InferenceServerException as error:
        return error.status().removeprefix("StatusCode.")
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def infer(daemon, headers):
    return code_of(daemon.infer, "bert", IDS, headers=headers)


def load(daemon, headers):
    return code_of(daemon.load, "bert", metadata=tuple(headers.items()))


def test_rights(daemon):
    assert infer(daemon, {}) == "UNAUTHENTICATED"
    assert infer(daemon, {"authorization": "Bearer other"}) == "UNAUTHENTICATED"
    assert infer(daemon, INFER) == "OK"
    assert infer(daemon, ADMIN) == "OK"
    assert load(daemon, {}) == "UNAUTHENTICATED"
    assert load(daemon, INFER) == "PERMISSION_DENIED"
    assert load(daemon, ADMIN) == "OK"
    # Of refused calls there are metrics and lines, of tokens there is nothing.
    refused = 'code="UNAUTHENTICATED"'
    assert daemon.metric("grpc_server_handled_total", refused) == 3
    log = daemon.log()
    assert "audit: refused" in log
    assert 'caller="the token of line 2' in log
    assert "-token" not in log.replace("auth_token_file", "")


def test_health_is_free(daemon):
    stub = health_pb2_grpc.HealthStub(daemon.client._channel)
    answer = stub.Check(health_pb2.HealthCheckRequest(service="model/bert"), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert daemon.client.is_model_ready("bert")
    assert tools.grpc_health_probe(daemon.address, {}) == ""


def test_grpcurl_sends_one(daemon):
    def grpcurl(*arguments, words=("list",)):
        return tools.grpcurl(daemon.address, {}, *arguments, words=words)

    unload = ("inference.GRPCInferenceService/RepositoryModelUnload",)
    mine = ("-H", "authorization: Bearer infer-token")
    assert "unauthenticated" in grpcurl().lower()
    assert "unauthenticated" in grpcurl("-H", "authorization: Basic infer-token").lower()
    assert grpcurl(*mine) == ""
    assert "PermissionDenied" in grpcurl(*mine, "-d", '{"model_name": "bert"}', words=unload)


def test_tritonclient_sends_one(daemon):
    assert daemon.client.get_server_metadata(headers=INFER).name == "transformerd"
    with pytest.raises(InferenceServerException, match="PERMISSION_DENIED"):
        daemon.client.unload_model("bert", headers=INFER)
    assert daemon.client.is_model_ready("bert")


def test_transformerctl_sends_one(daemon, tmp_path):
    (tmp_path / "mine").write_text("infer-token\n")
    mine = f"--token_file={tmp_path / 'mine'}"
    assert tools.transformerctl(daemon.address, {}, "list", mine) == ""
    assert "--token_file" in tools.transformerctl(daemon.address, {}, "list")
    assert "the right admin" in tools.transformerctl(daemon.address, {}, "unload", "bert", mine)


def test_the_file_is_read_again(daemon, tokens):
    other = {"authorization": "Bearer new-one"}
    tokens.write_text("new-one infer\n")
    daemon.await_log("the tokens were read again")
    assert infer(daemon, other) == "OK"
    assert infer(daemon, ADMIN) == "UNAUTHENTICATED"
    tokens.write_text("new-one\n")
    daemon.await_log("the tokens have changed and stay as they were")
    assert infer(daemon, other) == "OK"
