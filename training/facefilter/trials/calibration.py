"""What a confidence is worth: how often the right one is kept at it, what is gained, and how much is taken away.

A wrong choice costs about as much as a right one gains. A separator that knows when it does not know takes less away
then: gain and attenuation shall rise with confidence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...genre.trials.reliability import Confidence, calibration_error, reliability
from ...genre.trials.spread import rounded
from .observations import Bench, Observations
from .spread import Figure, mean_of, share_of

CONDITIONS = ("face", "voice", "both", "voice_against_face", "face_of_stranger")
BINS = 6


def run(bench: Bench) -> Figure:
    """Returns the contents of ``calibration.json``."""
    return {"conditions": {name: judged(bench, bench.observe(name)) for name in CONDITIONS}}


def judged(bench: Bench, observations: Observations) -> Figure:
    """Returns what goes with confidence, and what a right and a wrong choice come to."""
    answers = Confidence(np.clip(observations.confidence, 1e-6, 1.0), observations.nearer)
    return {
        "ece": rounded(calibration_error(answers)),
        "reliability": reliability(answers),
        "bins": [_bin(bench, observations.where(chosen)) for chosen in equal_bins(observations.confidence, BINS)],
        "right": _gain(bench, observations.where(observations.nearer)),
        "wrong": _gain(bench, observations.where(~observations.nearer)),
        "rank_correlation": _rank_correlation(observations.confidence, observations.si_sdri),
    }


def equal_bins(values: NDArray[np.float64], count: int) -> list[NDArray[np.bool_]]:
    """Returns masks ``[N]`` that deal values into ``count`` bins of like size, lowest first; ties stay together."""
    edges = np.unique(np.quantile(values, np.linspace(0.0, 1.0, count + 1)[1:-1]))
    place = np.searchsorted(edges, values, side="right")
    return [place == number for number in range(len(edges) + 1) if (place == number).any()]


def _bin(bench: Bench, observations: Observations) -> Figure:
    people = bench.clusters(observations)
    return {
        "confidence": rounded(float(observations.confidence.mean())),
        "accuracy": share_of(observations.nearer, people),
        **_gain(bench, observations),
    }


def _gain(bench: Bench, observations: Observations) -> Figure:
    people = bench.clusters(observations)
    return {
        "si_sdri": mean_of(observations.si_sdri, people),
        "quieter_db": mean_of(observations.quieter_db, people),
    }


def _rank_correlation(one: NDArray[np.float64], two: NDArray[np.float64]) -> float | None:
    """Returns Spearman's, None where either does not vary."""
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return None
    ranks: list[Any] = [_ranks(values) for values in (one, two)]
    return rounded(float(np.corrcoef(*ranks)[0, 1]))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - counts / 2)[place]
    return ranks
