"""The value set for mutual TLS and tokens, with its Secrets, probed in plaintext."""

import base64

import chart
import grpc
import pytest
import yaml
from certificates import Authority
from edge import secure_channel, write_secret
from ids_request import request_of
from release import MODEL, Release
from tritonclient.grpc import service_pb2, service_pb2_grpc

TOKENS = "secret-of-callers infer\nsecret-of-operators admin\n"


def make_secret(api, name, files):
    data = {key: base64.b64encode(value).decode() for key, value in files.items()}
    api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data})


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"), "authority")
    authority.issue("server")
    authority.issue("client")
    return authority


@pytest.fixture(scope="module")
def release(api, kubelet, dns, models, authority, tmp_path_factory):
    values = yaml.safe_load((chart.CHART / "values/tls.yaml").read_text())
    folder = tmp_path_factory.mktemp("secret")
    write_secret(folder, authority, "server")
    make_secret(
        api, values["tls"]["secretName"],
        {path.name: path.read_bytes() for path in folder.iterdir()},
    )
    make_secret(api, values["auth"]["secretName"], {"tokens": TOKENS.encode()})
    # Its custom resources are tried in test_apply.py.
    values["serviceMonitor"]["enabled"] = False
    values["flags"].update(model_control_mode="explicit", load_model="*")
    release = Release(api, kubelet, dns, models, "secure")
    release.install(replicaCount=1, **values)
    release.wait_until_rolled_out()
    return release


@pytest.fixture
def call(release, authority):
    """Calls a method of the service; returns the code that it ends with."""

    def call(method, request, token=None, certificate="client"):
        metadata = [("authorization", f"Bearer {token}")] if token else []
        with secure_channel(release.target, authority, certificate) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            try:
                getattr(stub, method)(request, timeout=20, metadata=metadata)
            except grpc.RpcError as error:
                return error.code()
        return grpc.StatusCode.OK

    return call


def test_a_token_and_a_certificate_are_needed(call):
    request = request_of(MODEL)
    assert call("ModelInfer", request, "secret-of-callers") == grpc.StatusCode.OK
    assert call("ModelInfer", request) == grpc.StatusCode.UNAUTHENTICATED
    refused = call("ModelInfer", request, "secret-of-callers", certificate=None)
    assert refused == grpc.StatusCode.UNAVAILABLE


def test_models_are_for_operators(call):
    request = service_pb2.RepositoryModelLoadRequest(model_name=MODEL)
    assert call("RepositoryModelLoad", request, "secret-of-callers") == grpc.StatusCode.PERMISSION_DENIED
    assert call("RepositoryModelLoad", request, "secret-of-operators") == grpc.StatusCode.OK
