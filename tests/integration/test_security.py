"""TLS, certificates of clients, bearer tokens, and what the log tells of them."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from certificates import Authority
from daemon import Daemon, rpc_error
from free_ports import free_ports
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.utils import InferenceServerException

IDS = {"input_ids": np.array([[1, 2, 3]], np.int64)}
GOLDENS = pathlib.Path(__file__).resolve().parent.parent / "testdata" / "goldens"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("authority"), "authority")
    made.issue("server")
    made.issue("alice")
    return made


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    made.issue("alice")
    return made


def tls_flags(folder_of, name):
    return [
        f"--tls_cert_file={folder_of.certificate(name)}",
        f"--tls_key_file={folder_of.key(name)}",
    ]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def connection(believed, issuer, name):
    """tritonclient's arguments for a client with a certificate."""
    return {
        "ssl": True,
        "root_certificates": believed.certificate(believed.name),
        "certificate_chain": issuer.certificate(name),
        "private_key": issuer.key(name),
    }


@pytest.fixture(scope="module")
def mutual(tmp_path_factory, authority):
    """A daemon that asks for certificates, and has a port for probes."""
    repository = tmp_path_factory.mktemp("models")
    (repository / "bert").symlink_to(GOLDENS / "bert_base" / "model")
    daemon = Daemon(
        repository,
        "--load_model=bert",
        f"--health_port={free_ports(1)[0]}",
        f"--tls_client_ca_file={authority.certificate('authority')}",
        *tls_flags(authority, "server"),
        connection=connection(authority, authority, "alice"),
    )
    yield daemon
    daemon.kill()


def test_tritonclient_infers(mutual):
    assert mutual.infer("bert", IDS, ["pooler_output"])["pooler_output"].shape == (1, 32)


def test_tritonclient_is_refused(mutual, authority, stranger):
    for wrong in [
        {},  # plaintext
        {"ssl": True, "root_certificates": authority.certificate("authority")},
        connection(authority, stranger, "alice"),
        connection(stranger, authority, "alice"),
    ]:
        client = triton.InferenceServerClient(mutual.address, **wrong)
        with pytest.raises(InferenceServerException, match="UNAVAILABLE"):
            client.get_server_metadata(client_timeout=5)
        client.close()


def test_grpcurl_lists_with_a_certificate_alone(mutual, authority, stranger):
    def grpcurl(*flags):
        ca = authority.certificate("authority")
        return run(
            os.environ["GRPCURL"],
            *("-connect-timeout", "5", "-cacert", ca, *flags, mutual.address, "list"),
        )

    def certificate(of):
        return ["-cert", of.certificate("alice"), "-key", of.key("alice")]

    listed = grpcurl(*certificate(authority))
    assert "inference.GRPCInferenceService" in listed.stdout, listed.stderr
    assert grpcurl().returncode != 0
    assert grpcurl(*certificate(stranger)).returncode != 0


def test_grpc_health_probe_needs_a_certificate_or_the_health_port(mutual, authority):
    def probe(*flags):
        command = [os.environ["GRPC_HEALTH_PROBE"], "-service=model/bert", *flags]
        return run(*command).returncode

    tls = [
        f"-addr={mutual.address}",
        "-tls",
        f"-tls-ca-cert={authority.certificate('authority')}",
    ]
    certificate = [
        f"-tls-client-cert={authority.certificate('alice')}",
        f"-tls-client-key={authority.key('alice')}",
    ]
    assert probe(*tls, *certificate) == 0
    assert probe(*tls) != 0
    assert probe(f"-addr={mutual.health_address}") == 0


def test_the_health_port_serves_health_alone(mutual):
    client = triton.InferenceServerClient(mutual.health_address)
    with pytest.raises(InferenceServerException, match="UNIMPLEMENTED"):
        client.get_server_metadata()
    client.close()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize("version", ["TLSv1_1", "TLSv1_2", "TLSv1_3"])
