"""Makes inception.csv: Inception-v3's pool features of two images, in float64, on weights from a formula.

Written from the description of the network (Szegedy et al. 2016; the changes for FID) with numpy alone, and
independent of train-native/src/features/inception: layers are written out one by one, normalisation is a step
of its own, convolutions sum shifted products, pools take windows.

    python -m venv venv && venv/bin/pip install numpy==2.4.6
    venv/bin/python inception.py            # a minute; writes inception.csv beside this file

The formula, which tests/inception.rs repeats: number i of the tensor NAME is
u = (mix(fnv(NAME) + i) >> 11) / 2^53 in [0, 1), where fnv is the 64-bit FNV-1a hash of the name's bytes and
mix is splitmix64's output function. From u:

    conv.weight    (2 u - 1) sqrt(6 / fan in)      bn.weight          0.5 + u
    bn.bias        0.4 u - 0.2                     bn.running_mean    0.4 u - 0.2
    bn.running_var 0.5 + u

each rounded to float32. Byte i of the images [2, 3, 40, 52] is floor(256 u) of the tensor "images".
"""

import csv
from pathlib import Path

import numpy as np

IMAGES = (2, 3, 40, 52)
EPSILON = 1e-3


def uniform(name, count):
    seed = 0xCBF29CE484222325
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) + np.uint64(seed)
        z = z + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def f32(values):
    return values.astype(np.float32).astype(np.float64)


def conv(x, name, outputs, kernel=(1, 1), stride=1, padding=(0, 0)):
    """Convolution without bias, batch normalisation of evaluation, ReLU."""
    count, inputs, _, _ = x.shape
    rows, columns = kernel
    fan_in = inputs * rows * columns
    w = f32((2 * uniform(f"{name}.conv.weight", outputs * fan_in) - 1) * np.sqrt(6 / fan_in))
    w = w.reshape(outputs, inputs, rows, columns)
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    height = (x.shape[2] - rows) // stride + 1
    width = (x.shape[3] - columns) // stride + 1
    y = np.zeros((count, outputs, height, width))
    for r in range(rows):
        for c in range(columns):
            down = slice(r, r + stride * (height - 1) + 1, stride)
            across = slice(c, c + stride * (width - 1) + 1, stride)
            part = x[:, :, down, across].reshape(count, inputs, -1)
            y += np.einsum("oi,nip->nop", w[:, :, r, c], part, optimize=True).reshape(y.shape)

    def norm(part, scale, offset):
        return f32(scale * uniform(f"{name}.bn.{part}", outputs) + offset).reshape(1, -1, 1, 1)

    mean, variance = norm("running_mean", 0.4, -0.2), norm("running_var", 1.0, 0.5)
    y = (y - mean) / np.sqrt(variance + EPSILON) * norm("weight", 1.0, 0.5) + norm("bias", 0.4, -0.2)
    return np.maximum(y, 0)


def windows(x, stride, border):
    """The nine pixels of every 3x3 window, [9, N, C, H', W']; what lies outside of the image is `border`."""
    if border is not None:
        x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=border)
    height = (x.shape[2] - 3) // stride + 1
    width = (x.shape[3] - 3) // stride + 1
    return np.stack(
        [
            x[:, :, r : r + stride * (height - 1) + 1 : stride, c : c + stride * (width - 1) + 1 : stride]
            for r in range(3)
            for c in range(3)
        ]
    )


def halving_max(x):
    return windows(x, 2, None).max(0)


def mean_pool(x):
    return np.nanmean(windows(x, 1, np.nan), axis=0)


def max_pool(x):
    return windows(x, 1, -np.inf).max(0)


def join(*parts):
    return np.concatenate(parts, axis=1)


def resize(x, side=299):
    """Bilinear, pixel centres at halves, the edge pixels repeated."""

    def axis(x, axis):
        size = x.shape[axis]
        at = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, None)
        low = np.minimum(np.floor(at).astype(int), size - 1)
        high = np.minimum(low + 1, size - 1)
        shape = [1] * x.ndim
        shape[axis] = side
        share = (at - low).reshape(shape)
        return np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share

    return axis(axis(x, 2), 3)


def mixed_5(x, name, pool):
    a = conv(x, f"{name}.branch1x1", 64)
    b = conv(x, f"{name}.branch5x5_1", 48)
    b = conv(b, f"{name}.branch5x5_2", 64, (5, 5), padding=(2, 2))
    c = conv(x, f"{name}.branch3x3dbl_1", 64)
    c = conv(c, f"{name}.branch3x3dbl_2", 96, (3, 3), padding=(1, 1))
    c = conv(c, f"{name}.branch3x3dbl_3", 96, (3, 3), padding=(1, 1))
    return join(a, b, c, conv(mean_pool(x), f"{name}.branch_pool", pool))


