"""One rank of a load in Python, as training scripts do it.

    python_worker.py STRATEGY FOLDER RANK WORLD_SIZE PORT

Speaks like load_once: "ready", a line in, a JSON object out, a line in. Strategies:

three_copies        own model, a second one, and the state dict, on every rank
free_for_all        every rank builds the model and reads the state dict
broadcast           rank 0 reads the state dict; module by module, each tensor is
                    broadcast into a copy that load_state_dict takes (AllenNLP's way)
broadcast_in_place  no initialisation; rank 0 reads, tensors go into the parameters
mmap                no initialisation; every rank adopts the mapped file's pages, and
                    then reads each of them
"""

import json
import os
import sys
import time

import torch
import torch.distributed as dist
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModel


def build(config, initialise):
    if initialise:
        return AutoModel.from_config(config)
    with torch.device("meta"):
        return AutoModel.from_config(config)


def touch(model):
    """Reads every number."""
    for parameter in model.parameters():
        for piece in parameter.data.view(-1).split(1 << 20):
            piece.view(torch.int32).sum(dtype=torch.int64)


class Broadcast:
    """Module by module, in the order that all ranks share."""

    def __init__(self, rank):
        self.rank, self.sent = rank, 0

    def tensor(self, tensor):
        dist.broadcast(tensor, 0)
        self.sent += tensor.numel() * tensor.element_size()
        return tensor

    def load(self, module, state, prefix=""):
        own = dict(module.named_parameters(recurse=False))
        received = {}
        for name, parameter in own.items():
            source = state[prefix + name] if self.rank == 0 else torch.empty_like(parameter)
            received[name] = self.tensor(source.contiguous())
        module.load_state_dict(received, strict=False)
        for name, child in module.named_children():
            self.load(child, state, prefix + name + ".")


def load(strategy, folder, rank):
    """Returns the model and the bytes that this rank read, and sent."""
    config = AutoConfig.from_pretrained(folder)
    path = os.path.join(folder, "model.safetensors")
    size = os.path.getsize(path)
    broadcast = Broadcast(rank)
    with torch.no_grad():
        if strategy == "three_copies":
            model, other = build(config, True), build(config, True)
            other.load_state_dict({k: v.clone() for k, v in load_file(path).items()}, strict=False)
            model.load_state_dict(other.state_dict())
            return model, size, 0
        if strategy == "free_for_all":
            model = build(config, True)
            model.load_state_dict({k: v.clone() for k, v in load_file(path).items()}, strict=False)
            return model, size, 0
        if strategy == "mmap":
            model = build(config, False)
            model.load_state_dict(load_file(path), strict=False, assign=True)
            touch(model)
            return model, size, 0
        model = build(config, strategy == "broadcast")
        if strategy == "broadcast_in_place":
            model = model.to_empty(device="cpu")
        state = {}
        if rank == 0:
            state = {k: v.clone() for k, v in load_file(path).items()}
        dist.barrier()
        if strategy == "broadcast":
            broadcast.load(model, state)
        else:
            for name, parameter in model.named_parameters():
                if rank == 0:
                    parameter.copy_(state.pop(name))
                broadcast.tensor(parameter.data)
        return model, size if rank == 0 else 0, broadcast.sent


def main():
    strategy, folder, rank, world_size, port = sys.argv[1:]
    rank, world_size = int(rank), int(world_size)
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world_size
    )
    print("ready", flush=True)
    sys.stdin.readline()

    dist.barrier()
    start, before = time.perf_counter(), os.times()
    model, read, sent = load(strategy, folder, rank)
    dist.barrier()
    after = os.times()
    result = {
        "wall_s": time.perf_counter() - start,
        "cpu_s": after.user + after.system - before.user - before.system,
        "bytes_read": read,
        # What the root sends reaches every other rank.
        "bytes_sent": sent * (world_size - 1) if rank == 0 else 0,
    }
    print(json.dumps(result), flush=True)
    sys.stdin.readline()
    del model
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
