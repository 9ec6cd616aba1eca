"""ONNX Runtime with all of its graph optimisations; int8 by dynamic quantisation."""

import os

import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from peers.peer import Peer
from peers.torch_model import LastHiddenState, example_inputs, load_model

FILES = {"f32": "model.onnx", "int8": "int8.onnx"}


def export_onnx(checkpoint, path):
    inputs = example_inputs()
    names = [*inputs, "last_hidden_state"]
    with torch.no_grad():
        torch.onnx.export(
            # The attention that its optimiser knows how to fuse.
            LastHiddenState(load_model(checkpoint, attention="eager")),
            tuple(inputs.values()),
            path,
            input_names=names[:2],
            output_names=names[2:],
            dynamic_axes={name: {0: "rows", 1: "tokens"} for name in names},
            opset_version=17,
            dynamo=False,
        )


class Engine(Peer):
    version = onnxruntime.__version__

    @staticmethod
    def export(checkpoint, folder):
        path = os.path.join(folder, FILES["f32"])
        export_onnx(checkpoint, path)
        quantize_dynamic(
            path,
            os.path.join(folder, FILES["int8"]),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"],
            extra_options={"DefaultTensorType": 1},
        )

    def __init__(self, checkpoint, folder, precision, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, FILES[precision]), options, providers=["CPUExecutionProvider"]
        )

    def batch(self, ids, mask):
        return {"input_ids": ids, "attention_mask": mask}

    def run(self, batch):
        return self.session.run(None, batch)[0]

    def hidden(self, answer):
        return answer
