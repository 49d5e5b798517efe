"""Figures of trials, ``{"mean" or "share", "se", "n"}``, as text and as estimates.

Invariant: None, which stands for what a trial could not tell, is shown as absent and never as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .estimates import Estimate
from .markdown import ABSENT

Figure = Mapping[str, Any]


def as_estimate(figure: Figure) -> Estimate | None:
    """Returns a figure's mean, error (0 where it has none) and count; None of a figure of nothing."""
    mean = _mean(figure)
    return None if mean is None else Estimate(mean, figure["se"] or 0.0, figure["n"])


def in_percent(figure: Figure) -> str:
    """Returns a share of 1 in per cent, such as ``64.9 ± 1.4``."""
    return spread(_mean(figure), figure["se"], 100.0, 1)


def spread(value: float | None, error: float | None, scale: float = 1.0, digits: int = 2) -> str:
    """Returns ``value ± error``, both times ``scale``; the value alone where there is no error."""
    if value is None:
        return ABSENT
    text = f"{value * scale:.{digits}f}"
    return text if error is None else f"{text} ± {error * scale:.{digits}f}"


def _mean(figure: Figure) -> float | None:
    mean: float | None = figure["mean"] if "mean" in figure else figure["share"]
    return mean
