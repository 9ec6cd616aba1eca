"""Golden cases: what is sent and what must come back."""

import json
import pathlib
import struct

import numpy as np
from safetensors.numpy import load_file


def read_case(folder):
    folder = pathlib.Path(folder)
    case = json.loads((folder / "case.json").read_text())
    probes = {}
    golden = folder / "golden.safetensors"
    for key, array in (load_file(golden) if golden.exists() else {}).items():
        probe, direction, argument = key.split(".", 2)
        sides = probes.setdefault(probe, {"in": {}, "out": {}})
        sides[direction][argument] = array
    return case, probes


def masks(name, inputs):
    """The masks of an output's tokens, or queries, and of its keys."""
    encoder = inputs.get("attention_mask")
    if "decoder_input_ids" not in inputs or name.startswith("encoder_"):
        return encoder, encoder
    decoder = inputs.get("decoder_attention_mask")
    return decoder, encoder if name.startswith("cross_") else decoder


def visible(name, want, inputs):
    """Which elements of an output belong to tokens under mask 1."""
    keep = np.ones(want.shape, bool)
    tokens, keys = (m if m is None else np.asarray(m) != 0 for m in masks(name, inputs))
    if "attentions" in name:
        if tokens is not None:
            keep &= tokens[:, None, :, None]
        if keys is not None:
            keep &= keys[:, None, None, :]
    elif tokens is not None and want.ndim >= 2 and want.shape[:2] == tokens.shape:
        keep &= tokens.reshape(tokens.shape + (1,) * (want.ndim - 2))
    return keep


def assert_close(name, got, want, inputs, atol, rtol):
    assert got.shape == want.shape, name
    keep = visible(name, want, inputs)
    np.testing.assert_allclose(
        got[keep], want[keep], atol=atol, rtol=rtol, equal_nan=True, err_msg=name
    )


def payload_bytes(path, without=()):
    """Bytes of all tensors of a safetensors file but those named."""
    with open(path, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    spans = [t["data_offsets"] for key, t in header.items() if key not in without]
    return sum(end - begin for begin, end in spans)
