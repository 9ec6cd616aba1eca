"""Text in, meaning out: the real MiniLM, and Python's tokenizers as the judge."""

import json
import os
import shutil
import subprocess

import grpc
import numpy as np
import pytest
from conftest import TESTDATA
from daemon import error_reason, rpc_error
from safetensors.numpy import load_file
from text_service import TextService
from tritonclient.utils import InferenceServerException

ATOL = 2e-5
MIN_COSINE = 0.99999


@pytest.fixture(scope="module")
def sentences():
    return json.loads((TESTDATA / "minilm" / "minilm.json").read_text())["sentences"]


@pytest.fixture(scope="module")
def embeddings():
    golden = load_file(TESTDATA / "minilm" / "minilm.safetensors")
    return golden["sentence_embedding"]


@pytest.fixture
def daemon(start, add_model, minilm):
    add_model("minilm", minilm)
    return start("--load_model=minilm", "--devices=cpu,cpu")


@pytest.fixture
def text(daemon):
    return TextService(daemon)


def assert_embeddings(got, want):
    np.testing.assert_allclose(got, want, atol=ATOL, rtol=0)
    assert np.sum(got * want, 1).min() >= MIN_COSINE


def as_bytes(texts):
    return np.array([text.encode() for text in texts], dtype=object)


def test_triton_texts_come_back_as_sentence_transformers_has_them(
    daemon, sentences, embeddings
):
    texts = as_bytes([sentence["text"] for sentence in sentences])

    # Two of them are longer than the model takes.
    together = daemon.infer(
        "minilm",
        {"text": texts},
        ["sentence_embedding"],
        parameters={"truncate": True},
    )
    column = daemon.infer(
        "minilm", {"text": texts[:5].reshape(5, 1)}, ["sentence_embedding"]
    )

    assert_embeddings(together["sentence_embedding"], embeddings)
    assert_embeddings(column["sentence_embedding"], embeddings[:5])


def test_embed_and_tokenize_know_the_same_sentences(text, sentences, embeddings):
    texts = [sentence["text"] for sentence in sentences]

    embedded = text("Embed", model="minilm", text=texts, truncate=True)
    tokenized = text("Tokenize", model="minilm", text=texts)

    assert_embeddings(np.array([e.values for e in embedded.embeddings]), embeddings)
    for sentence, vector, tokens in zip(
        sentences, embedded.embeddings, tokenized.encodings, strict=True
    ):
        # Of a text that was cut, all but the [SEP] at the cut.
        count = sentence["n"] - (len(tokens.ids) > sentence["n"])
        assert list(tokens.ids)[:count] == sentence["ids"][:count]
        assert vector.num_tokens == sentence["n"]


@pytest.mark.parametrize("kind", ["wordpiece", "unigram", "bpe", "gpt2_bpe"])
def test_tokenizes_as_python_does(start, goldens, tmp_path, kind):
    # Any small model carries the tokenizer.
    folder = tmp_path / "models" / kind
    shutil.copytree(goldens / "bert_base" / "model", folder)
    tokenizer = TESTDATA / "tokenizers" / kind
    shutil.copy(tokenizer / "tokenizer.json", folder)
    text = TextService(start(f"--load_model={kind}"))

    for want in json.loads((tokenizer / "tokens.json").read_text())["encodings"]:
        pair = [want["pair"]] if "pair" in want else []
        got = text("Tokenize", model=kind, text=[want["text"]], text_pair=pair)
        encoding = got.encodings[0]
        assert list(encoding.ids) == want["ids"], want["text"]
        assert list(encoding.tokens) == want["tokens"], want["text"]
        assert list(encoding.type_ids) == want["type_ids"], want["text"]
        offsets = [[o.begin, o.end] for o in encoding.offsets]
        assert offsets == want["offsets"], want["text"]


