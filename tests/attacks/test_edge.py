"""The chart's haproxy before a real daemon: what passes, and what does not."""

import subprocess

import grpc
import pytest
from edge import config_text, haproxy, write_secret
from grpc_health.v1 import health_pb2, health_pb2_grpc
from ids_request import request_of
from targets import MODEL
from tritonclient.grpc import service_pb2_grpc

SOFT_LIMIT = 20


def infer(channel):
    stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
    return stub.ModelInfer(request_of(MODEL), timeout=10)


def watch(channel):
    request = health_pb2.HealthCheckRequest(service="readiness")
    return health_pb2_grpc.HealthStub(channel).Watch(request, timeout=10)


def code_of(call, *arguments, **options):
    try:
        call(*arguments, **options)
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("client_certificates", ["true", "false"])
def test_haproxy_finds_nothing_wrong_with_the_configuration(
    tmp_path, parties, client_certificates
):
    write_secret(tmp_path, parties.authority, "server")
    text = config_text("--set", f"tls.clientCertificates={client_certificates}")
    path = tmp_path / "haproxy.cfg"
    path.write_text(text.replace("/etc/haproxy/tls", str(tmp_path)))
    check = haproxy("-c", "-f", path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = check.communicate()[0]
    assert check.returncode == 0 and "WARNING" not in output and "ALERT" not in output, output


def test_calls_and_health_watches_pass(edge):
    with edge().channel() as channel:
        assert infer(channel).model_name == MODEL
        health = watch(channel)
        assert next(health).status == health_pb2.HealthCheckResponse.SERVING
        health.cancel()


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
    with edge.channel("client") as channel:
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


def test_one_address_gets_so_many_calls_at_a_time(edge):
    edge = edge("--set", "edge.callsAtOnce=3")
    with edge.channel() as channel:
        watches = [watch(channel) for _ in range(3)]
        for each in watches:
            next(each)
        assert code_of(infer, channel) == grpc.StatusCode.RESOURCE_EXHAUSTED
        # The kubelet's are others, whatever its address.
        with grpc.insecure_channel(f"127.0.0.1:{edge.health_port}") as probes:
            assert next(watch(probes)).status == health_pb2.HealthCheckResponse.SERVING
