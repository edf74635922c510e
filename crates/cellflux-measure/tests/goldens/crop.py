"""Draws crops and measures them with the field's Python libraries.

Writes crop.json, which tests/crop_goldens.rs reads.

Versions of the figures in crop.json, under Python 3.11:
    pip install numpy==2.4.6 scipy==1.17.1 scikit-image==0.26.0 cp_measure==0.3.0

usage: python crop.py          (writes crop.json beside this file; the same bytes each time)
"""

import json
import pathlib

import numpy as np
from cp_measure.core.measurecolocalization import get_correlation_pearson
from cp_measure.core.measuregranularity import get_granularity
from scipy import ndimage
from skimage.feature import graycomatrix, graycoprops, peak_local_max
from skimage.filters import threshold_otsu
from skimage.measure import label, regionprops
from skimage.morphology import erosion, reconstruction, remove_small_holes
from skimage.segmentation import watershed

CHANNELS = ["actin", "tubulin", "DNA"]
STEPS = 8
LEVELS = 32
LEAST_AREA = 30
CROSS = ndimage.generate_binary_structure(2, 1)


def ellipse(shape, x, y, a, b, angle):
    """How deep within an ellipse each pixel lies: 1 at the centre, 0 on the outline, negative outside."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    dx, dy = columns - x, rows - y
    along = (dx * np.cos(angle) + dy * np.sin(angle)) / a
    across = (dy * np.cos(angle) - dx * np.sin(angle)) / b
    return 1 - np.hypot(along, across)


def draw(shape, nuclei, seed, without=None, noise=2.0):
    """[C, H, W] bytes: nuclei with soft edges, their cells, filaments and noise."""
    random = np.random.default_rng(seed)
    depth = np.max([ellipse(shape, *nucleus) for nucleus in nuclei], axis=0)
    if without is not None:
        depth = np.where(ellipse(shape, *without) > 0, -1, depth)
    around = np.max([ellipse(shape, x, y, 1.8 * a, 1.8 * b, angle) for x, y, a, b, angle in nuclei], axis=0)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    mottle = np.sin(columns / 1.7) * np.cos(rows / 2.3) * (depth > 0)
    dna = 14 + 110 * np.clip(0.5 + 4 * depth, 0, 1) + 9 * mottle
    filaments = 1.4 + np.sin(columns * 1.1 + rows * 0.6)
    tubulin = 22 + 70 * np.clip(around, 0, 1) * filaments * (depth < 0.1)
    actin = 9 + 60 * np.exp(-((around - 0.15) ** 2) / 0.03) + 15 * np.clip(3 * around, 0, 1)
    planes = np.stack([actin, tubulin, dna])
    return np.clip(np.round(planes + random.normal(0, noise, planes.shape)), 0, 255).astype(np.uint8)


CROPS = {
    "one nucleus": draw((40, 44), [(21.3, 19.6, 9.0, 6.5, 0.4)], 1),
    "two that touch and one at the border": draw(
        (48, 44), [(15.0, 22.0, 8.0, 7.0, 0.0), (30.5, 22.0, 7.5, 8.0, 0.0), (38.0, 46.0, 7.0, 6.0, 0.3)], 2
    ),
    "a bent one": draw((44, 40), [(20.0, 21.0, 12.0, 10.0, 1.1)], 3, without=(26.0, 13.0, 6.5, 6.5, 0.0)),
    "cut by the border": draw((36, 48), [(23.0, 2.0, 11.0, 8.0, 0.2), (9.0, 26.0, 6.0, 6.0, 0.0)], 4),
    "one with a hole": draw((44, 44), [(21.0, 22.0, 11.0, 10.0, 0.0)], 5, without=(23, 22, 2.6, 2.6, 0)),
    "coarse noise": draw((33, 39), [(19.0, 16.0, 8.0, 8.0, 0.0)], 6, noise=30.0),
}


def smooth(plane):
    """The binomial filter along both axes, rounded to bytes."""
    whole = plane.astype(np.int64)
    for axis in (0, 1):
        whole = ndimage.convolve1d(whole, [1, 4, 6, 4, 1], axis=axis, mode="nearest")
    return ((whole + 128) // 256).astype(np.uint8)


def intensity(plane):
    values = plane / 255
    quantiles = np.quantile(values, [0.01, 0.25, 0.5, 0.75, 0.99])
    background = np.sort(values, axis=None)[values.size // 10]
    names = ["quantile-1", "quantile-25", "median", "quantile-75", "quantile-99"]
    measured = {"mean": values.mean(), "sd": values.std(), "background": background}
    return measured | dict(zip(names, quantiles))


def laplacian(plane):
    kernel = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    inner = ndimage.convolve(plane / 255, kernel)[1:-1, 1:-1]
    return {"laplacian-energy": np.sqrt(np.mean(inner**2))}


def texture(plane):
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    pairs = graycomatrix(plane // (256 // LEVELS), [1], angles, levels=LEVELS, symmetric=True, normed=True)
    features = {name: name for name in ["contrast", "correlation", "entropy", "homogeneity"]}
    features["energy"] = "ASM"
    return {f"texture-{ours}": graycoprops(pairs, theirs).mean() for ours, theirs in features.items()}


def granularity(plane):
    light = plane.astype(float) - plane.min()
    eroded, before, spectrum = light, light.mean(), []
    for _ in range(STEPS):
        eroded = erosion(eroded, CROSS)
        after = reconstruction(eroded, light, footprint=CROSS).mean()
        spectrum.append(100 * (before - after) / light.mean())
        before = after
    # The same through CellProfiler's own module: no subsampling, a background element larger than the crop.
    whole = np.ones(plane.shape, dtype=np.int32)
    theirs = get_granularity(whole, light, 1, 1, int(np.hypot(*plane.shape)) + 1, STEPS)
    theirs = np.array([value[0] for value in theirs.values()])
    assert np.allclose(theirs, spectrum, atol=1e-9), (theirs, spectrum)
    return {f"granularity-{step}": value for step, value in enumerate(spectrum, 1)}


def rings(plane, nucleus):
    dark = np.sort(plane, axis=None)[plane.size // 10]
    light = np.clip(plane.astype(int) - dark, 0, None)
    rows, columns = np.mgrid[: plane.shape[0], : plane.shape[1]]
    y, x = nucleus.centroid
    radii = np.hypot(columns - x, rows - y) / (nucleus.equivalent_diameter_area / 2)
    sums = np.array([light[(radii > inner) & (radii <= inner + 0.5)].sum() for inner in (0, 0.5, 1, 1.5)])
    # A centroid exactly on a pixel has a radius of 0, which the first ring holds.
    sums[0] += light[radii == 0].sum()
    return {f"ring-{number}": value for number, value in enumerate(sums / sums.sum(), 1)}


def correlation(one, other):
    whole = np.ones(one.shape, dtype=np.int32)
    theirs = get_correlation_pearson(one / 255, other / 255, whole)
    ours = np.corrcoef(one.ravel(), other.ravel())[0, 1]
    assert np.isclose(next(iter(theirs.values()))[0], ours), (theirs, ours)
    return ours


def foreground(plane):
    even = smooth(plane)
    return remove_small_holes(even > threshold_otsu(even), max_size=LEAST_AREA - 1, connectivity=1)


def nuclei(dna):
    """The mask of all nuclei, and labels by scikit-image's own way of dividing what touches."""
    mask = foreground(dna)
    distance = ndimage.distance_transform_edt(mask)
    even = ndimage.gaussian_filter(distance, 1)
    peaks = peak_local_max(even, min_distance=5, labels=label(mask, connectivity=1), exclude_border=False)
    markers = np.zeros(mask.shape, dtype=int)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    labels = watershed(-distance, markers, mask=mask)
    for region in regionprops(labels):
        if region.area < LEAST_AREA:
            labels[labels == region.label] = 0
    return mask, labels


