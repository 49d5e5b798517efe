"""Means with standard errors.

Invariant: no mean is shown without its error, and an error says what it is an error of: the spread over runs where
there are several, the binomial error of drawing the items where there is one.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Estimate(NamedTuple):
    """A share of 1 and how far it may be off.

    Attributes:
        mean: Mean over runs, 0 to 1.
        error: Standard error of ``mean``.
        runs: Runs behind it; at 1 the error is binomial.
    """

    mean: float
    error: float
    runs: int

    def __str__(self) -> str:
        """Returns per cent, such as ``64.9 ± 1.4 (5)``; a dagger marks the binomial error of a single run."""
        return f"{100 * self.mean:.1f} ± {100 * self.error:.1f} ({self.runs}{'†' if self.runs == 1 else ''})"


def estimate(shares: Sequence[float], items: int) -> Estimate:
    """Returns the mean of ``shares`` with standard deviation / sqrt(runs), or the binomial error of a single one.

    Args:
        shares: One share a run, 0 to 1.
        items: Items behind a single share; several runs do not need it.

    Raises:
        ValueError: Without shares.
    """
    if not shares:
        raise ValueError("expected at least one share, got none")
    if len(shares) == 1:
        return Estimate(shares[0], binomial_error(shares[0], items), 1)
    return Estimate(statistics.fmean(shares), statistics.stdev(shares) / math.sqrt(len(shares)), len(shares))


def binomial_error(share: float, items: int) -> float:
    """Returns sqrt(p (1 - p) / n), the standard error of a share ``p`` of ``n`` independent items."""
    return math.sqrt(share * (1.0 - share) / items)
