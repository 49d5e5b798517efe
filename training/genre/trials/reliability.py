"""Whether a probability of 0.7 is right seven times in ten.

Invariant: every answer is in exactly one bin, so the bins' counts add up to the answers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .spread import rounded

NUM_BINS = 15

Bin = dict[str, Any]


class Confidence(NamedTuple):
    """How sure N answers were, float64 ``[N]`` in (0, 1], and whether they were right, bool ``[N]``."""

    stated: NDArray[np.float64]
    right: NDArray[np.bool_]


def confidence_of(probs: NDArray[np.floating[Any]], labels: NDArray[np.int64]) -> Confidence:
    """Takes the highest of each row of ``probs`` ``[N, L]`` for the answer; ``labels`` ``[N]`` are the right ones."""
    return Confidence(probs.max(axis=1).astype(np.float64), probs.argmax(axis=1) == labels)


def calibration_error(answers: Confidence) -> float:
    """Returns the expected calibration error: mean distance of accuracy and confidence, bins weighed by their answers.

    Bins are of equal width over (0, 1] and closed above (Guo et al., 2017, section 2 and equation 3).
    """
    place = _bins(answers)
    gaps = np.bincount(place, answers.right - answers.stated, minlength=NUM_BINS)
    return float(np.abs(gaps).sum()) / len(place)


def reliability(answers: Confidence) -> list[Bin]:
    """Returns, for each bin that holds an answer, its mean ``confidence``, its ``accuracy`` and its count ``n``."""
    place = _bins(answers)
    return [
        {
            "confidence": rounded(float(answers.stated[chosen].mean())),
            "accuracy": rounded(float(answers.right[chosen].mean())),
            "n": int(chosen.sum()),
        }
        for chosen in (place == number for number in range(NUM_BINS))
        if chosen.any()
    ]


def _bins(answers: Confidence) -> NDArray[np.int64]:
    # Rows of float32 may add up to a little over 1.
    return np.clip(np.ceil(answers.stated * NUM_BINS).astype(np.int64) - 1, 0, NUM_BINS - 1)


def untempered(log_probs: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Returns the probabilities ``[..., L]`` that a network had before its logits were divided by ``temperature``.

    Exact, for a softmax forgets nothing of the logits but a constant: ``softmax(T log softmax(z / T)) = softmax(z)``.
    """
    logits = log_probs.astype(np.float64) * temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probs: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return probs
