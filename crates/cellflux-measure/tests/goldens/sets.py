"""Writes sets.json: what numpy, scipy, scikit-learn and prdc say of pseudo-random features.

Written with Python 3.11, numpy 2.4.6, scipy 1.17.1, scikit-learn 1.9.1 and prdc 0.2; everything in float64.
The features are not stored: `uniform` below and its twin in sets.rs give the same bits.

usage: sets.py sets.json
"""

import json
import pathlib
import sys

import numpy as np
import scipy.linalg
import scipy.spatial.distance
import scipy.stats
import sklearn.decomposition
import sklearn.metrics
import sklearn.metrics.pairwise
import sklearn.neighbors
import sklearn.preprocessing
from prdc import compute_prdc

MASK = (1 << 64) - 1


def uniform(seed, count):
    """Uniform numbers in [0, 1): splitmix64 of a counter, upper 53 bits."""
    numbers = np.empty(count)
    for place in range(count):
        z = (seed * 1_000_003 + (place + 1) * 0x9E3779B97F4A7C15) & MASK
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers[place] = ((z ^ (z >> 31)) >> 11) * 2.0**-53
    return numbers


def features(seed, rows, width, shift, scale):
    """A sum of two uniform numbers and a share of the row's first, so that columns correlate."""
    drawn = uniform(seed, rows * width * 2).reshape(rows, width, 2)
    own = drawn[:, :, 0] + drawn[:, :, 1] - 1.0
    return (own + 0.5 * own[:, :1]) * scale + shift


def frechet(a, b):
    """Heusel et al. 2017 with scipy's square root of the product, which is not symmetric."""
    difference = a.mean(axis=0) - b.mean(axis=0)
    s1, s2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = scipy.linalg.sqrtm(s1 @ s2)
    return difference @ difference + np.trace(s1) + np.trace(s2) - 2 * np.trace(root).real


def kid(a, b):
    kernel = sklearn.metrics.pairwise.polynomial_kernel
    n, m = len(a), len(b)
    xx, yy, xy = (kernel(x, y, degree=3, gamma=None, coef0=1) for x, y in ((a, a), (b, b), (a, b)))
    within = (xx.sum() - np.trace(xx)) / (n * (n - 1)) + (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return within - 2 * xy.mean()


def energy(a, b):
    n, m = len(a), len(b)
    across = 2 * scipy.spatial.distance.cdist(a, b).mean()
    xx, yy = (2 * scipy.spatial.distance.pdist(x).sum() for x in (a, b))
    unbiased = across - xx / (n * (n - 1)) - yy / (m * (m - 1))
    return {"unbiased": unbiased, "of_sets": across - xx / n**2 - yy / m**2}


def pair(name, a, b, k):
    """Everything that compares two sets."""
    near = sklearn.neighbors.NearestNeighbors(n_neighbors=1, algorithm="brute").fit(a)
    distance, row = near.kneighbors(b)
    scaler = sklearn.preprocessing.StandardScaler().fit(a)
    pca = sklearn.decomposition.PCA(n_components=3, svd_solver="full").fit(a)
    return {
        "name": name,
        "wasserstein": [scipy.stats.wasserstein_distance(x, y) for x, y in zip(a.T, b.T)],
        "energy_of_columns": [scipy.stats.energy_distance(x, y) ** 2 for x, y in zip(a.T, b.T)],
        "frechet": float(frechet(a, b)),
        "kid": float(kid(a, b)),
        "energy": energy(a, b),
        "k": k,
        "prdc": {key: float(value) for key, value in compute_prdc(a, b, k).items()},
        "nearest_rows": row[:, 0].tolist(),
        "nearest_distances": distance[:, 0].tolist(),
        "standardised_row": scaler.transform(b)[0].tolist(),
        "explained": pca.explained_variance_.tolist(),
        "explained_share": pca.explained_variance_ratio_.tolist(),
        "components": pca.components_.tolist(),
        "projected_row": pca.transform(b)[0].tolist(),
    }


def classes(classes, count, right):
    """Classes of which a share is right; the last class is never predicted, the one before it never there."""
    truth = (uniform(91, count) ** 2 * (classes - 1)).astype(int)
    truth[truth == classes - 2] = classes - 1
    other = (uniform(92, count) * (classes - 1)).astype(int)
    keep = (uniform(93, count) < right) & (truth != classes - 1)
    return truth, np.where(keep, truth, other)


def classification(truth, predicted):
    def f1(average):
        return sklearn.metrics.f1_score(truth, predicted, average=average, zero_division=0)

    labels = range(max(truth.max(), predicted.max()) + 1)
    each = sklearn.metrics.precision_recall_fscore_support(truth, predicted, labels=labels, zero_division=0)
    return {
        "truth": truth.tolist(),
        "predicted": predicted.tolist(),
        "matrix": sklearn.metrics.confusion_matrix(truth, predicted, labels=labels).tolist(),
        "accuracy": sklearn.metrics.accuracy_score(truth, predicted),
        "balanced_accuracy": sklearn.metrics.balanced_accuracy_score(truth, predicted),
        "macro_f1": f1("macro"),
        "weighted_f1": f1("weighted"),
        "precision": each[0].tolist(),
        "recall": each[1].tolist(),
        "f1": each[2].tolist(),
    }


control = features(1, 120, 8, 0.0, 1.0)
treated = features(2, 90, 8, 0.3, 1.2)
generated = features(3, 100, 8, np.array([0.3, 0.2, 0.1, 0.4, 0.3, 0.0, 0.3, 0.2]), 1.1)
golden = {
    "pairs": [
        pair("control and treated", control, treated, 5),
        pair("treated and generated", treated, generated, 3),
        pair("control and control", control, features(4, 120, 8, 0.0, 1.0), 5),
        pair("many features", features(5, 60, 19, 0.0, 1.0), features(6, 50, 19, 0.1, 0.9), 4),
    ],
    "classification": classification(*classes(7, 300, 0.6)),
}
pathlib.Path(sys.argv[1]).write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