def shape(region, dna):
    top, left, bottom, right = region.bbox
    return {
        "label": region.label,
        "area": int(region.area),
        "eccentricity": region.eccentricity,
        "solidity": region.solidity,
        "centroid": [region.centroid[1], region.centroid[0]],
        "cut-off": top == 0 or left == 0 or bottom == dna.shape[0] or right == dna.shape[1],
    }


def cell(plane, labels):
    return watershed(np.zeros(plane.shape), labels, mask=foreground(plane) | (labels > 0))


def digits(labels):
    return "".join(str(int(number)) for number in labels.ravel())


def golden(name, crop):
    mask, labels = nuclei(crop[2])
    regions = regionprops(labels)
    height, width = crop.shape[1:]
    centre = [(height - 1) / 2, (width - 1) / 2]
    from_middle = [np.hypot(*(region.coords - centre).T).min() for region in regions]
    middle = regions[np.argmin(from_middle)]
    planes = dict(zip(CHANNELS, crop))
    pairs = [("actin", "tubulin"), ("actin", "DNA"), ("tubulin", "DNA")]
    measures = {}
    for channel, plane in planes.items():
        own = intensity(plane) | laplacian(plane) | texture(plane) | granularity(plane)
        measures[channel] = own | rings(plane, middle)
    correlations = {f"{a}-{b}".lower(): correlation(planes[a], planes[b]) for a, b in pairs}
    return {
        "name": name,
        "height": height,
        "width": width,
        "coded": crop.tobytes().hex(),
        "channels": measures,
        "correlations": correlations,
        "foreground": digits(mask),
        "nuclei": digits(labels),
        "middle": middle.label,
        "shapes": [shape(region, crop[2]) for region in regions],
        "cells": digits(cell(planes["actin"], labels)),
    }


def plain(value):
    return value.item() if hasattr(value, "item") else str(value)


goldens = [golden(name, crop) for name, crop in CROPS.items()]
text = json.dumps({"channels": CHANNELS, "crops": goldens}, indent=1, default=plain)
pathlib.Path(__file__).with_name("crop.json").write_text(text + "\n")
