"""The velocity network of a CellFlux bundle as a PyTorch module, made from the network's configuration.

`cellflux bundle export` writes this file. The names of the tensors are those of the public network.
"""

import math

import torch
from torch import nn
from torch.nn import functional

GROUPS = 32
LONGEST_PERIOD = 1e4


class Residual(nn.Module):
    """Two convolutions, modulated by the embedding of time and condition, beside a shortcut."""

    def __init__(self, config, inputs, outputs, resample=None):
        super().__init__()
        self.modulates = config.get("use_scale_shift_norm", False)
        self.resample = resample or nn.Identity()
        width = 4 * config["model_channels"]
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(width, outputs * (2 if self.modulates else 1)))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, outputs), nn.SiLU(), nn.Identity(), nn.Conv2d(outputs, outputs, 3, padding=1)
        )
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, embedding):
        norm, activation, convolution = self.in_layers
        h = convolution(self.resample(activation(norm(x))))
        x = self.resample(x)
        e = self.emb_layers(embedding)[:, :, None, None]
        norm, rest = self.out_layers[0], self.out_layers[1:]
        if self.modulates:
            scale, shift = e.chunk(2, dim=1)
            h = norm(h) * (1 + scale) + shift
        else:
            h = norm(h + e)
        return self.skip_connection(x) + rest(h)


class Attention(nn.Module):
    """Self-attention over all pixels."""

    def __init__(self, config, channels, heads):
        super().__init__()
        per_head = config.get("num_head_channels", -1)
        self.heads = heads if per_head == -1 else channels // per_head
        self.parts_first = config.get("use_new_attention_order", False)
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x, embedding):
        count, channels, height, width = x.shape
        flat = x.reshape(count, channels, height * width)
        depth = channels // self.heads
        qkv = self.qkv(self.norm(flat))
        if self.parts_first:
            qkv = qkv.reshape(count, 3, self.heads, depth, -1).transpose(1, 2)
        else:
            qkv = qkv.reshape(count, self.heads, 3, depth, -1)
        q, k, v = qkv.unbind(dim=2)
        scale = depth**-0.25
        weights = torch.softmax(torch.einsum("nhdq,nhdk->nhqk", q * scale, k * scale), dim=-1)
        mixed = torch.einsum("nhqk,nhdk->nhdq", weights, v).reshape(count, channels, -1)
        return (flat + self.proj_out(mixed)).reshape(x.shape)


class Downsample(nn.Module):
    """Half the size, by a convolution."""

    def __init__(self, channels):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x, embedding):
        return self.op(x)


class Upsample(nn.Module):
    """Twice the size, then a convolution where the network learns one."""

    def __init__(self, channels, learns):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1) if learns else nn.Identity()

    def forward(self, x, embedding):
        return self.conv(double(x))


class Convolution(nn.Conv2d):
    """The first convolution, which the embedding does not reach."""

    def forward(self, x, embedding):
        return super().forward(x)


class Half(nn.Module):
    """Half the size, by means."""

    def forward(self, x, embedding=None):
        return functional.avg_pool2d(x, 2)


class Double(nn.Module):
    """Twice the size, each pixel four times."""

    def forward(self, x):
        return double(x)


def double(x):
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class CellFlux(nn.Module):
    """The velocity `v(image, time, condition)`.

    `image` is `[N, C, H, W]` in model range, `time` `[N, 1]` from 0 to 1, `condition` `[N, D]` or `None` for
    the velocity without one.
    """

    def __init__(self, config):
        super().__init__()
        self.width = config["model_channels"]
        embedding = 4 * self.width
        self.time_embed = nn.Sequential(
            nn.Linear(self.width, embedding), nn.SiLU(), nn.Linear(embedding, embedding)
        )
        self.mol_embed_transform = nn.Linear(config["condition_dim"], embedding)
        multipliers = config["channel_mult"]
        blocks = config["num_res_blocks"]
        attends = config["attention_resolutions"]
        heads = config.get("num_heads", 1)
        heads_up = config.get("num_heads_upsample", -1)
        heads_up = heads if heads_up == -1 else heads_up
        updown = config.get("resblock_updown", False)
        learns = config.get("conv_resample", True)

        channels = multipliers[0] * self.width
        groups = [[Convolution(config["in_channels"], channels, 3, padding=1)]]
        skips = [channels]
        for level, multiplier in enumerate(multipliers):
            for _ in range(blocks):
                group = [Residual(config, channels, multiplier * self.width)]
                channels = multiplier * self.width
                if 2**level in attends:
                    group.append(Attention(config, channels, heads))
                groups.append(group)
                skips.append(channels)
            if level + 1 < len(multipliers):
                if updown:
                    groups.append([Residual(config, channels, channels, Half())])
                else:
                    groups.append([Downsample(channels) if learns else Half()])
                skips.append(channels)
        self.input_blocks = nn.ModuleList(nn.ModuleList(group) for group in groups)
        self.middle_block = nn.ModuleList(
            [
                Residual(config, channels, channels),
                Attention(config, channels, heads),
                Residual(config, channels, channels),
            ]
        )
        groups = []
        for level, multiplier in reversed(list(enumerate(multipliers))):
            for index in range(blocks + 1):
                group = [Residual(config, channels + skips.pop(), multiplier * self.width)]
                channels = multiplier * self.width
                if 2**level in attends:
                    group.append(Attention(config, channels, heads_up))
                if level > 0 and index == blocks:
                    if updown:
                        group.append(Residual(config, channels, channels, Double()))
                    else:
                        group.append(Upsample(channels, learns))
                groups.append(group)
        self.output_blocks = nn.ModuleList(nn.ModuleList(group) for group in groups)
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, channels),
            nn.SiLU(),
            nn.Conv2d(channels, config["out_channels"], 3, padding=1),
        )

    def forward(self, image, time, condition=None):
        half = self.width // 2
        rates = torch.exp(-math.log(LONGEST_PERIOD) * torch.arange(half, device=image.device) / half)
        phases = time.reshape(-1, 1).float() * rates
        embedding = self.time_embed(torch.cat([phases.cos(), phases.sin()], dim=1))
        if condition is not None:
            embedding = embedding + self.mol_embed_transform(condition)
        h, skips = image, []
        for group in self.input_blocks:
            for layer in group:
                h = layer(h, embedding)
            skips.append(h)
        for layer in self.middle_block:
            h = layer(h, embedding)
        for group in self.output_blocks:
            h = torch.cat([h, skips.pop()], dim=1)
            for layer in group:
                h = layer(h, embedding)
        return self.out(h)
