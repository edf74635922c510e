"""Times a training step in PyTorch: the network of a report of `cellflux-train bench train`, with as many
images, AdamW and the average of the weights, in f32 on the CPU. Prints JSON.

    python twin.py REPORT.json --steps 5 --warmup 2 --threads 2
    python twin.py --golden FOLDER     compares the network with a golden instead
"""

import argparse
import json
import statistics
import struct
import time
from pathlib import Path

import torch

from network import Network

# Relative error, by the norm: f32 against goldens in f64.
TOLERANCE = 1e-5


def tensors(path):
    """The metadata and tensors of a safetensors file, in f32."""
    data = bytearray(path.read_bytes())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    types = {"F16": torch.float16, "F32": torch.float32}

    def read(entry):
        first, last = entry["data_offsets"]
        part = data[8 + length + first : 8 + length + last]
        return torch.frombuffer(part, dtype=types[entry["dtype"]]).float().view(entry["shape"])

    return metadata, {name: read(entry) for name, entry in header.items()}


def check(folder):
    """The larger of the relative errors with a condition and without one."""
    metadata, golden = tensors(folder / "io.safetensors")
    network = Network(json.loads(metadata["config"])).eval()
    network.load_state_dict(tensors(folder / "model.safetensors")[1])
    worst = 0.0
    with torch.no_grad():
        for name, condition in (("conditional", golden["condition"]), ("unconditional", None)):
            expected = golden[f"velocity_{name}"]
            found = network(golden["x"], golden["t"], condition)
            worst = max(worst, ((found - expected).norm() / expected.norm()).item())
    return worst


class Step:
    """A training step on random numbers."""

    def __init__(self, report):
        config, batch, side = report["config"], report["batch"], report["side"]
        self.network = Network(config).train()
        self.parameters = list(self.network.parameters())
        count = sum(parameter.numel() for parameter in self.parameters)
        if count != report["parameters"]:
            raise SystemExit(f"{count} parameters, but ours has {report['parameters']}")
        self.optimiser = torch.optim.AdamW(
            self.parameters, lr=1e-6, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.01
        )
        self.averaged = [parameter.detach().clone() for parameter in self.parameters]
        shape = (batch, config["in_channels"], side, side)
        self.x0, self.x1 = torch.randn(shape), torch.randn(shape)
        self.times = (torch.arange(batch) + 0.5) / batch
        self.condition = torch.randn(batch, config["condition_dim"])

    def take(self):
        t = self.times[:, None, None, None]
        velocity = self.network((1 - t) * self.x0 + t * self.x1, self.times, self.condition)
        loss = (velocity - (self.x1 - self.x0)).square().mean()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            torch._foreach_mul_(self.averaged, 0.999)
            torch._foreach_add_(self.averaged, self.parameters, alpha=1 - 0.999)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report", nargs="?", type=Path)
    parser.add_argument("--golden", type=Path)
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if options.golden is not None:
        error = check(options.golden)
        print(json.dumps({"golden": options.golden.name, "relative_error": error}))
        if not error < TOLERANCE:
            raise SystemExit(f"the network differs from the golden by {error:.1e}, more than {TOLERANCE}")
        return
    if options.report is None:
        parser.error("expected a report of `cellflux-train bench train --json`, or --golden")
    report = json.loads(options.report.read_text())[0]
    step = Step(report)
    for _ in range(options.warmup):
        step.take()
    seconds = []
    for _ in range(options.steps):
        begun = time.perf_counter()
        step.take()
        seconds.append(time.perf_counter() - begun)
    print(
        json.dumps(
            {
                "torch": torch.__version__,
                "threads": torch.get_num_threads(),
                "milliseconds": statistics.mean(seconds) * 1e3,
                "images_per_second": report["batch"] / statistics.mean(seconds),
            }
        )
    )


if __name__ == "__main__":
    main()
