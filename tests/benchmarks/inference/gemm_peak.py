"""The most that PyTorch's oneDNN makes of this core in one matrix product.

Speaks as engine.cc does: {"peak": "F32"} or {"peak": "BF16"} in,
{"flop_per_second": N} of CPU time out, the best of a few shapes, with weights laid
out beforehand and random numbers.
"""

import json
import sys
import time

import torch

DTYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
# Rows, inputs, outputs.
SHAPES = [(1024, 384, 1536), (1024, 768, 3072), (2048, 2048, 2048)]
PASSES = 3


def product(dtype, rows, inputs, outputs):
    values = torch.randn(rows, inputs, dtype=dtype)
    bias = torch.randn(outputs, dtype=dtype)
    weights = torch.randn(outputs, inputs, dtype=dtype)
    packed = torch.ops.mkldnn._reorder_linear_weight(weights, rows)
    return lambda: torch.ops.mkldnn._linear_pointwise(values, packed, bias, "none", [], "")


def best(dtype):
    fastest = 0.0
    for shape in SHAPES:
        multiply = product(dtype, *shape)
        multiply()
        for _ in range(PASSES):
            cpu = time.process_time()
            multiply()
            seconds = time.process_time() - cpu
            rows, inputs, outputs = shape
            fastest = max(fastest, 2 * rows * inputs * outputs / seconds)
    return fastest


def main():
    torch.set_num_threads(1)
    print(json.dumps({"ready": {}}), flush=True)
    with torch.inference_mode():
        for line in sys.stdin:
            dtype = DTYPES[json.loads(line)["peak"]]
            print(json.dumps({"flop_per_second": best(dtype)}), flush=True)


if __name__ == "__main__":
    main()
