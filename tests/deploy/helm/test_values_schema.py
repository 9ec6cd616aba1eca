"""Wrong values are refused, with the name of the field."""

import json
import re
import subprocess

import chart
import pytest

# The daemon's flags that have other values behind them.
SET_BY_THE_CHART = {
    "model_repository", "grpc_address", "grpc_port", "metrics_address", "metrics_port",
    "health_port", "port_file", "drain_delay", "drain_timeout", "tls_cert_file",
    "tls_key_file", "tls_client_ca_file", "auth_token_file",
}


@pytest.mark.parametrize(
    "values, field",
    [
        ("replicas=3", "replicas"),
        ("replicaCount=-1", "replicaCount"),
        ("replicaCount=two", "replicaCount"),
        ("image.digest=latest", "digest"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("flags.grpc_port=9000", "grpc_port"),
        ("flags.batch_tokens=1", "batch_tokens"),
        ("flags.dtype=float64", "dtype"),
        ("flags.devices=tpu", "devices"),
        ("flags.max_batch_tokens=0", "max_batch_tokens"),
        ("flags.max_queue_delay=fast", "max_queue_delay"),
        ("flags.enable_reflection=perhaps", "enable_reflection"),
        ("flags.readiness=some", "readiness"),
        ("models.source=s3", "source"),
        ("models.source=image", "reference"),
        ("models.source=download", "image"),
        ("models.claim.accessModes={ReadOnce}", "accessModes"),
        ("drain.delaySeconds=-5", "delaySeconds"),
        ("drain.marginSeconds=1", "marginSeconds"),
        ("tls.enabled=true", "secretName"),
        ("auth.enabled=true", "secretName"),
        ("edge.enabled=true", "tls"),
        ("edge.callsAtOnce=0", "callsAtOnce"),
        ("gpu.count=-1", "count"),
        ("gpu.resourceName=gpu", "resourceName"),
        ("resources.limits.memory=lots", "memory"),
        ("sharedMemory.sizeLimit=-1Gi", "sizeLimit"),
        ("probes.liveness.periodSeconds=0", "periodSeconds"),
        ("strategy.maxSurge=half", "maxSurge"),
        ("podDisruptionBudget.minAvailable=1", "minAvailable"),
        ("autoscaling.capacityUsedPercent=170", "capacityUsedPercent"),
        ("autoscaling.enabled=true,autoscaling.queueMilliseconds=5", "prometheusRule"),
        ("networkPolicy.clients=all", "clients"),
        ("serviceMonitor.interval=often", "interval"),
        ("service.type=Ingress", "type"),
        ("podLabels.version=1", "version"),
        ("topologySpread=zone", "topologySpread"),
    ],
)
def test_refuses_wrong_values_by_name(values, field):
    result = chart.helm("template", "release", str(chart.CHART), "--set", values)
    assert result.returncode != 0
    assert "don't meet the specifications of the schema" in result.stderr
    assert field in result.stderr.split("schema", 1)[1]


def test_knows_the_daemons_flags(transformerd):
    text = subprocess.run([transformerd, "--help"], capture_output=True, text=True, check=True)
    flags = set(re.findall(r"^  --(\w+)$", text.stdout, re.M))
    schema = json.loads((chart.CHART / "values.schema.json").read_text())
    known = set(schema["properties"]["flags"]["properties"])

    assert not known & SET_BY_THE_CHART
    assert known | SET_BY_THE_CHART == flags


@pytest.mark.parametrize("values", chart.VALUE_SETS)
def test_the_daemon_takes_the_flags_of_a_value_set(transformerd, values):
    environment = chart.Objects(*chart.values_of(values)).environment
    result = subprocess.run(
        [transformerd, "--model_repository=/nowhere"],
        env=environment, capture_output=True, text=True, check=False, timeout=60,
    )
    # The first thing that is wrong is the one that was made wrong here.
    assert result.returncode == 2
    assert "/nowhere" in result.stderr, result.stderr
