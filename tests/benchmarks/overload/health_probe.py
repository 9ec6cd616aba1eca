#!/usr/bin/env python3
"""Asks for health over and over, from a process that does nothing else.

    tests/benchmarks/overload/health_probe.py ADDRESS SECONDS

As Kubernetes does it: a connection and one Check for each probe is too slow to
be many, so one connection is kept, and every tenth probe makes a new one. Prints
how long each probe took, in seconds, as JSON.
"""

import json
import sys
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

INTERVAL_S = 0.01
PROBES_A_CONNECTION = 10


def probe(address, seconds):
    durations = []
    end = time.monotonic() + seconds
    options = [("grpc.use_local_subchannel_pool", 1)]
    request = health_pb2.HealthCheckRequest(service="liveness")
    while time.monotonic() < end:
        with grpc.insecure_channel(address, options) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for _ in range(PROBES_A_CONNECTION):
                begin = time.monotonic()
                answer = stub.Check(request, timeout=5, wait_for_ready=True)
                durations.append(time.monotonic() - begin)
                assert answer.status == health_pb2.HealthCheckResponse.SERVING
                time.sleep(INTERVAL_S)
    return durations


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1], float(sys.argv[2]))))