def mixed_6a(x):
    a = conv(x, "Mixed_6a.branch3x3", 384, (3, 3), stride=2)
    b = conv(x, "Mixed_6a.branch3x3dbl_1", 64)
    b = conv(b, "Mixed_6a.branch3x3dbl_2", 96, (3, 3), padding=(1, 1))
    b = conv(b, "Mixed_6a.branch3x3dbl_3", 96, (3, 3), stride=2)
    return join(a, b, halving_max(x))


def mixed_6(x, name, inner):
    row, column = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
    a = conv(x, f"{name}.branch1x1", 192)
    b = conv(x, f"{name}.branch7x7_1", inner)
    b = conv(b, f"{name}.branch7x7_2", inner, **row)
    b = conv(b, f"{name}.branch7x7_3", 192, **column)
    c = conv(x, f"{name}.branch7x7dbl_1", inner)
    c = conv(c, f"{name}.branch7x7dbl_2", inner, **column)
    c = conv(c, f"{name}.branch7x7dbl_3", inner, **row)
    c = conv(c, f"{name}.branch7x7dbl_4", inner, **column)
    c = conv(c, f"{name}.branch7x7dbl_5", 192, **row)
    return join(a, b, c, conv(mean_pool(x), f"{name}.branch_pool", 192))


def mixed_7a(x):
    a = conv(x, "Mixed_7a.branch3x3_1", 192)
    a = conv(a, "Mixed_7a.branch3x3_2", 320, (3, 3), stride=2)
    b = conv(x, "Mixed_7a.branch7x7x3_1", 192)
    b = conv(b, "Mixed_7a.branch7x7x3_2", 192, (1, 7), padding=(0, 3))
    b = conv(b, "Mixed_7a.branch7x7x3_3", 192, (7, 1), padding=(3, 0))
    b = conv(b, "Mixed_7a.branch7x7x3_4", 192, (3, 3), stride=2)
    return join(a, b, halving_max(x))


def mixed_7(x, name, pool):
    row, column = {"kernel": (1, 3), "padding": (0, 1)}, {"kernel": (3, 1), "padding": (1, 0)}
    a = conv(x, f"{name}.branch1x1", 320)
    b = conv(x, f"{name}.branch3x3_1", 384)
    b = join(conv(b, f"{name}.branch3x3_2a", 384, **row), conv(b, f"{name}.branch3x3_2b", 384, **column))
    c = conv(x, f"{name}.branch3x3dbl_1", 448)
    c = conv(c, f"{name}.branch3x3dbl_2", 384, (3, 3), padding=(1, 1))
    c = join(
        conv(c, f"{name}.branch3x3dbl_3a", 384, **row),
        conv(c, f"{name}.branch3x3dbl_3b", 384, **column),
    )
    return join(a, b, c, conv(pool(x), f"{name}.branch_pool", 192))


def features(images):
    x = 2 * resize(images / 255) - 1
    x = conv(x, "Conv2d_1a_3x3", 32, (3, 3), stride=2)
    x = conv(x, "Conv2d_2a_3x3", 32, (3, 3))
    x = conv(x, "Conv2d_2b_3x3", 64, (3, 3), padding=(1, 1))
    x = halving_max(x)
    x = conv(x, "Conv2d_3b_1x1", 80)
    x = conv(x, "Conv2d_4a_3x3", 192, (3, 3))
    x = halving_max(x)
    x = mixed_5(x, "Mixed_5b", 32)
    x = mixed_5(x, "Mixed_5c", 64)
    x = mixed_5(x, "Mixed_5d", 64)
    x = mixed_6a(x)
    x = mixed_6(x, "Mixed_6b", 128)
    x = mixed_6(x, "Mixed_6c", 160)
    x = mixed_6(x, "Mixed_6d", 160)
    x = mixed_6(x, "Mixed_6e", 192)
    x = mixed_7a(x)
    x = mixed_7(x, "Mixed_7b", mean_pool)
    x = mixed_7(x, "Mixed_7c", max_pool)
    return x.mean((2, 3))


def main():
    images = np.floor(256 * uniform("images", int(np.prod(IMAGES)))).reshape(IMAGES)
    found = features(images)
    with open(Path(__file__).with_suffix(".csv"), "w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["feature", "first image", "second image"])
        for number, row in enumerate(found.T):
            table.writerow([number, *(f"{value:.9e}" for value in row)])


if __name__ == "__main__":
    main()
