"""The model in PyTorch, which others are converted from."""

import torch
import transformers

from models import read_config

transformers.utils.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()


def load_model(checkpoint, attention="sdpa", dtype=torch.float32, pooler=False):
    """With a pooler, where the class has one, for those who cannot do without."""
    config = read_config(checkpoint)
    model_class = getattr(transformers, config["architectures"][0])
    has_pooler = config["model_type"] in ("bert", "roberta")
    options = {"add_pooling_layer": pooler} if has_pooler else {}
    model = model_class.from_pretrained(
        checkpoint, attn_implementation=attention, dtype=dtype, **options
    )
    model.config.use_cache = False
    return model.eval()


class LastHiddenState(torch.nn.Module):
    """A model with one tensor for an answer, as converters want it."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state


def example_inputs():
    """For tracing: padded, as no mask would be traced otherwise."""
    mask = torch.ones(2, 16, dtype=torch.int64)
    mask[1, 9:] = 0
    return {"input_ids": torch.arange(1000, 1032).reshape(2, 16), "attention_mask": mask}
