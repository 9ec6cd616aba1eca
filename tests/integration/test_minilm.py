"""The real MiniLM: answers, and one read however many workers."""

import concurrent.futures
import os

import numpy as np
import pytest
from conftest import TESTDATA
from golden import payload_bytes
from safetensors.numpy import load_file

ATOL = 2e-5
MIN_COSINE = 0.99999


@pytest.fixture(scope="module")
def golden():
    return load_file(TESTDATA / "minilm" / "minilm.safetensors")


def split(golden, batch):
    sides = {"in": {}, "out": {}}
    for key, array in golden.items():
        if key.startswith(batch + "."):
            _, direction, name = key.split(".", 2)
            sides[direction][name] = array
    return sides["in"], sides["out"]


@pytest.mark.parametrize("batch", ["batch_a", "batch_b"])
def test_answers_as_sentence_transformers_does(start, add_model, minilm, golden, batch):
    add_model("minilm", minilm)
    daemon = start("--load_model=minilm")
    inputs, outputs = split(golden, batch)

    got = daemon.infer("minilm", inputs, list(outputs))

    for name, want in outputs.items():
        keep = np.ones(want.shape, bool)
        if want.ndim == 3:
            keep &= (inputs["attention_mask"] != 0)[:, :, None]
        np.testing.assert_allclose(got[name][keep], want[keep], atol=ATOL, rtol=0)
    cosine = np.sum(got["sentence_embedding"] * outputs["sentence_embedding"], 1)
    assert cosine.min() >= MIN_COSINE


@pytest.mark.parametrize("dtype, least_cosine", [("bfloat16", 0.9995), ("int8", 0.99)])
@pytest.mark.parametrize("batch", ["batch_a", "batch_b"])
def test_shorter_numbers_change_a_sentence_little(
    start, add_model, minilm, golden, batch, dtype, least_cosine
):
    add_model("minilm", minilm)
    daemon = start()
    daemon.load("minilm", dtype=dtype)
    inputs, outputs = split(golden, batch)

    got = daemon.infer("minilm", inputs, ["sentence_embedding"])["sentence_embedding"]

    want = outputs["sentence_embedding"]
    norms = np.linalg.norm(got, axis=1) * np.linalg.norm(want, axis=1)
    assert (np.sum(got * want, 1) / norms).min() >= least_cosine


@pytest.mark.parametrize(
    "flag, replicas_read, replicas_sent",
    [
        ("--cpu_replicas=shared", 1, 0),
        ("--cpu_replicas=private", 1, 1),
        ("--transport=gloo", 1, 1),
        ("--loading_strategy=free_for_all", 2, 0),
    ],
)
def test_counts_what_is_read_and_sent(start, add_model, minilm, flag, replicas_read, replicas_sent):
    add_model("minilm", minilm)
    daemon = start("--devices=cpu,cpu", flag)
    needed = payload_bytes(
        os.path.join(minilm, "model.safetensors"), without=["embeddings.position_ids"]
    )

    daemon.load("minilm")

    assert daemon.metric("transformerd_model_load_bytes_read_total") == replicas_read * needed
    sent = daemon.metric("transformerd_model_load_bytes_broadcast_total")
    # What lies between tensors so that they are aligned is sent along.
    assert replicas_sent * needed <= sent <= replicas_sent * (needed + needed // 100)


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_reads_needed_bytes_once(start, add_model, minilm, golden, workers):
    add_model("minilm", minilm)
    daemon = start("--devices=" + ",".join(["cpu"] * workers))
    needed = payload_bytes(
        os.path.join(minilm, "model.safetensors"), without=["embeddings.position_ids"]
    )
    before = daemon.read_bytes()

    daemon.load("minilm")

    read = daemon.read_bytes() - before
    assert daemon.metric("transformerd_model_load_bytes_read_total") == needed
    assert abs(read - needed) <= needed // 100 + (1 << 20)

    inputs, outputs = split(golden, "batch_a")
    one_row = {name: array[:1] for name, array in inputs.items()}
    with concurrent.futures.ThreadPoolExecutor(4 * workers) as pool:
        answers = list(
            pool.map(
                lambda _: daemon.infer("minilm", one_row, ["sentence_embedding"]),
                range(40 * workers),
            )
        )
    ticks = daemon.worker_cpu_ticks()
    assert len(ticks) == workers and all(ticks.values()), ticks
    want = outputs["sentence_embedding"][:1]
    for answer in answers:
        np.testing.assert_allclose(answer["sentence_embedding"], want, atol=ATOL)
