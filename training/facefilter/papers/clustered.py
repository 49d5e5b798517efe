"""Means over mixtures with standard errors that know that the same people return in many of them.

Invariant: with as many clusters as values, each its own, the error is that of independent values.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Clusters = NDArray[np.int64]


class Estimate(NamedTuple):
    """A mean and its standard error; the error is NaN where fewer than two people were the target."""

    mean: float
    error: float


def estimate(values: Values, people: Clusters) -> Estimate:
    """Returns the mean of ``values``, its error clustered by both people of a mixture.

    Cameron, Gelbach and Miller (2011), "Robust inference with multiway clustering", equation 2.9: the variance
    clustered by target, plus that by interferer, less that by the two together; not below that by the target.

    Args:
        values: ``[N]``.
        people: Who is the target and who the interferer, ``[N, 2]``.
    """
    deviations = values - values.mean()
    target, other = _variance(deviations, people[:, 0]), _variance(deviations, people[:, 1])
    both = _variance(deviations, people[:, 0] * (people.max() + 1) + people[:, 1])
    return Estimate(float(values.mean()), float(np.sqrt(max(target + other - both, target))))


def _variance(deviations: Values, clusters: Clusters) -> float:
    """Returns the variance of a mean whose deviations are independent between clusters alone."""
    _, inverse = np.unique(clusters, return_inverse=True)
    sums = np.bincount(inverse, weights=deviations)
    count = len(sums)
    if count < 2:
        return float("nan")
    return float(np.square(sums).sum() / len(deviations) ** 2 * count / (count - 1))
