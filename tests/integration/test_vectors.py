"""`inputs_embeds` in the place of `input_ids`, through the daemon."""

import threading

import numpy as np
import pytest
from daemon import refusal
from safetensors.numpy import load_file

IDS = np.array([[5, 17, 3, 42], [9, 8, 30, 2]])
MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0]])


@pytest.fixture
def table(goldens):
    """The token table of a case."""

    def read(name, key):
        return load_file(goldens / name / "model" / "model.safetensors")[key]

    return read


def assert_same(got, want):
    assert got.keys() == want.keys()
    for name in want:
        np.testing.assert_allclose(got[name], want[name], atol=1e-5, err_msg=name)


def test_metadata_offers_vectors_as_wide_as_the_token_table(serve):
    daemon = serve("albert_base", "clip_text", "opt_seq_cls")
    metadata = daemon.client.get_model_metadata("albert_base")
    vectors = {i.name: i for i in metadata.inputs}["inputs_embeds"]
    assert (vectors.datatype, list(vectors.shape)) == ("FP32", [-1, -1, 12])
    config = daemon.client.get_model_config("albert_base").config
    offered = {i.name: i for i in config.input}
    assert offered["inputs_embeds"].optional
    assert list(offered["inputs_embeds"].dims) == [-1, 12]
    clip = daemon.client.get_model_metadata("clip_text")
    assert "inputs_embeds" not in {i.name for i in clip.inputs}


def test_rows_of_the_token_table_answer_as_their_ids_do(serve, table):
    keys = {
        "albert_base": "embeddings.word_embeddings.weight",
        "gpt2_base": "wte.weight",
    }
    daemon = serve(*keys)
    for name, key in keys.items():
        vectors = table(name, key)[IDS]
        for mask in ({}, {"attention_mask": MASK}):
            by_ids = daemon.infer(name, {"input_ids": IDS, **mask})
            by_vectors = daemon.infer(name, {"inputs_embeds": vectors, **mask})
            assert_same(by_vectors, by_ids)


def test_ids_and_vectors_share_batches(serve, table):
    daemon = serve("bert_base")
    vectors = table("bert_base", "embeddings.word_embeddings.weight")[IDS]
    want = daemon.infer("bert_base", {"input_ids": IDS})
    answers = []

    def ask(inputs):
        for _ in range(20):
            answers.append(daemon.infer("bert_base", inputs))

    clients = [
        threading.Thread(target=ask, args=(inputs,))
        for inputs in ({"input_ids": IDS}, {"inputs_embeds": vectors}) * 3
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(answers) == 6 * 20
    for answer in answers:
        assert_same(answer, want)


def test_a_row_that_is_no_number_leaves_the_others_alone(serve, table):
    daemon = serve("bert_base")
    vectors = table("bert_base", "embeddings.word_embeddings.weight")[IDS]
    want = daemon.infer("bert_base", {"inputs_embeds": vectors})
    vectors[1, 2] = np.nan
    got = daemon.infer("bert_base", {"inputs_embeds": vectors})
    for name in want:
        np.testing.assert_allclose(got[name][0], want[name][0], atol=1e-5)
        assert np.isnan(got[name][1]).any()


def test_a_request_has_one_source_of_rows(serve, table):
    daemon = serve("bert_base")
    vectors = table("bert_base", "embeddings.word_embeddings.weight")[IDS]
    cases = [
        ({"input_ids": IDS, "inputs_embeds": vectors}, "beside 'input_ids'"),
        ({"attention_mask": MASK}, "input 'input_ids' is missing"),
        ({"inputs_embeds": vectors[..., :-1]}, "expected [batch,tokens,32]"),
        ({"inputs_embeds": IDS}, "2 dimensions, expected 3: [batch,tokens,32]"),
        (
            {"inputs_embeds": vectors, "attention_mask": MASK[:, :3]},
            "shape [2,3], expected [2,4]",
        ),
    ]
    for inputs, message in cases:
        assert message in refusal(daemon, "bert_base", inputs)


def test_what_only_ids_can_tell_is_refused(serve, table):
    daemon = serve("clip_text", "bart_base", "bart_seq_cls", "opt_seq_cls")
    vectors = table("bart_base", "shared.weight")[IDS]
    for name in ("clip_text", "bart_seq_cls"):
        assert "which it finds by its id" in refusal(
            daemon, name, {"inputs_embeds": vectors}
        )
    assert "'decoder_input_ids': missing" in refusal(
        daemon, "bart_base", {"inputs_embeds": vectors}
    )
    with_decoder = {"inputs_embeds": vectors, "decoder_input_ids": IDS[:, :2]}
    assert daemon.infer("bart_base", with_decoder)

    words = {"inputs_embeds": table("opt_seq_cls", "model.decoder.embed_tokens.weight")[IDS]}
    assert "row 1 ends in masked tokens" in refusal(
        daemon, "opt_seq_cls", {**words, "attention_mask": MASK}
    )
    # Masked tokens before the last one are no end, and nothing is padding.
    left = {**words, "attention_mask": MASK[:, ::-1].copy()}
    ids = {"input_ids": IDS, "attention_mask": left["attention_mask"]}
    assert_same(daemon.infer("opt_seq_cls", left), daemon.infer("opt_seq_cls", ids))
