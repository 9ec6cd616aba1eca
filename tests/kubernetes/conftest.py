"""The control plane, the node, and the chart's release on them.

Paths come from the environment, as tests/kubernetes/run sets them: KUBERNETES, ETCD,
KSERVE_CRDS, PROMETHEUS_CRDS, HELM and TRANSFORMERD.
"""

import pathlib
import shutil
import sys

import pytest
import yaml

FOLDER = pathlib.Path(__file__).parent
ROOT = FOLDER.parent.parent
sys.path[:0] = [str(FOLDER)] + [
    str(ROOT / "tests" / folder) for folder in ("attacks", "deploy/helm", "integration")
]
from callers import totals  # noqa: E402
from control_plane import ControlPlane  # noqa: E402
from dns import Dns  # noqa: E402
from kubelet import Kubelet  # noqa: E402
from release import Release, wait_until  # noqa: E402

_outcomes = {"passed": 0, "failed": 0}


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def api(tmp_path_factory):
    plane = ControlPlane(tmp_path_factory.mktemp("control-plane"))
    yield plane.api
    plane.stop()


@pytest.fixture(scope="session")
def install_crds(api):
    """Installs the CRDs of a folder, and waits until they are served."""

    def is_served(crd):
        kept = api.get(crd["apiVersion"], crd["kind"], crd["metadata"]["name"])
        conditions = kept.get("status", {}).get("conditions") or []
        return any(c["type"] == "Established" and c["status"] == "True" for c in conditions)

    def install(folder):
        crds = [
            crd
            for path in sorted(pathlib.Path(folder).iterdir())
            if path.suffix == ".yaml" or path.name.endswith("-crd.json")
            for crd in yaml.safe_load_all(path.read_text())
            if crd and crd["kind"] == "CustomResourceDefinition"
        ]
        for crd in crds:
            api.apply(crd)
        wait_until(lambda: all(map(is_served, crds)), f"the CRDs of '{folder}' are served")

    return install


@pytest.fixture(scope="session")
def kubelet(api):
    kubelet = Kubelet(api)
    yield kubelet
    kubelet.stop()


@pytest.fixture(scope="session")
def dns(api):
    dns = Dns(api)
    yield dns
    dns.stop()


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A repository with a model, and one with a model that cannot be loaded."""
    folder = tmp_path_factory.mktemp("models")
    goldens = ROOT / "tests/testdata/goldens"
    shutil.copytree(goldens / "albert_base/model", folder / "good/albert")
    shutil.copytree(goldens / "albert_base/model", folder / "broken/albert")
    (folder / "broken/albert/config.json").write_text('{"model_type": "albert"')
    return folder


@pytest.fixture(scope="session")
def release(api, kubelet, dns, models):
    release = Release(api, kubelet, dns, models, "embeddings")
    release.install()
    release.wait_until_rolled_out()
    return release


def pytest_runtest_logreport(report):
    if report.when == "call" or report.failed:
        _outcomes["failed" if report.failed else "passed"] += report.outcome != "skipped"


def pytest_unconfigure():
    print("\nclients: {calls} calls, {failed} failed".format(**totals))
    print("{passed} passed, {failed} failed".format(**_outcomes))
