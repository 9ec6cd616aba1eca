"""The chart's haproxy before a real daemon: what passes, and what does not."""

import os
import pathlib
import re
import subprocess
import time

import chart
import grpc
import pytest
from callers import request_of
from certificates import make_certificate
from control_plane import free_ports
from daemon import Daemon
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2_grpc

MODEL = "albert"
START_TIMEOUT_S = 20
POLL_S = 0.02
SOFT_LIMIT = 20


def haproxy(*arguments, **options):
    folder = pathlib.Path(os.environ["HAPROXY"])
    libraries = {"LD_LIBRARY_PATH": str(folder / "usr/lib/x86_64-linux-gnu")}
    program = [folder / "usr/sbin/haproxy", *arguments]
    return subprocess.Popen(program, env={**os.environ, **libraries}, **options)


def config_text(*arguments):
    objects = chart.Objects(*chart.values_of("edge"), *arguments)
    return next(c["data"]["haproxy.cfg"] for c in objects.of("ConfigMap") if "haproxy.cfg" in c["data"])


class Edge:
    """haproxy with the chart's configuration, on free ports, before `daemon`."""

    def __init__(self, folder, daemon, *arguments):
        make_certificate(folder)
        self.port, self.health_port = free_ports(2)
        places = {
            ":8001 ssl": f"127.0.0.1:{self.port} ssl",
            ":8003 proto": f"127.0.0.1:{self.health_port} proto",
            "127.0.0.1:9001": daemon.address,
            "127.0.0.1:9003": daemon.health_address,
            "/etc/haproxy/tls": str(folder),
        }
        text = config_text(*arguments)
        for given, here in places.items():
            assert given in text
            text = text.replace(given, here)
        (folder / "haproxy.cfg").write_text(text)
        self._log = folder / "log"
        with open(self._log, "wb") as log:
            self._process = haproxy("-db", "-f", folder / "haproxy.cfg", stdout=log, stderr=log)
        self._authority = (folder / "ca.crt").read_bytes()
        self._identity = (folder / "tls.key").read_bytes(), self._authority
        self._wait_until_open()

    def _wait_until_open(self):
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            assert self._process.poll() is None, self._log.read_text()
            try:
                with self.channel(has_certificate=True) as channel:
                    return grpc.channel_ready_future(channel).result(1)
            except grpc.FutureTimeoutError:
                assert time.monotonic() < deadline, self._log.read_text()

    def channel(self, has_certificate=False):
        key, certificate = self._identity if has_certificate else (None, None)
        credentials = grpc.ssl_channel_credentials(self._authority, key, certificate)
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(f"localhost:{self.port}", credentials, options=options)

    def stop(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def daemon(models):
    daemon = Daemon(models / "good", "--load_model=albert", f"--health_port={free_ports(1)[0]}")
    flags = (pathlib.Path(daemon.folder) / "ports").read_text()
    daemon.health_address = "127.0.0.1:" + re.search(r"health_port=(\d+)", flags)[1]
    yield daemon
    daemon.kill()


@pytest.fixture
def edge(tmp_path, daemon):
    edges = []

    def start(*arguments):
        edges.append(Edge(tmp_path, daemon, *arguments))
        return edges[-1]

    yield start
    for edge in edges:
        edge.stop()


def infer(channel):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return stub.ModelInfer(request_of(MODEL), timeout=10)


def code_of(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("client_certificates", ["true", "false"])
def test_haproxy_finds_nothing_wrong_with_the_configuration(tmp_path, client_certificates):
    make_certificate(tmp_path)
    text = config_text("--set", f"tls.clientCertificates={client_certificates}")
    path = tmp_path / "haproxy.cfg"
    path.write_text(text.replace("/etc/haproxy/tls", str(tmp_path)))
    check = haproxy("-c", "-f", path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = check.communicate()[0]
    assert check.returncode == 0 and "WARNING" not in output and "ALERT" not in output, output


def test_calls_and_health_watches_pass(edge):
    with edge().channel() as channel:
        assert infer(channel).model_name == MODEL
        request = health_pb2.HealthCheckRequest(service="readiness")
        watch = health_pb2_grpc.HealthStub(channel).Watch(request, timeout=10)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()


def test_probes_get_health_in_plaintext_and_nothing_else(edge):
    with grpc.insecure_channel(f"127.0.0.1:{edge().health_port}") as channel:
        request = health_pb2.HealthCheckRequest(service="liveness")
        answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        assert code_of(infer, channel) == grpc.StatusCode.PERMISSION_DENIED


def test_strangers_without_a_certificate_are_refused(edge):
    edge = edge("--set", "tls.clientCertificates=true")
    with edge.channel() as channel:
        assert code_of(infer, channel) == grpc.StatusCode.UNAVAILABLE
    with edge.channel(has_certificate=True) as channel:
        assert infer(channel).model_name == MODEL


def test_one_address_gets_so_many_calls_a_second(edge):
    edge = edge("--set", f"edge.softRequestsPerSecond={SOFT_LIMIT}")
    with edge.channel() as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [stub.ModelInfer.future(request_of(MODEL), timeout=10) for _ in range(4 * SOFT_LIMIT)]
        codes = [call.code() for call in calls]
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    # The rate is estimated over a second, so some calls more may pass.
    assert SOFT_LIMIT / 2 <= codes.count(grpc.StatusCode.OK) <= 2 * SOFT_LIMIT


def test_one_address_gets_so_many_connections(edge):
    edge = edge("--set", "edge.openConnections=3")
    channels = [edge.channel() for _ in range(6)]
    codes = [code_of(infer, channel) for channel in channels]
    for channel in channels:
        channel.close()
    assert codes == [grpc.StatusCode.OK] * 3 + [grpc.StatusCode.UNAVAILABLE] * 3
