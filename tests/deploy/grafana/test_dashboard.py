"""The dashboard shows metrics that the daemon has, all of them, by labels that they have."""

import json
import re

import numpy as np
import pytest
import tritonclient.grpc as triton
from daemon import Daemon
from tritonclient.utils import InferenceServerException

IDS = np.ones((1, 3), np.int64)
ENDS = ("bucket", "sum", "count")
# Prometheus adds these to what it scrapes.
SCRAPED = {"job", "instance"}


@pytest.fixture(scope="module")
def dashboard(root):
    return json.loads((root / "deploy" / "grafana" / "dashboard.json").read_text())


def give_up(daemon):
    """Cancels a request that waits in the queue."""
    tensor = triton.InferInput("input_ids", list(IDS.shape), "INT64")
    tensor.set_data_from_numpy(IDS)
    call = daemon.client.async_infer("bert", [tensor], callback=lambda result, error: None)
    daemon.wait_until(lambda: daemon.metric("transformerd_pending_requests") == 1)
    call.cancel()
    daemon.wait_until(lambda: daemon.metric("transformerd_cancelled_total") == 1)


@pytest.fixture(scope="module")
def exposed(root, tmp_path_factory):
    """The labels of each metric of a daemon to which everything has happened."""
    repository = tmp_path_factory.mktemp("models")
    model = root / "tests" / "testdata" / "goldens" / "bert_base" / "model"
    (repository / "bert").symlink_to(model)
    # An idle worker waits for batch mates, so that a request can be given up before.
    flags = ["--load_model=bert", "--max_queue_tokens=4", "--max_queue_delay=2s"]
    daemon = Daemon(repository, *flags)
    try:
        daemon.infer("bert", {"input_ids": IDS})
        with pytest.raises(InferenceServerException, match="RESOURCE_EXHAUSTED"):
            daemon.infer("bert", {"input_ids": np.ones((1, 5), np.int64)})
        give_up(daemon)
        _, page = daemon.get("/metrics")
        daemon.client.unload_model("bert")  # which takes some away, and tells of itself
        page += daemon.get("/metrics")[1]
    finally:
        daemon.kill()
    labels = {}
    for name, text in re.findall(r"^(\w+)(?:\{(.*)\})? ", page, re.M):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', text))
    return labels


def expressions(dashboard):
    return [
        (target["expr"], target["legendFormat"])
        for panel in dashboard["panels"]
        for target in panel.get("targets", [])
    ]


def queries(dashboard):
    variables = dashboard["templating"]["list"]
    return [variable["query"] for variable in variables if variable["type"] == "query"]


def selectors(text):
    """The metrics in an expression, each with what its braces ask of labels."""
    found = re.findall(r"\b((?:transformerd|grpc)_\w+)(?:\{(.*?)\})?", text)
    return [(name, set(re.findall(r"(\w+)=", asked))) for name, asked in found]


def test_every_metric_and_label_exists(dashboard, exposed):
    texts = [text for text, _ in expressions(dashboard)] + queries(dashboard)
    for text in texts:
        assert selectors(text), text
        for name, asked in selectors(text):
            assert name in exposed, text
            assert asked <= exposed[name] | SCRAPED, text


def test_every_label_of_a_sum_and_a_legend_exists(dashboard, exposed):
    for text, legend in expressions(dashboard):
        there = set.intersection(*(exposed[name] for name, _ in selectors(text))) | SCRAPED
        sums = [set(re.split(r",\s*", by)) for by in re.findall(r"by \((.*?)\)", text)]
        assert all(by <= there for by in sums), text
        shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
        assert shown <= (set.union(*sums) if sums else there), (text, legend)


def test_every_metric_has_its_place(dashboard, exposed):
    shown = {
        name
        for text in [text for text, _ in expressions(dashboard)] + queries(dashboard)
        for name, _ in selectors(text)
    }
    families = {re.sub(f"_({'|'.join(ENDS)})$", "", name) for name in exposed}
    shown_families = {re.sub(f"_({'|'.join(ENDS)})$", "", name) for name in shown}
    assert families == shown_families


def test_metrics_of_the_documentation_exist(root, exposed):
    text = (root / "docs" / "operations.md").read_text()
    families = {re.sub(f"_({'|'.join(ENDS)})$", "", name) for name in exposed}
    named = set(re.findall(r"`(transformerd_\w+)", text))
    assert named and named <= families


def test_panels_fill_the_page_without_overlaps(dashboard):
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
