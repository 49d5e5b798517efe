"""Level metering: RMS and peak of a stream, ten times a second of audio."""

from __future__ import annotations

import numpy as np

from .frames import Samples

FLOOR_DB = -120.0


class LevelMeter:
    """Accumulates samples and reports their level once in ``interval_s`` of audio.

    Levels are dB re full scale: a full-scale square wave has 0 dB RMS and 0 dB peak. Channels count together.

    Args:
        sample_rate: Hz.
        interval_s: Audio between two reports.
    """

    def __init__(self, sample_rate: int, interval_s: float = 0.1) -> None:
        self._interval = max(1, round(sample_rate * interval_s))
        self._heard = 0
        self._energy = 0.0
        self._count = 0
        self._peak = 0.0

    def write(self, samples: Samples) -> tuple[float, float] | None:
        """Takes samples ``[C, T]``; returns (RMS, peak) in dB when an interval is complete, else None."""
        flat = samples.reshape(-1)
        self._energy += float(np.dot(flat, flat))
        self._count += flat.size
        self._peak = max(self._peak, float(np.abs(flat).max(initial=0.0)))
        self._heard += samples.shape[1]
        if self._heard < self._interval:
            return None
        levels = to_db(float(np.sqrt(self._energy / self._count))), to_db(self._peak)
        self._heard %= self._interval  # What is over counts towards the next, so that the pace holds for any block.
        self._count = 0
        self._energy = self._peak = 0.0
        return levels


def to_db(amplitude: float) -> float:
    """Returns 20 log10(amplitude), at least -120 dB, to a tenth."""
    return round(20 * float(np.log10(amplitude)), 1) if amplitude > 1e-6 else FLOOR_DB
