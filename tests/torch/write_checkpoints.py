"""Writes checkpoints as a real PyTorch saves them, all of one network.

The network's tensors are those of a safetensors file, in the order of a JSON list of names (the network's own
order, in which averages are numbered). Beside the weights stands what trainers keep there: arguments with
paths, an optimiser, numpy scalars.

usage: write_checkpoints.py MODEL.safetensors ORDER.json FOLDER
"""

import json
import pathlib
import sys
import types
from collections import OrderedDict

import numpy as np
import torch
from safetensors.torch import load_file

model, names, folder = map(pathlib.Path, sys.argv[1:])
order = json.loads(names.read_text())
stored = load_file(model)
weights = OrderedDict((name, stored[name].float()) for name in order)


class Network(torch.nn.Module):
    """Modules nested as the tensors' names say, so that wrappers and scripts have a real module to save."""

    def __init__(self):
        super().__init__()
        for name, tensor in weights.items():
            module, *path = self, *name.split(".")
            *inner, last = path
            for part in inner:
                if part not in module._modules:
                    module.add_module(part, torch.nn.Module())
                module = module._modules[part]
            module.register_parameter(last, torch.nn.Parameter(tensor.clone()))

    def forward(self, x):
        return x


network = Network()
assert set(network.state_dict()) == set(order)
optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
arguments = types.SimpleNamespace(
    output_dir=pathlib.PosixPath("/runs/a b"), lr=1e-4, device="cuda", seed=np.int64(3)
)
beside = {
    "optimizer": optimiser.state_dict(),
    "epoch": 7,
    "args": arguments,
    "loss": np.float32(0.01),
    "history": np.arange(4),
    "scaler": {"scale": 65536.0},
}
shifted = OrderedDict((name, tensor + 1) for name, tensor in weights.items())
averaged = OrderedDict(
    [("num_updates", torch.tensor(5))]
    + [(f"model.{name}", tensor) for name, tensor in shifted.items()]
    + [(f"shadow_params.{number}", weights[name]) for number, name in enumerate(order)]
)


def named(prefix, state):
    return OrderedDict((prefix + name, tensor) for name, tensor in state.items())


def save(name, content, **options):
    torch.save(content, folder / f"{name}.pth", **options)


save("plain", weights)
save("public", {"model": weights, **beside})
save("averaged", {"model": averaged, **beside})
save("averaged-distributed", {"model": named("module.", averaged), **beside})
save("data-parallel", {"model": torch.nn.DataParallel(network).state_dict(), **beside})
save("compiled", {"model": named("_orig_mod.", weights), **beside})
save("lightning", {"state_dict": named("net.", weights), "pytorch-lightning_version": "2.4.0", **beside})
save("model-state-dict", {"model_state_dict": weights, **beside})
save("half", {"model": OrderedDict((name, tensor.half()) for name, tensor in weights.items())})
save("double", {"model": OrderedDict((name, tensor.double()) for name, tensor in weights.items())})
for protocol in (2, 3, 4, 5):
    save(f"protocol-{protocol}", {"model": weights, **beside}, pickle_protocol=protocol)
save("parameters", {"model": OrderedDict(network.named_parameters())})
# To be refused, each by what it is.
save("refused-before-1.6", {"model": weights}, _use_new_zipfile_serialization=False)
save("refused-whole-module", network)
torch.jit.save(torch.jit.trace(network, torch.zeros(1)), folder / "refused-torchscript.pth")
