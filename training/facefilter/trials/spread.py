"""A figure and its standard error, clustered by the people behind every observation.

A mixture has two people in it, and each of them is in many mixtures: observations that share a person are not
independent, whichever role the person has in them. The variance of a mean is therefore taken robust to *dyadic*
clustering (Fafchamps and Gubert, 2007; Aronow, Samii and Assenova, 2015): products of residuals are summed over all
pairs of observations that have a person in common. With one person an observation it is the ordinary clustered error,
with a speaker and a noise it is two-way clustering (Cameron, Gelbach and Miller, 2011).

Invariant: a figure is ``{"mean" or "share", "se", "n", "people"}``; ``se`` is None where fewer than two people are.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...genre.trials.spread import rounded

Figure = dict[str, Any]


def mean_of(values: ArrayLike, people: ArrayLike) -> Figure:
    """Returns the mean of ``values`` ``[N]`` with its clustered error.

    Args:
        values: Observations; those that are NaN were not to be had and are left out.
        people: ``[N]`` or ``[N, K]``, who is in each: numbers, the same number for the same person in any column.
    """
    return _figure("mean", values, people)


def share_of(hits: ArrayLike, people: ArrayLike) -> Figure:
    """Returns the share of yes among yes and no ``[N]`` with its clustered error; see ``mean_of``."""
    return _figure("share", np.asarray(hits, dtype=np.float64), people)


def clustered_error(values: NDArray[np.float64], people: NDArray[np.int64]) -> float | None:
    """Returns the standard error of the mean of ``values`` ``[N]``, or None with fewer than two people.

    The sum over pairs that share a person is ``sum_p S_p^2 - sum_d S_d^2``, where ``S_p`` adds up the residuals of the
    observations with person ``p`` and ``S_d`` those of the same two people, which the first sum counts twice. The
    estimate can come out below that of independent observations; it is never returned so.

    Args:
        values: float64.
        people: int64 ``[N, K]``, K at most 2.
    """
    names, found = np.unique(people, return_inverse=True)
    if len(names) < 2 or len(values) < 2:
        return None
    found = found.reshape(people.shape)
    residuals = values - values.mean()
    by_person = sum(np.bincount(column, residuals, minlength=len(names)) for column in found.T)
    squares = float(np.square(by_person).sum())
    if people.shape[1] > 1:
        pairs = np.sort(found, axis=1)
        _, which = np.unique(pairs, axis=0, return_inverse=True)
        squares -= float(np.square(np.bincount(which.ravel(), residuals)).sum())
    few = len(names) / (len(names) - 1)
    independent = float(np.square(residuals).sum())
    return math.sqrt(few * max(squares, independent)) / len(values)


def _figure(name: str, values: ArrayLike, people: ArrayLike) -> Figure:
    observed, who = np.asarray(values, dtype=np.float64), np.asarray(people, dtype=np.int64)
    known = ~np.isnan(observed)
    observed, who = observed[known], who[known]
    if not len(observed):
        return {name: None, "se": None, "n": 0, "people": 0}
    return {
        name: rounded(float(observed.mean())),
        "se": rounded(clustered_error(observed, who.reshape(len(observed), -1))),
        "n": len(observed),
        "people": len(np.unique(who)),
    }
