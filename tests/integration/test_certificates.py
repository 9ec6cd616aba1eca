"""TLS and certificates of clients, with the tools that people use."""

import os
import re
import shutil
import socket
import ssl

import numpy as np
import pytest
import tools
import tritonclient.grpc as triton
from certificates import Authority
from free_ports import free_ports
from tritonclient.utils import InferenceServerException

IDS = {"input_ids": np.array([[1, 2, 3]], np.int64)}


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("stranger"), "stranger")
    made.issue("alice")
    return made


def files(believed, issuer=None, name="alice"):
    """What a client believes and shows."""
    shown = {"cert": issuer.certificate(name), "key": issuer.key(name)} if issuer else {}
    return {"ca": believed.certificate(believed.name), **shown}


@pytest.fixture
def mutual(start, add_model, goldens, authority):
    """A daemon that asks for certificates, and has a port for probes."""
    add_model("bert", goldens / "bert_base" / "model")
    return start(
        "--load_model=bert",
        f"--health_port={free_ports(1)[0]}",
        f"--tls_client_ca_file={authority.certificate('authority')}",
        f"--tls_cert_file={authority.certificate('server')}",
        f"--tls_key_file={authority.key('server')}",
        connection=tools.triton_arguments(files(authority, authority)),
    )


def test_a_certificate_is_enough_for_every_tool(mutual, authority):
    for tool in tools.ALL:
        assert tool(mutual.address, files(authority, authority)) == "", tool.__name__
    assert mutual.infer("bert", IDS, ["pooler_output"])["pooler_output"].shape == (1, 32)


# What the client does, and what the daemon's log says of it. Some tools show no
# certificate where none of theirs is of an authority that the daemon asks for.
NOT_SHOWN, NOT_BELIEVED = "peer did not return a certificate", "certificate verify failed"
WRONG_CLIENTS = {
    "plaintext": (lambda a, s: {}, {"wrong version number"}),
    "no certificate": (lambda a, s: files(a), {NOT_SHOWN}),
    "of a stranger": (lambda a, s: files(a, s), {NOT_SHOWN, NOT_BELIEVED}),
    "expired": (lambda a, s: files(a, a, "old"), {NOT_BELIEVED}),
}


@pytest.mark.parametrize("case", WRONG_CLIENTS)
def test_wrong_clients_are_refused_with_every_tool(case, mutual, authority, stranger):
    of, reasons = WRONG_CLIENTS[case]
    for tool in tools.ALL:
        assert tool(mutual.address, of(authority, stranger)) != "", tool.__name__
    mutual.await_log("Handshake failed", times=len(tools.ALL))
    assert set(re.findall(r"SSL routines::([\w ]+)", mutual.log())) <= reasons


def test_a_server_of_a_stranger_is_refused_by_every_tool(mutual, authority, stranger):
    wrong = [mutual.address, files(stranger, authority)]
    assert "certificate signed by unknown authority" in tools.grpcurl(*wrong)
    assert "failed to connect" in tools.grpc_health_probe(*wrong)
    assert "certificate verify failed" in tools.transformerctl(*wrong)
    assert "CERTIFICATE_VERIFY_FAILED" in tools.tritonclient(*wrong)


def test_transformerctl_says_what_may_help(mutual, authority, stranger):
    assert "--tls_ca=FILE" in tools.transformerctl(mutual.address, files(stranger, authority))
    assert "--tls_cert" in tools.transformerctl(mutual.address, files(authority))
    mixed = {**files(authority, authority), "key": authority.key("server")}
    assert "the key is not that" in tools.transformerctl(mutual.address, mixed)


def test_the_health_port_serves_health_alone_and_in_plaintext(mutual):
    assert tools.grpc_health_probe(mutual.health_address, {}) == ""
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
            mutual.await_log("unsupported protocol")
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
        connection=tools.triton_arguments(files(authority)),
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
