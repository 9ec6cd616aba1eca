"""CTranslate2. It leaves padding out of linear layers itself, given the lengths."""

import ctranslate2
import numpy as np
import torch
import transformers
from ctranslate2.converters import transformers as converters
from ctranslate2.specs import common_spec, transformer_spec

from models import read_config
from peers.peer import Peer, Unsupported
from peers.torch_model import load_model

COMPUTE_TYPES = {"f32": "float32", "bf16": "bfloat16", "int8": "int8"}


def bert_spec(checkpoint, loader):
    # Its format has a pooler; a pass for hidden states does not run it.
    model = load_model(checkpoint, pooler=True)
    # The converter asks for what configs of transformers 5 do not say.
    model.config.position_embedding_type = "absolute"
    return loader.get_model_spec(model), model.config.layer_norm_eps


def t5_encoder_spec(checkpoint):
    """Its converter makes an encoder and a decoder of T5; this is the first alone."""
    model = load_model(checkpoint)
    config = model.config
    spec = transformer_spec.TransformerEncoderModelSpec(
        transformer_spec.TransformerEncoderSpec(
            config.num_layers,
            config.num_heads,
            activation=getattr(common_spec.Activation, config.dense_act_fn.upper()),
            ffn_glu=config.is_gated_act,
            relative_attention_bias=True,
            rms_norm=True,
        )
    )
    converters.T5Loader().set_stack(spec.encoder, model.encoder)
    return spec, config.layer_norm_epsilon


def decoder_spec(checkpoint):
    """A language model whose head is the identity: its logits are hidden states."""
    model = load_model(checkpoint)
    config = model.config
    with torch.device("meta"):
        language_model = transformers.LlamaForCausalLM(config)
    language_model.model = model
    head = torch.nn.Linear(config.hidden_size, config.hidden_size, bias=False)
    head.weight.copy_(torch.eye(config.hidden_size))
    language_model.lm_head = head
    return converters.LlamaLoader().get_model_spec(language_model), config.rms_norm_eps


def spec_of(checkpoint, model_type):
    if model_type == "bert":
        return bert_spec(checkpoint, converters.BertLoader())
    if model_type == "roberta":
        return bert_spec(checkpoint, converters.RobertaLoader())
    if model_type == "t5":
        return t5_encoder_spec(checkpoint)
    return decoder_spec(checkpoint)


class Engine(Peer):
    version = ctranslate2.__version__

    @staticmethod
    def export(checkpoint, folder):
        config = read_config(checkpoint)
        with torch.no_grad():
            spec, epsilon = spec_of(checkpoint, config["model_type"])
        # Ids go in, so any words will do.
        spec.register_vocabulary([str(i) for i in range(config["vocab_size"])])
        spec.config.layer_norm_epsilon = epsilon
        spec.validate()
        spec.save(folder)

    def __init__(self, checkpoint, folder, precision, threads):
        compute_type = COMPUTE_TYPES[precision]
        supported = ctranslate2.get_supported_compute_types("cpu")
        if compute_type not in supported:
            raise Unsupported(f"CTranslate2 has {', '.join(sorted(supported))} on this CPU")
        is_decoder = read_config(checkpoint)["model_type"] == "llama"
        model_class = ctranslate2.Generator if is_decoder else ctranslate2.Encoder
        self.model = model_class(
            folder, "cpu", compute_type=compute_type, inter_threads=1, intra_threads=threads
        )
        self.is_decoder = is_decoder

    def batch(self, ids, mask):
        lengths = mask.sum(1).astype(np.int32)
        view = ctranslate2.StorageView.from_array
        return view(ids.astype(np.int32)), view(lengths)

    def run(self, batch):
        answer = self.model.forward_batch(*batch)
        return answer if self.is_decoder else answer.last_hidden_state

    def hidden(self, answer):
        return np.array(answer.to(ctranslate2.DataType.float32))
