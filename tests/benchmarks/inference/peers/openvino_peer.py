"""OpenVINO, from a trace of the PyTorch model, on one stream."""

import os

import numpy as np
import openvino
import torch

from peers.peer import Peer, Unsupported
from peers.torch_model import LastHiddenState, example_inputs, load_model


class Engine(Peer):
    version = openvino.__version__.split("-")[0]

    @staticmethod
    def export(checkpoint, folder):
        with torch.no_grad():
            traced = LastHiddenState(load_model(checkpoint))
            model = openvino.convert_model(traced, example_input=example_inputs())
        # It would store float16 otherwise.
        openvino.save_model(model, os.path.join(folder, "model.xml"), compress_to_fp16=False)

    def __init__(self, checkpoint, folder, precision, threads):
        core = openvino.Core()
        abilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        if precision == "bf16" and "BF16" not in abilities:
            raise Unsupported("OpenVINO has no bfloat16 on this CPU")
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": precision,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        }
        path = os.path.join(folder, "model.xml")
        self.request = core.compile_model(path, "CPU", settings).create_infer_request()

    def batch(self, ids, mask):
        return {"input_ids": ids, "attention_mask": mask}

    def run(self, batch):
        self.request.infer(batch, share_inputs=True)
        return self.request.get_output_tensor().data

    def hidden(self, answer):
        return np.array(answer, np.float32)
