"""What the chart promises, for each of its value sets."""

import subprocess

import chart
import pytest
import yaml
from chart import Objects


@pytest.fixture(params=chart.VALUE_SETS, scope="module")
def objects(request):
    return Objects(*chart.values_of(request.param))


@pytest.mark.parametrize("values", chart.VALUE_SETS)
def test_lints(values):
    result = chart.helm(
        "lint", "--strict", "--kube-version", "1.33.0", *chart.values_of(values),
        str(chart.CHART),
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_plain_manifests_are_the_charts(root, tmp_path):
    subprocess.run([root / "deploy/kubernetes/render.sh", tmp_path], check=True)

    rendered = {path.name: path.read_text() for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text() for path in (root / "deploy/kubernetes").glob("*.yaml")}
    assert rendered == kept, "run deploy/kubernetes/render.sh"


def test_versions_are_the_daemons(root):
    version = (root / "VERSION").read_text().strip()
    metadata = yaml.safe_load((chart.CHART / "Chart.yaml").read_text())
    assert metadata["appVersion"] == version
    gpu = Objects(*chart.values_of("gpu"))
    assert gpu.container["image"] == f"transformerd:{version}-cuda"


def test_every_object_is_of_the_release(objects):
    for obj in objects.all:
        assert obj["metadata"]["name"].startswith("release-transformerd")
        assert obj["metadata"]["labels"]["app.kubernetes.io/instance"] == "release"


def test_grace_period_covers_the_drain(objects):
    drain = ("TRANSFORMERD_DRAIN_DELAY", "TRANSFORMERD_DRAIN_TIMEOUT")
    seconds = [int(objects.environment[name].removesuffix("s")) for name in drain]
    assert objects.pod["spec"]["terminationGracePeriodSeconds"] >= sum(seconds) + 10


def test_probes_ask_health_where_it_is_plaintext(objects):
    container, environment = objects.container, objects.environment
    services = {
        probe: container[f"{probe}Probe"]["grpc"]["service"]
        for probe in ("startup", "liveness", "readiness")
    }
    assert services == {"startup": "liveness", "liveness": "liveness", "readiness": "readiness"}

    ports = {container[f"{probe}Probe"]["grpc"]["port"] for probe in services}
    if "TRANSFORMERD_TLS_CERT_FILE" in environment:
        assert ports == {int(environment["TRANSFORMERD_HEALTH_PORT"])}
    elif environment["TRANSFORMERD_GRPC_ADDRESS"] == "0.0.0.0":
        assert ports == {int(environment["TRANSFORMERD_GRPC_PORT"])}
    else:
        # haproxy stands before both ports, and passes health on.
        assert ports == {8003}


def test_pods_are_restricted(objects):
    spec = objects.pod["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in objects.containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_models_are_read_only_and_shared_memory_is_memory(objects):
    mounts = {mount["mountPath"]: mount for mount in objects.container["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in objects.pod["spec"]["volumes"]}
    assert mounts["/models"]["readOnly"] is True
    assert objects.environment["TRANSFORMERD_MODEL_REPOSITORY"] == "/models"
    assert volumes[mounts["/dev/shm"]["name"]]["emptyDir"]["medium"] == "Memory"


def test_every_mount_has_its_volume(objects):
    volumes = {volume["name"] for volume in objects.pod["spec"]["volumes"]}
    mounted = {m["name"] for container in objects.containers for m in container["volumeMounts"]}
    assert mounted == volumes


def test_selectors_find_the_pods(objects):
    labels = objects.pod["metadata"]["labels"]
    selectors = [service["spec"]["selector"] for service in objects.of("Service")]
    selectors += [
        objects.one("Deployment")["spec"]["selector"]["matchLabels"],
        objects.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        objects.one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector and selector.items() <= labels.items()


def test_services_reach_the_ports_that_are_open(objects):
    opened = {
        port["containerPort"]
        for container in objects.containers
        for port in container.get("ports", [])
    }
    for service in objects.of("Service"):
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= opened


def test_network_policy_separates_callers_from_prometheus(objects):
    rules = objects.one("NetworkPolicy")["spec"]["ingress"]
    ports = [sorted(port["port"] for port in rule["ports"]) for rule in rules]
    assert ports == [[8001], [8002], [8001, 8002]]
    assert rules[2]["from"] == [{"podSelector": {"matchLabels": {"transformerd-admin": "true"}}}]


def test_service_monitor_finds_the_metrics():
    objects = Objects(*chart.values_of("gpu"))
    spec = objects.one("ServiceMonitor")["spec"]
    matching = [
        service for service in objects.of("Service")
        if spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    ]
    ports = [port["name"] for service in matching for port in service["spec"]["ports"]]
    assert ports.count(spec["endpoints"][0]["port"]) == 1


def test_autoscaler_looks_at_capacity_and_queue():
    objects = Objects(*chart.values_of("gpu"))
    metrics = objects.one("HorizontalPodAutoscaler")["spec"]["metrics"]
    targets = {
        metric["pods"]["metric"]["name"]: metric["pods"]["target"]["averageValue"]
        for metric in metrics
    }
    assert targets == {
        "transformerd_capacity_used_ratio": "700m",
        "transformerd_request_queue_seconds_mean": "250m",
    }
    # Else every upgrade would set the number back.
    assert "replicas" not in objects.one("Deployment")["spec"]
    (rule,) = objects.one("PrometheusRule")["spec"]["groups"][0]["rules"]
    assert rule["record"] == "transformerd_request_queue_seconds_mean"


def test_gpus_are_asked_for_and_their_taint_tolerated():
    objects = Objects(*chart.values_of("gpu"))
    assert objects.container["resources"]["limits"]["nvidia.com/gpu"] == 4
    assert objects.environment["TRANSFORMERD_DEVICES"] == "cuda"
    assert objects.pod["spec"]["tolerations"][0]["key"] == "nvidia.com/gpu"


def test_behind_an_edge_the_daemon_is_on_loopback():
    objects = Objects(*chart.values_of("edge"))
    assert objects.environment["TRANSFORMERD_GRPC_ADDRESS"] == "127.0.0.1"
    (edge,) = objects.pod["spec"]["initContainers"]
    assert edge["restartPolicy"] == "Always"
    assert [port["containerPort"] for port in edge["ports"]] == [8001, 8003]
    config = next(c for c in objects.of("ConfigMap") if "haproxy.cfg" in c["data"])
    backend = f"127.0.0.1:{objects.environment['TRANSFORMERD_GRPC_PORT']} proto h2"
    assert backend in config["data"]["haproxy.cfg"]


def test_large_numbers_are_written_out():
    objects = Objects("--set", "flags.max_request_bytes=1073741824")
    assert objects.environment["TRANSFORMERD_MAX_REQUEST_BYTES"] == "1073741824"


def test_models_come_as_an_image():
    objects = Objects("--set", "models.source=image,models.image.reference=registry/models:1")
    volume = objects.pod["spec"]["volumes"][0]
    assert volume["image"] == {"reference": "registry/models:1", "pullPolicy": "IfNotPresent"}
    assert not objects.of("PersistentVolumeClaim")


def test_models_are_downloaded_by_a_container_before():
    objects = Objects(
        "--set", "models.source=download,models.download.image=fetcher:1",
        "--set", "models.download.args={--to,/models}",
    )
    (download,) = objects.pod["spec"]["initContainers"]
    assert download["args"] == ["--to", "/models"]
    assert download["volumeMounts"][0] == {"name": "models", "mountPath": "/models"}
    assert objects.one("NetworkPolicy")["spec"]["egress"] == [{}]


def test_other_flags_are_other_pods():
    def checksum(*arguments):
        return Objects(*arguments).pod["metadata"]["annotations"]["checksum/flags"]

    assert checksum() == checksum("--set", "replicaCount=5")
    assert checksum() != checksum("--set", "flags.dtype=float32")
