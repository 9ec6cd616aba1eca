"""Models that take more than one row of tokens, or images, through the daemon."""

import json
import shutil

import numpy as np
from conftest import TESTDATA
from daemon import refusal


def ids(*shape):
    return np.arange(3, 3 + np.prod(shape), dtype=np.int64).reshape(shape) % 60


def test_metadata_tells_both_sides_of_an_encoder_decoder(serve):
    daemon = serve("t5_base", "vit_base")
    t5 = daemon.client.get_model_metadata("t5_base")
    assert [tensor.name for tensor in t5.inputs] == [
        "input_ids",
        "attention_mask",
        "decoder_input_ids",
        "decoder_attention_mask",
        "inputs_embeds",
    ]
    shapes = {tensor.name: list(tensor.shape) for tensor in t5.outputs}
    assert shapes["logits"] == [-1, -1, 64]
    assert shapes["encoder_last_hidden_state"] == [-1, -1, 32]
    assert shapes["cross_attentions.1"] == [-1, 4, -1, -1]
    config = daemon.client.get_model_config("t5_base").config
    optional = {i.name: i.optional for i in config.input}
    assert optional["decoder_input_ids"] is False
    assert optional["inputs_embeds"] is True
    vit = daemon.client.get_model_metadata("vit_base").inputs
    assert [(i.name, i.datatype, list(i.shape)) for i in vit] == [
        ("pixel_values", "FP32", [-1, 3, 16, 16])
    ]


def test_a_request_larger_than_a_batch_is_cut_on_both_sides(serve):
    daemon = serve("t5_base", flags=("--max_batch_tokens=12",))
    inputs = {
        "input_ids": ids(4, 5),
        "attention_mask": np.array([[1] * n + [0] * (5 - n) for n in (5, 2, 4, 3)]),
        "decoder_input_ids": ids(4, 3),
    }
    outputs = ["logits", "cross_attentions.0", "encoder_last_hidden_state"]
    whole = daemon.infer("t5_base", inputs, outputs)
    for row in range(4):
        alone = {name: array[row : row + 1] for name, array in inputs.items()}
        for name, want in daemon.infer("t5_base", alone, outputs).items():
            np.testing.assert_allclose(
                whole[name][row], want[0], atol=1e-4, err_msg=name
            )
    # Tokens of both sides, once in whole and once row by row.
    tokens = daemon.metric("transformerd_tokens_total", 'model="t5_base"')
    assert tokens == 2 * (5 + 2 + 4 + 3 + 4 * 3)


def test_bad_inputs_of_a_decoder_are_refused_by_name(serve):
    daemon = serve("t5_base", "bart_seq_cls")
    rows = {"input_ids": ids(2, 4)}
    cases = [
        ({}, "input 'decoder_input_ids' is missing"),
        ({"decoder_input_ids": ids(1, 4)}, "1 rows, expected 2"),
        ({"decoder_input_ids": np.full((2, 1), 64)}, "value 64 at [0,0]"),
        (
            {
                "decoder_input_ids": ids(2, 3),
                "decoder_attention_mask": np.ones((2, 4), np.int64),
            },
            "shape [2,4], expected [2,3]",
        ),
    ]
    for inputs, message in cases:
        assert message in refusal(daemon, "t5_base", {**rows, **inputs})
    # The class looks for its answer at the end token, 2.
    assert "row 1 has no token 2" in refusal(
        daemon, "bart_seq_cls", {"input_ids": np.array([[5, 2], [5, 6]])}
    )
    assert daemon.infer("bart_seq_cls", {"input_ids": np.array([[5, 2]])})


def test_a_text_is_read_by_both_sides(start, goldens, tmp_path):
    folder = tmp_path / "models" / "bart"
    folder.mkdir()
    shutil.copy(goldens / "bart_seq_cls" / "model" / "config.json", folder)
    tokenizer = TESTDATA / "tokenizers" / "bpe"
    shutil.copy(tokenizer / "tokenizer.json", folder)
    daemon = start()
    sizes = {"vocab_size": 400, "max_position_embeddings": 64}
    daemon.load("bart", load_weights=False, config=sizes)
    encodings = json.loads((tokenizer / "tokens.json").read_text())["encodings"]
    for want in encodings[:3]:
        text = np.array([want["text"].encode()], object)
        tokens = np.array([want["ids"]])
        shifted = np.concatenate([[[2]], tokens[:, :-1]], axis=1)
        by_ids = daemon.infer(
            "bart", {"input_ids": tokens, "decoder_input_ids": shifted}
        )
        by_text = daemon.infer("bart", {"text": text})
        np.testing.assert_array_equal(by_text["logits"], by_ids["logits"])


def test_images_of_another_size_are_refused_with_both(serve):
    daemon = serve("vit_base")
    for shape in ((1, 3, 16, 20), (1, 1, 16, 16), (3, 16, 16)):
        message = refusal(
            daemon, "vit_base", {"pixel_values": np.zeros(shape, np.float32)}
        )
        assert "expected [batch,3,16,16]" in message
        assert "[" + ",".join(map(str, shape)) + "]" in message
    assert "datatype" in refusal(
        daemon, "vit_base", {"pixel_values": np.zeros((1, 3, 16, 16), np.int64)}
    )
