"""The velocity U-Net in PyTorch, for any configuration, with the public names of its tensors.

Written for the bench: what an author who trains with PyTorch would run, in its usual layout and operations.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

DEFAULTS = {
    "dropout": 0.0,
    "num_heads": 1,
    "num_head_channels": -1,
    "num_heads_upsample": -1,
    "use_scale_shift_norm": False,
    "resblock_updown": False,
    "use_new_attention_order": False,
    "conv_resample": True,
}


def norm(channels):
    return nn.GroupNorm(32, channels, eps=1e-5)


def down(x):
    return F.avg_pool2d(x, 2)


def up(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Residual(nn.Module):
    def __init__(self, config, inputs, outputs, resample=None):
        super().__init__()
        self.scale_shift = config["use_scale_shift_norm"]
        self.resample = resample
        modulation = 2 * outputs if self.scale_shift else outputs
        self.in_layers = nn.Sequential(norm(inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(4 * config["model_channels"], modulation))
        self.out_layers = nn.Sequential(
            norm(outputs), nn.SiLU(), nn.Dropout(config["dropout"]), nn.Conv2d(outputs, outputs, 3, padding=1)
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, embedding):
        normed, activation, convolution = self.in_layers
        h = activation(normed(x))
        if self.resample is not None:
            h, x = self.resample(h), self.resample(x)
        h = convolution(h)
        modulation = self.emb_layers(embedding)[:, :, None, None]
        if self.scale_shift:
            scale, shift = modulation.chunk(2, dim=1)
            h = self.out_layers[0](h) * (1 + scale) + shift
            h = self.out_layers[1:](h)
        else:
            h = self.out_layers(h + modulation)
        return self.skip_connection(x) + h


class Attention(nn.Module):
    def __init__(self, config, channels, heads):
        super().__init__()
        depth = config["num_head_channels"]
        self.heads = heads if depth == -1 else channels // depth
        self.new_order = config["use_new_attention_order"]
        self.norm = norm(channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x, _embedding):
        images, channels, height, width = x.shape
        qkv = self.qkv(self.norm(x).flatten(2))
        shape = (3, self.heads) if self.new_order else (self.heads, 3)
        parts = qkv.view(images, *shape, channels // self.heads, height * width)
        q, k, v = parts.unbind(1 if self.new_order else 2)
        scale = (channels // self.heads) ** -0.25
        weights = torch.softmax((q * scale).transpose(-1, -2) @ (k * scale), dim=-1)
        attended = v @ weights.transpose(-1, -2)
        return x + self.proj_out(attended.reshape(images, channels, -1)).view_as(x)


class Down(nn.Module):
    def __init__(self, channels, learnt):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1) if learnt else None

    def forward(self, x, _embedding):
        return down(x) if self.op is None else self.op(x)


class Up(nn.Module):
    def __init__(self, channels, learnt):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1) if learnt else None

    def forward(self, x, _embedding):
        return up(x) if self.conv is None else self.conv(up(x))


class First(nn.Conv2d):
    def forward(self, x, _embedding):
        return super().forward(x)


class Network(nn.Module):
    def __init__(self, given):
        super().__init__()
        config = {**DEFAULTS, **given}
        width, levels = config["model_channels"], config["channel_mult"]
        blocks, attended = config["num_res_blocks"], config["attention_resolutions"]
        self.width = width
        embedding = 4 * width
        self.time_embed = nn.Sequential(
            nn.Linear(width, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.mol_embed_transform = nn.Linear(config["condition_dim"], embedding)

        channels = levels[0] * width
        groups = [[First(config["in_channels"], channels, 3, padding=1)]]
        skips = [channels]
        for level, multiple in enumerate(levels):
            for _ in range(blocks):
                group = [Residual(config, channels, multiple * width)]
                channels = multiple * width
                if 2**level in attended:
                    group.append(Attention(config, channels, config["num_heads"]))
                groups.append(group)
                skips.append(channels)
            if level + 1 < len(levels):
                if config["resblock_updown"]:
                    groups.append([Residual(config, channels, channels, down)])
                else:
                    groups.append([Down(channels, config["conv_resample"])])
                skips.append(channels)
        self.input_blocks = nn.ModuleList(map(nn.ModuleList, groups))
        self.middle_block = nn.ModuleList(
            [
                Residual(config, channels, channels),
                Attention(config, channels, config["num_heads"]),
                Residual(config, channels, channels),
            ]
        )
        heads = config["num_heads_upsample"]
        heads = config["num_heads"] if heads == -1 else heads
        groups = []
        for level, multiple in reversed(list(enumerate(levels))):
            for block in range(blocks + 1):
                group = [Residual(config, channels + skips.pop(), multiple * width)]
                channels = multiple * width
                if 2**level in attended:
                    group.append(Attention(config, channels, heads))
                if block == blocks and level > 0:
                    if config["resblock_updown"]:
                        group.append(Residual(config, channels, channels, up))
                    else:
                        group.append(Up(channels, config["conv_resample"]))
                groups.append(group)
        self.output_blocks = nn.ModuleList(map(nn.ModuleList, groups))
        self.out = nn.Sequential(
            norm(channels), nn.SiLU(), nn.Conv2d(channels, config["out_channels"], 3, padding=1)
        )

    def forward(self, x, times, condition=None):
        half = self.width // 2
        frequencies = torch.exp(-math.log(1e4) * torch.arange(half, dtype=torch.float32) / half)
        angles = times[:, None] * frequencies
        embedding = self.time_embed(torch.cat([angles.cos(), angles.sin()], dim=1))
        if condition is not None:
            embedding = embedding + self.mol_embed_transform(condition)

        def run(group, h):
            for layer in group:
                h = layer(h, embedding)
            return h

        h, skips = x, []
        for group in self.input_blocks:
            h = run(group, h)
            skips.append(h)
        h = run(self.middle_block, h)
        for group in self.output_blocks:
            h = run(group, torch.cat([h, skips.pop()], dim=1))
        return self.out(h)
