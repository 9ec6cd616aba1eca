"""The models that are measured: their shapes, and what a pass over them must compute."""

import dataclasses
import json
import os

BERT = {
    "model_type": "bert",
    "architectures": ["BertModel"],
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_attention_heads": 12,
    "num_hidden_layers": 12,
}


@dataclasses.dataclass(frozen=True)
class Model:
    title: str
    # config.json of one with random weights; None: a checkpoint that is there.
    config: dict | None
    # Of the rounds asked for.
    share_of_rounds: float = 1


MODELS = {
    "minilm": Model("all-MiniLM-L6-v2", None),
    "bert_base": Model("BERT-base shape", BERT),
    "roberta_large": Model(
        "RoBERTa-large shape",
        {
            "model_type": "roberta",
            "architectures": ["RobertaModel"],
            "hidden_size": 1024,
            "intermediate_size": 4096,
            "num_attention_heads": 16,
            "num_hidden_layers": 24,
            "vocab_size": 50265,
            "max_position_embeddings": 514,
            "type_vocab_size": 1,
            "pad_token_id": 1,
        },
        share_of_rounds=0.4,
    ),
    "t5_base": Model(
        "t5-base's encoder, shape",
        {
            "model_type": "t5",
            "architectures": ["T5EncoderModel"],
            "d_model": 768,
            "d_ff": 3072,
            "d_kv": 64,
            "num_heads": 12,
            "num_layers": 12,
            "vocab_size": 32128,
        },
    ),
    # As Qwen2.5-0.5B but for the vocabulary, of which a pass reads a few rows only.
    "llama_05b": Model(
        "LLaMA of 0.4 B, shape",
        {
            "model_type": "llama",
            "architectures": ["LlamaModel"],
            "hidden_size": 896,
            "intermediate_size": 4864,
            "num_attention_heads": 14,
            "num_key_value_heads": 2,
            "num_hidden_layers": 24,
            "vocab_size": 32000,
            "max_position_embeddings": 2048,
        },
        share_of_rounds=0.6,
    ),
}


@dataclasses.dataclass(frozen=True)
class Shape:
    """What of a model's config.json the arithmetic depends on."""

    hidden: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    head_size: int
    # Matrices of the feed-forward network: 3 where it is gated.
    inner_matrices: int = 2
    causal: bool = False

    def linear_weights(self):
        attention = self.hidden * self.head_size * (2 * self.heads + 2 * self.key_heads)
        return self.layers * (attention + self.inner_matrices * self.hidden * self.inner)

    def useful_flop(self, lengths):
        """Of a pass over rows of these lengths: linear layers and attention, no padding."""
        pairs = sum(n * (n + 1) // 2 if self.causal else n * n for n in lengths)
        attention = 4 * self.layers * self.heads * self.head_size * pairs
        return 2 * self.linear_weights() * sum(lengths) + attention


def shape_of(config):
    if config["model_type"] == "t5":
        return Shape(
            hidden=config["d_model"],
            inner=config["d_ff"],
            layers=config["num_layers"],
            heads=config["num_heads"],
            key_heads=config["num_heads"],
            head_size=config["d_kv"],
        )
    heads = config["num_attention_heads"]
    is_decoder = config["model_type"] == "llama"
    return Shape(
        hidden=config["hidden_size"],
        inner=config["intermediate_size"],
        layers=config["num_hidden_layers"],
        heads=heads,
        key_heads=config.get("num_key_value_heads", heads),
        head_size=config["hidden_size"] // heads,
        inner_matrices=3 if is_decoder else 2,
        causal=is_decoder,
    )


def read_config(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        return json.load(file)
