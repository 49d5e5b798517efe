"""A figure and its standard error, as every result file holds them.

Invariant: what depends on one another is one observation: several starts in a clip count as one clip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Figure = dict[str, Any]


def mean_of(values: ArrayLike) -> Figure:
    """Returns ``mean``, ``se`` (deviation / sqrt n; None of a single value) and ``n`` of independent values ``[n]``."""
    observed = np.asarray(values, dtype=np.float64)
    if observed.size == 0:
        return {"mean": None, "se": None, "n": 0}
    error = float(observed.std(ddof=1)) / math.sqrt(observed.size) if observed.size > 1 else None
    return {"mean": rounded(float(observed.mean())), "se": rounded(error), "n": int(observed.size)}


def share_of(hits: ArrayLike) -> Figure:
    """Returns ``share``, ``se`` (binomial) and ``n`` of independent yes or no ``[n]``."""
    observed = np.asarray(hits, dtype=bool)
    if observed.size == 0:
        return {"share": None, "se": None, "n": 0}
    share = float(observed.mean())
    error = math.sqrt(share * (1.0 - share) / observed.size)
    return {"share": rounded(share), "se": rounded(error), "n": int(observed.size)}


def percentile(times: Sequence[float] | NDArray[np.float64], q: float) -> float | None:
    """Returns the smallest time that ``q`` of all stay within (nearest rank), or None where too many never came.

    What never came, ``inf``, counts as longer than anything that did: leaving it out would praise a tagger
    for missing the hard ones.

    Args:
        times: Seconds, ``inf`` for never.
        q: Share in (0, 1].
    """
    if not len(times):
        return None
    ordered = np.sort(np.asarray(times, dtype=np.float64))
    value = float(ordered[math.ceil(q * len(ordered) - 1e-9) - 1])
    return rounded(value, 2) if math.isfinite(value) else None


def percentile_error(times: Sequence[float] | NDArray[np.float64], q: float, draws: int = 1_000) -> float | None:
    """Returns the standard error of ``percentile`` by the bootstrap (Efron, 1979), or None without a percentile.

    Draws whose percentile never came are taken for the longest time that did, so near ``never`` it is a lower bound.
    """
    observed = np.asarray(times, dtype=np.float64)
    if len(observed) < 2 or percentile(observed, q) is None:
        return None
    observed = np.where(np.isinf(observed), observed[np.isfinite(observed)].max(), observed)
    picks = np.random.default_rng(0).integers(0, len(observed), (draws, len(observed)))
    drawn = np.sort(observed[picks], axis=1)[:, math.ceil(q * len(observed) - 1e-9) - 1]
    return rounded(float(drawn.std(ddof=1)), 2)


def ratio_of(parts: ArrayLike, wholes: ArrayLike) -> Figure:
    """Returns ``share`` = sum of parts / sum of wholes, and its ``se`` with every row as one observation.

    Linearised (Cochran, 1977, section 6.3): rows of different length, such as speakers with more or less to say, count
    by their length.

    Args:
        parts: ``[n]``, for example seconds called music.
        wholes: ``[n]``, seconds heard.
    """
    part, whole = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    n = part.size
    if n == 0 or whole.sum() <= 0.0:
        return {"share": None, "se": None, "n": int(n)}
    share = float(part.sum() / whole.sum())
    rest = part - share * whole
    error = math.sqrt(n / (n - 1) * float((rest**2).sum())) / float(whole.sum()) if n > 1 else None
    return {"share": rounded(share), "se": rounded(error), "n": int(n)}


def rounded(value: float | None, digits: int = 4) -> float | None:
    """Rounds, and leaves None alone."""
    return None if value is None else round(value, digits)
