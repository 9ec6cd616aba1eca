"""A release of the chart with values for quick tests, on the fake node."""

import time

import chart
import yaml
from callers import Callers, service_config
from ids_request import request_of

MODEL = "albert"
TIMEOUT_S = 180
POLL_S = 0.1

VALUES = {
    "replicaCount": 2,
    "drain": {"delaySeconds": 2, "timeoutSeconds": 10, "marginSeconds": 10},
    # As much longer than a caller's pause between questions to the DNS as in the chart.
    "minReadySeconds": 2,
    "flags": {"devices": "cpu", "threads_per_worker": 1, "max_connection_age": "5s"},
    "probes": {
        "startup": {"periodSeconds": 1},
        "liveness": {"periodSeconds": 1},
        "readiness": {"periodSeconds": 1},
    },
    "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
}


def merged(values, changes):
    for key, value in changes.items():
        is_map = isinstance(value, dict) and isinstance(values.get(key), dict)
        values = {**values, key: merged(values[key], value) if is_map else value}
    return values


def wait_until(is_so, what, timeout_s=TIMEOUT_S):
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"not in {timeout_s} s: {what}"
        time.sleep(POLL_S)


class Release:
    def __init__(self, api, kubelet, dns, models, name):
        self.api, self.kubelet = api, kubelet
        self.name, self.full_name = name, f"{name}-transformerd"
        self._dns = dns
        self._folder = models
        for claim, folder in {"models": "good", "broken": "broken"}.items():
            self._make_volume(f"{name}-{claim}", folder)

    def _make_volume(self, claim, folder):
        size, modes = {"storage": "1Gi"}, ["ReadOnlyMany"]
        self.api.apply({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": claim},
            "spec": {
                "capacity": size, "accessModes": modes, "storageClassName": "",
                "hostPath": {"path": str(self._folder / folder)},
                "claimRef": {"namespace": self.api.namespace, "name": claim},
            },
        })
        self.api.apply({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim},
            "spec": {
                "accessModes": modes, "storageClassName": "", "volumeName": claim,
                "resources": {"requests": size},
            },
        })

    def install(self, claim="models", **changes):
        """`helm upgrade --install` with VALUES and changes, on one of the claims."""
        values = self._folder / "values.yaml"
        models = {"models": {"claim": {"existing": f"{self.name}-{claim}"}}}
        values.write_text(yaml.safe_dump(merged(merged(VALUES, models), changes)))
        result = chart.helm(
            "upgrade", "--install", self.name, str(chart.CHART), "--values", str(values),
            *self.api.helm_flags,
        )
        assert result.returncode == 0, result.stderr
        self._config = service_config(result.stdout)

    def deployment(self):
        return self.api.get("apps/v1", "Deployment", self.full_name)

    def is_rolled_out(self):
        deployment = self.deployment()
        wanted, status = deployment["spec"]["replicas"], deployment["status"]
        return (
            status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
            and status.get("replicas", 0) == wanted
            and status.get("updatedReplicas", 0) == wanted
            and status.get("availableReplicas", 0) == wanted
            and len(self.pods()) == wanted
        )

    def wait_until_rolled_out(self):
        wait_until(self.is_rolled_out, "the rollout is complete")

    def pods(self):
        """Those that are not yet gone, terminating ones included."""
        return self.api.list("v1", "Pod", f"app.kubernetes.io/instance={self.name}")

    def ready_pods(self):
        def is_ready(pod):
            conditions = pod["status"].get("conditions", [])
            return "deletionTimestamp" not in pod["metadata"] and any(
                c["type"] == "Ready" and c["status"] == "True" for c in conditions
            )

        return [pod for pod in self.pods() if is_ready(pod)]

    def scale(self, replicas):
        self.api.patch("apps/v1", "Deployment", self.full_name, {"spec": {"replicas": replicas}})

    @property
    def target(self):
        """What the notes tell clients to connect to, by the DNS of the tests."""
        service = f"{self.full_name}-headless.{self.api.namespace}.svc"
        return f"dns://127.0.0.1:{self._dns.port}/{service}:8001"

    def callers(self, config=(), request=None, **options):
        """Clients with the service config of the notes, and the changes in `config`."""
        request = request or request_of(MODEL)
        return Callers(self.target, {**self._config, **dict(config)}, request, **options)
