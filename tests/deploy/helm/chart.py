"""The chart as Helm renders it."""

import os
import pathlib
import subprocess

import yaml

CHART = pathlib.Path(__file__).parent.parent.parent.parent / "deploy/helm/transformerd"
VALUE_SETS = sorted(path.stem for path in (CHART / "values").iterdir())


def helm(*arguments):
    return subprocess.run(
        [os.environ["HELM"], *arguments], capture_output=True, text=True, check=False
    )


def values_of(name):
    return ["--values", str(CHART / f"values/{name}.yaml")]


class Objects:
    """What `helm template` makes of the chart with the given arguments."""

    def __init__(self, *arguments):
        result = helm("template", "release", str(CHART), "--kube-version", "1.33.0", *arguments)
        assert result.returncode == 0, result.stderr
        self.all = [obj for obj in yaml.safe_load_all(result.stdout) if obj]

    def of(self, kind):
        return [obj for obj in self.all if obj["kind"] == kind]

    def one(self, kind):
        (found,) = self.of(kind)
        return found

    @property
    def pod(self):
        """The template of the Deployment's pods."""
        return self.one("Deployment")["spec"]["template"]

    @property
    def container(self):
        (found,) = self.pod["spec"]["containers"]
        return found

    @property
    def containers(self):
        spec = self.pod["spec"]
        return spec["containers"] + spec.get("initContainers", [])

    @property
    def environment(self):
        """Of the daemon, by its ConfigMap."""
        (source,) = self.container["envFrom"]
        name = source["configMapRef"]["name"]
        (found,) = [c for c in self.of("ConfigMap") if c["metadata"]["name"] == name]
        return found["data"]
