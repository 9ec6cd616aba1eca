"""Makes checkpoints of given sizes: the same shapes as real ones, random numbers."""

import json
import os

import numpy as np

# t5-base holds 222,903,552 numbers. A BERT of as many layers and the same width has
# the same kinds of tensors, and its vocabulary makes up the difference.
SHAPES = {
    "bert-base": {"num_hidden_layers": 12, "vocab_size": 30522},
    "t5-base": {"num_hidden_layers": 24, "vocab_size": 67458},
}
WIDTH = 768
INNER = 3072
POSITIONS = 512


def config_of(kind):
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_attention_heads": 12,
        "max_position_embeddings": POSITIONS,
        "type_vocab_size": 2,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
        **SHAPES[kind],
    }


def tensors_of(config):
    """Yields (name, shape) in the order of the file."""

    def affine(name, rows, columns):
        yield name + ".weight", (rows, columns)
        yield name + ".bias", (rows,)

    def norm(name):
        yield name + ".weight", (WIDTH,)
        yield name + ".bias", (WIDTH,)

    yield "embeddings.word_embeddings.weight", (config["vocab_size"], WIDTH)
    yield "embeddings.position_embeddings.weight", (POSITIONS, WIDTH)
    yield "embeddings.token_type_embeddings.weight", (2, WIDTH)
    yield from norm("embeddings.LayerNorm")
    for i in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            yield from affine(layer + "attention.self." + part, WIDTH, WIDTH)
        yield from affine(layer + "attention.output.dense", WIDTH, WIDTH)
        yield from norm(layer + "attention.output.LayerNorm")
        yield from affine(layer + "intermediate.dense", INNER, WIDTH)
        yield from affine(layer + "output.dense", WIDTH, INNER)
        yield from norm(layer + "output.LayerNorm")
    yield from affine("pooler.dense", WIDTH, WIDTH)


def make(kind, folder):
    """Writes config.json and model.safetensors, unless they are there; the payload's size."""
    config = config_of(kind)
    header, offset = {}, 0
    for name, shape in tensors_of(config):
        end = offset + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    path = os.path.join(folder, "model.safetensors")
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    if not os.path.exists(path) or os.path.getsize(path) != 8 + len(text) + offset:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
        random = np.random.default_rng(7)
        with open(path + ".part", "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _, shape in tensors_of(config):
                values = random.standard_normal(int(np.prod(shape)), dtype=np.float32)
                file.write((values * np.float32(0.02)).tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.rename(path + ".part", path)
    return offset
