"""Hugging Face's transformers on PyTorch, with its fused attention."""

import torch
import transformers

from peers.peer import Peer
from peers.torch_model import load_model

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


class Engine(Peer):
    version = f"{transformers.__version__} on torch {torch.__version__}"

    def __init__(self, checkpoint, folder, precision, threads):
        torch.set_num_threads(threads)
        self.model = load_model(checkpoint, dtype=DTYPES[precision])

    def batch(self, ids, mask):
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    @torch.inference_mode()
    def run(self, batch):
        return self.model(**batch).last_hidden_state

    def hidden(self, answer):
        return answer.float().numpy()
