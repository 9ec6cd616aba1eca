"""Every manifest is taken by the real API server and the real CRDs, field by field."""

import os

import chart
import pytest
import yaml
from api import ApiError


def documents(path):
    return [obj for obj in yaml.safe_load_all(path.read_text()) if obj]


@pytest.fixture(scope="module")
def crds(install_crds):
    install_crds(os.environ["KSERVE_CRDS"])
    install_crds(os.environ["PROMETHEUS_CRDS"])


@pytest.mark.parametrize("name", chart.VALUE_SETS)
def test_plain_manifests_are_applied(api, crds, root, name):
    objects = documents(root / f"deploy/kubernetes/{name}.yaml")
    namespaced = in_namespace(api, name)
    for obj in objects:
        namespaced.apply(obj)

    for obj in objects:
        kept = namespaced.get(obj["apiVersion"], obj["kind"], obj["metadata"]["name"])
        assert dropped(obj, kept) == []
    # Again, as whoever runs kubectl apply twice.
    for obj in objects:
        namespaced.apply(obj)


def test_models_as_an_image_are_taken(api, crds):
    objects = chart.Objects("--set", "models.source=image,models.image.reference=models:1")
    kept = in_namespace(api, "image").apply(objects.one("Deployment"))
    volume = kept["spec"]["template"]["spec"]["volumes"][0]
    assert volume["image"]["reference"] == "models:1"


def test_kserve_takes_the_runtimes_and_the_example(api, crds, root):
    kserve = in_namespace(api, "kserve")
    paths = sorted((root / "deploy/kserve").glob("*.yaml"))
    kinds = []
    for path in paths:
        for obj in documents(path):
            kept = kserve.apply(obj)
            kinds.append(obj["kind"])
            assert dropped(obj, kept) == []
    assert sorted(set(kinds)) == ["ClusterServingRuntime", "InferenceService", "ServingRuntime"]


def test_an_unknown_field_would_be_refused(api, crds):
    deployment = chart.Objects().one("Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(ApiError, match="readynessProbe"):
        in_namespace(api, "unknown").apply(deployment)


def in_namespace(api, name):
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return api.in_namespace(name)


def dropped(given, kept, path=""):
    """Paths of what was given and is not in what the API server keeps."""
    if isinstance(given, dict):
        if not isinstance(kept, dict):
            return [path]
        return [
            missing for key, value in given.items()
            for missing in dropped(value, kept.get(key), f"{path}.{key}")
            if value not in ({}, [], None)
        ]
    if isinstance(given, list):
        if not isinstance(kept, list) or len(given) != len(kept):
            return [path]
        return [m for i, v in enumerate(given) for m in dropped(v, kept[i], f"{path}[{i}]")]
    return [] if kept is not None else [path]
