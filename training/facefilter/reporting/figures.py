"""Figures of trials, ``{"mean" or "share", "se", "n", "people"}``, as text.

Invariant: a figure that is missing, or that a trial could not tell, is shown as absent and never as a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...genre.reporting.figures import spread
from ...genre.reporting.markdown import ABSENT

PAIRS = ("M-F", "F-M", "M-M", "F-F", "opposite", "same", "all")
NAMES = {"opposite": "opposite sex", "same": "same sex"}


def decibels(figure: Mapping[str, Any] | None, digits: int = 2) -> str:
    """Returns a mean, such as ``3.07 ± 0.21``."""
    return ABSENT if figure is None else spread(figure["mean"], figure["se"], digits=digits)


def percents(figure: Mapping[str, Any] | None) -> str:
    """Returns a share of 1, or a mean of shares, in per cent, such as ``92.1 ± 1.4``."""
    if figure is None:
        return ABSENT
    return spread(figure["share"] if "share" in figure else figure["mean"], figure["se"], 100.0, 1)


def pair_name(pair: str) -> str:
    """Returns a pair of sexes as a heading."""
    return NAMES.get(pair, pair)


def above(figure: Mapping[str, Any], chance: float) -> float | None:
    """Returns by how many standard errors a figure is above ``chance``; None without an error."""
    value = figure["share"] if "share" in figure else figure["mean"]
    return None if value is None or not figure["se"] else (value - chance) / figure["se"]