def test_grpcurl_embeds(daemon):
    output = subprocess.run(
        [os.environ["GRPCURL"], "-plaintext"]
        + ["-d", '{"model": "minilm", "text": ["hello", "world"]}']
        + [daemon.address, "transformerd.v1.TextService/Embed"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    answer = json.loads(output)

    assert answer["model"] == "minilm"
    assert [e["num_tokens"] for e in answer["embeddings"]] == ["3", "3"]
    norms = [np.linalg.norm(e["values"]) for e in answer["embeddings"]]
    np.testing.assert_allclose(norms, 1, atol=1e-5)


def test_ten_thousand_texts_in_one_call(daemon, text, sentences, embeddings):
    short = [i for i, sentence in enumerate(sentences) if sentence["n"] <= 16]
    picked = [short[i % len(short)] for i in range(10_000)]

    answer = text(
        "Embed",
        timeout=300,
        model="minilm",
        text=[sentences[i]["text"] for i in picked],
    )

    got = np.array([e.values for e in answer.embeddings])
    assert_embeddings(got, embeddings[picked])
    assert daemon.metric("transformerd_batches_total") > 30


def test_bad_texts_are_refused_by_name(daemon, text):
    long = "word " * 300

    for call, message in [
        (lambda: text("Embed", model="minilm", text=["a", long]), "text 1 has 302"),
        (lambda: text("Embed", model="minilm"), "no text"),
        (lambda: text("Tokenize", model="minilm", text=["a"], text_pair=["b"] * 2), "2 in"),
    ]:
        error = rpc_error(call)
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert message in error.details()
    assert text("Embed", model="minilm", text=[long], truncate=True).embeddings

    error = rpc_error(text, "Embed", model="nobody", text=["a"])
    assert error.code() == grpc.StatusCode.NOT_FOUND
    ids = np.array([[101, 102]])
    for inputs, message in [
        ({"text": np.array([b"\xff"], dtype=object)}, "text 0: not UTF-8"),
        ({"text": as_bytes(["a"]), "input_ids": ids}, "either tokens or text"),
        ({"text_pair": as_bytes(["a"])}, "input 'text' is missing"),
        ({"text": as_bytes([long])}, "'truncate'"),
    ]:
        with pytest.raises(InferenceServerException, match=message) as refused:
            daemon.infer("minilm", inputs)
        assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
    answer = daemon.infer(
        "minilm",
        {"text": as_bytes([long])},
        ["last_hidden_state"],
        parameters={"truncate": True},
    )
    assert answer["last_hidden_state"].shape == (1, 256, 384)


def test_text_that_is_not_utf8_does_not_get_through(text):
    # Field 1 "minilm", field 3 two bytes that are no character.
    error = rpc_error(text.raw, "Embed", b"\x0a\x06minilm\x1a\x02\xff\xfe")
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "not UTF-8" in error.details()


def test_a_deadline_ends_a_call_of_many_texts(text):
    error = rpc_error(
        text, "Embed", timeout=0.05, model="minilm", text=["a b c d " * 60] * 20_000
    )
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # The daemon is free again at once.
    assert text("Embed", timeout=10, model="minilm", text=["hello"]).embeddings


def test_a_model_without_tokenizer_says_so(start, add_model, goldens):
    add_model("bare", goldens / "bert_base" / "model")
    daemon = start("--load_model=bare")

    error = rpc_error(TextService(daemon), "Embed", model="bare", text=["a"])

    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert "no tokenizer.json" in error.details()


def test_a_broken_tokenizer_fails_the_load_by_name(start, goldens, tmp_path):
    folder = tmp_path / "models" / "broken"
    shutil.copytree(goldens / "bert_base" / "model", folder)
    (folder / "tokenizer.json").write_text('{"model": {"type": "WordPiece"')
    daemon = start()

    error = rpc_error(daemon.load, "broken")

    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert error_reason(error) == "CONFIG_INVALID"
    assert "tokenizer.json: " in error.details()
    assert daemon.metric("transformerd_model_load_bytes_read_total") == 0
