"""Signals of known pitch and tempo."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 22_050


def notes(
    seconds: float, seed: int = 0, every_s: float = 0.5, midi: Sequence[int] = (48, 55, 60, 64, 67)
) -> NDArray[np.float32]:
    """Returns decaying notes of six partials, one every ``every_s``, pitches drawn from ``midi``, over soft noise."""
    random = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    samples = 0.003 * random.standard_normal(time_s.size)
    for begin_s in np.arange(0.0, seconds, every_s):
        since_s = time_s - begin_s
        heard = (since_s >= 0) & (since_s < 4 * every_s)
        hz = 440.0 * 2.0 ** ((random.choice(midi) - 69) / 12)
        for partial in range(1, 7):
            tone = np.sin(2 * np.pi * partial * hz * since_s[heard]) / partial
            samples[heard] += 0.15 * tone * np.exp(-8.0 * since_s[heard])
    return samples.astype(np.float32)