def test_tls_is_of_version_1_2_at_least(mutual, authority, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.certificate("authority"))
    context.load_cert_chain(authority.certificate("alice"), authority.key("alice"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2"])
    context.maximum_version = ssl.TLSVersion[version]
    context.minimum_version = ssl.TLSVersion[version]
    host, port = mutual.address.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as plain:
        if version == "TLSv1_1":
            with pytest.raises(OSError):
                context.wrap_socket(plain, server_hostname=host)
            return
        with context.wrap_socket(plain, server_hostname=host) as encrypted:
            assert encrypted.version() == version.replace("_", ".")


def test_admin_calls_are_told_with_the_subject_of_the_caller(mutual):
    mutual.load("bert")
    (line,) = [line for line in mutual.log().split("\n") if "] audit" in line]
    assert "CN=alice" in line and "peer=ipv4:127.0.0.1" in line, line
    assert "method=RepositoryModelLoad model=bert code=OK" in line, line


def test_certificates_are_read_again_when_they_fit(start, authority, stranger, tmp_path):
    certificate, key = tmp_path / "tls.pem", tmp_path / "tls.key"

    def put(of, name, target, kind):
        shutil.copy(getattr(of, kind)(name), tmp_path / "next")
        os.replace(tmp_path / "next", target)

    put(authority, "server", certificate, "certificate")
    put(authority, "server", key, "key")
    daemon = start(
        f"--tls_cert_file={certificate}",
        f"--tls_key_file={key}",
        connection={"ssl": True, "root_certificates": authority.certificate("authority")},
    )
    host, port = daemon.address.split(":")

    def shown():
        return ssl.get_server_certificate((host, int(port)), timeout=10)

    first = shown()
    put(stranger, "alice", certificate, "certificate")  # with the old key
    daemon.await_log("the certificates have changed and stay as they were")
    assert shown() == first
    put(stranger, "alice", key, "key")
    daemon.await_log("the certificates were read again")
    assert shown() != first
    assert daemon.client.is_server_live()  # its connection has lived on


def test_what_is_wrong_with_certificates_ends_the_start(authority):
    authority.issue("old", days=-1)
    certificate = f"--tls_cert_file={authority.certificate('server')}"
    cases = {
        "is not the key of the certificate": [
            certificate,
            f"--tls_key_file={authority.key('alice')}",
        ],
        "'CN = old' expired": tls_flags(authority, "old"),
        "need each other": [certificate],
    }
    for words, flags in cases.items():
        end_of_start(flags, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "there is no token in it"), ("a infer\nhidden-word\n", "line 2")],
)
def test_what_is_wrong_with_tokens_ends_the_start(tmp_path, text, words):
    (tmp_path / "tokens").write_text(text)
    output = end_of_start([f"--auth_token_file={tmp_path / 'tokens'}"], words)
    assert "hidden-word" not in output


def end_of_start(flags, words):
    """Expects wrong flags, told in the last line; returns all that was written."""
    ended = run(
        os.environ["TRANSFORMERD"],
        f"--model_repository={GOLDENS}",
        *("--model_control_mode=explicit", "--grpc_port=0", "--metrics_port=0", *flags),
    )
    assert ended.returncode == 2, ended.stderr
    assert words in ended.stderr.strip().split("\n")[-1], ended.stderr
    return ended.stdout + ended.stderr


class TestTokens:
    """One daemon with a token of each right."""

    INFER = {"authorization": "Bearer infer-token"}
    ADMIN = {"authorization": "Bearer admin-token"}

    @pytest.fixture
    def daemon(self, start, add_model, goldens, tmp_path):
        add_model("bert", goldens / "bert_base" / "model")
        self.tokens = tmp_path / "tokens"
        self.tokens.write_text("infer-token infer\nadmin-token admin\n")
        return start("--load_model=bert", f"--auth_token_file={self.tokens}")

    def code_of(self, call, *args, **kwargs):
        try:
            call(*args, **kwargs)
        except InferenceServerException as error:
            return error.status().removeprefix("StatusCode.")
        except grpc.RpcError as error:
            return error.code().name
        return "OK"

    def test_rights(self, daemon, tmp_path):
        def infer(headers):
            return self.code_of(daemon.infer, "bert", IDS, headers=headers)

        def load(headers):
            return self.code_of(daemon.load, "bert", metadata=tuple(headers.items()))

        assert infer({}) == "UNAUTHENTICATED"
        assert infer({"authorization": "Bearer other"}) == "UNAUTHENTICATED"
        assert infer(self.INFER) == "OK"
        assert infer(self.ADMIN) == "OK"
        assert load({}) == "UNAUTHENTICATED"
        assert load(self.INFER) == "PERMISSION_DENIED"
        assert load(self.ADMIN) == "OK"
        # Health is free, on gRPC's and on the Open Inference Protocol's way.
        stub = health_pb2_grpc.HealthStub(daemon.client._channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service="model/bert"), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert daemon.client.is_model_ready("bert")
        # Of refused calls there are metrics and lines, of tokens there is nothing.
        refused = 'code="UNAUTHENTICATED"'
        assert daemon.metric("grpc_server_handled_total", refused) == 3
        log = daemon.log()
        assert "audit: refused" in log
        assert 'caller="the token of line 2' in log
        assert "-token" not in log.replace("auth_token_file", "")

    def test_grpcurl_sends_one(self, daemon):
        def grpcurl(*flags):
            return run(os.environ["GRPCURL"], "-plaintext", *flags, daemon.address, "list")

        assert "UNAUTHENTICATED" in grpcurl().stderr.upper()
        listed = grpcurl("-H", "authorization: Bearer infer-token")
        assert "inference.GRPCInferenceService" in listed.stdout, listed.stderr

    def test_the_file_is_read_again(self, daemon):
        other = {"authorization": "Bearer new-one"}
        self.tokens.write_text("new-one infer\n")
        daemon.await_log("the tokens were read again")
        assert self.code_of(daemon.infer, "bert", IDS, headers=other) == "OK"
        assert self.code_of(daemon.infer, "bert", IDS, headers=self.ADMIN) == "UNAUTHENTICATED"
        self.tokens.write_text("new-one\n")
        daemon.await_log("the tokens have changed and stay as they were")
        assert self.code_of(daemon.infer, "bert", IDS, headers=other) == "OK"


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
