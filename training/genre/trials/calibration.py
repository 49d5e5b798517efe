"""Whether the network's confidence is worth its face value: reliability over test clips after 10 s and 30 s.

Among few clips the bins scatter, so even a perfectly calibrated network has an error above zero: ``if_calibrated`` is
what it would have on as many clips with the same confidences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .evidence import Evidence
from .listening import Subject
from .random_starts import frames_in
from .reliability import Confidence, calibration_error, confidence_of, reliability, untempered
from .spread import Figure, rounded

SECONDS = (10, 30)
DRAWS = 1_000


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``calibration.json``, with the figures before temperature where the network has one."""
    clips = evidence.part("test")
    heard = subject.hear(evidence.bands(clips), "whole clips")
    labels = evidence.corpus.labels[clips]
    result: Figure = {"clips": len(clips), "temperature": subject.temperature, "after_s": {}}
    for seconds in SECONDS:
        probs = heard.probs[:, min(frames_in(seconds), heard.probs.shape[1]) - 1]
        entry = {"calibrated": judged(probs, labels)}
        if subject.temperature is not None:
            log_probs = np.log(np.maximum(probs, 1e-30))
            entry["uncalibrated"] = judged(untempered(log_probs, subject.temperature), labels)
        result["after_s"][str(seconds)] = entry
    return result


def judged(probs: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> Figure:
    """Returns the error with its standard error (bootstrap over clips) and its value if calibrated, and the bins."""
    rng = np.random.default_rng(0)
    answers = confidence_of(probs, labels)
    picks = rng.integers(0, len(labels), (DRAWS, len(labels)))
    drawn = [calibration_error(Confidence(answers.stated[pick], answers.right[pick])) for pick in picks]
    chosen = probs[np.arange(len(labels)), labels]
    return {
        "ece": rounded(calibration_error(answers)),
        "ece_se": rounded(float(np.std(drawn, ddof=1))),
        "ece_if_calibrated": rounded(error_if_calibrated(answers.stated, rng)),
        "nll": rounded(float(-np.log(np.maximum(chosen, 1e-12)).mean())),
        "accuracy": rounded(float(answers.right.mean())),
        "confidence": rounded(float(answers.stated.mean())),
        "reliability": reliability(answers),
    }


def error_if_calibrated(stated: NDArray[np.float64], rng: np.random.Generator) -> float:
    """Returns the mean error that answers of this confidence ``[N]`` would have, each right as often as it says."""
    drawn = rng.random((DRAWS, len(stated))) < stated
    return float(np.mean([calibration_error(Confidence(stated, right)) for right in drawn]))
