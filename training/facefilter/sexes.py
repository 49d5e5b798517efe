"""The sex of a voice where nobody says it, estimated by a linear classifier on what the voice encoder reads.

It knows two, as its labels do. It is used to sort results and to teach faces what a voice shows, never for an output.

Invariant: where the sex is given, it is what was given.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from .corpus import Recording
from .voices import Readings

GIVEN = 5.0
"""Log-odds of what was given."""

ESTIMATED = ("voices/dsp20",)
"""Sets whose labels are themselves estimates by pitch: not learned from."""

Array = NDArray[np.float64]


def sex_scores(recordings: Sequence[Recording], readings: Readings) -> tuple[dict[int, float], float]:
    """Returns the log-odds that each recording's voice is male, and how often that is right for a new speaker."""
    owners = np.unique(readings.owners)
    means = np.stack([_unit(readings.clean[readings.owners == i].mean(axis=0)) for i in owners]) * 16.0
    known = [k for k, i in enumerate(owners) if recordings[i].sex and recordings[i].corpus not in ESTIMATED]
    male = np.array([recordings[owners[k]].sex == "m" for k in known])
    people = [recordings[owners[k]].person for k in known]
    classifier = LogisticRegression(C=0.003, max_iter=2_000)
    guessed = cross_val_predict(classifier, means[known], male, groups=people, cv=GroupKFold(5))
    scores = classifier.fit(means[known], male).decision_function(means)
    given = {"m": GIVEN, "f": -GIVEN}
    by_recording = {int(i): float(score) for i, score in zip(owners, scores, strict=True)}
    for i in by_recording:
        if recordings[i].corpus not in ESTIMATED:
            by_recording[i] = given.get(recordings[i].sex, by_recording[i])
    return by_recording, float((guessed == male).mean())


def _unit(x: NDArray[np.float32]) -> Array:
    return np.asarray(x / np.linalg.norm(x), np.float64)
