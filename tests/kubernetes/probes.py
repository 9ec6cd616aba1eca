"""The kubelet's gRPC probes: a new connection each time, and what failures mean."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

DEFAULTS = {
    "initialDelaySeconds": 0,
    "periodSeconds": 10,
    "timeoutSeconds": 1,
    "failureThreshold": 3,
}


def ask(address, probe):
    """Whether one probe succeeds."""
    target = f"{address}:{probe['grpc']['port']}"
    request = health_pb2.HealthCheckRequest(service=probe["grpc"].get("service", ""))
    # Without this, channels to one target share a connection.
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(target, options=options) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                request, timeout=probe.get("timeoutSeconds", DEFAULTS["timeoutSeconds"])
            )
        except grpc.RpcError:
            return False
    return answer.status == health_pb2.HealthCheckResponse.SERVING


class Prober:
    """Runs one probe when it is due. `passing` is its verdict, None before the first."""

    def __init__(self, probe, address, started):
        self._settings = {**DEFAULTS, **probe}
        self._address = address
        self._next = started + self._settings["initialDelaySeconds"]
        self._failures = 0
        self.passing = None

    def poll(self, now):
        if now < self._next:
            return
        self._next = now + self._settings["periodSeconds"]
        if ask(self._address, self._settings):
            self._failures, self.passing = 0, True
            return
        self._failures += 1
        if self._failures >= self._settings["failureThreshold"]:
            self.passing = False
