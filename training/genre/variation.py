"""Variants of a clip that keep its genre: another beginning, tempo, tuning, key, equalisation and bandwidth.

Volume is no variation: the network's statistics are relative to the level.

Invariant: every random choice comes from the generator passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Decibels = NDArray[np.float32]

_POSITION = np.linspace(-1.0, 1.0, 128, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Variation:
    """Strengths; zero turns one off.

    Attributes:
        tempo: Largest relative change.
        tuning_bands: Largest shift of the mel axis, in bands.
        key: Share of clips whose chroma are turned to another key.
        tilt_db: Largest slope, from the middle to either end.
        ripple_db: Deviation of two slow waves over frequency.
        lowpass: Share of clips cut off above a random band, 1.5 to 6 kHz.
    """

    tempo: float = 0.06
    tuning_bands: float = 0.75
    key: float = 0.5
    tilt_db: float = 2.5
    ripple_db: float = 0.7
    lowpass: float = 0.15

    def apply(self, mel: Decibels, chroma: Decibels, rng: np.random.Generator) -> tuple[Decibels, Decibels]:
        """Returns a variant, which begins anywhere and goes on at the beginning after the end.

        Args:
            mel: dB ``[F, 128]``.
            chroma: dB ``[F, 12]``.
            rng: The source of every choice.
        """
        frames = len(mel)
        times = rng.uniform(0, frames) + np.arange(frames) * (1.0 + rng.uniform(-self.tempo, self.tempo))
        mel, chroma = _at(mel, times % (frames - 1)), _at(chroma, times % (frames - 1))
        shifted = np.arange(128) + rng.uniform(-self.tuning_bands, self.tuning_bands)
        mel = _at(mel.T, shifted.clip(0, 126.999)).T + self._equalisation(rng)
        if rng.random() < self.key:
            chroma = np.roll(chroma, int(rng.integers(12)), axis=1)
        return mel.astype(np.float32), chroma

    def _equalisation(self, rng: np.random.Generator) -> Decibels:
        curve = rng.uniform(-self.tilt_db, self.tilt_db) * _POSITION
        for _ in range(2):
            phase = np.pi * (rng.uniform(2.0, 6.0) * _POSITION + rng.uniform(0.0, 2.0))
            curve = curve + rng.normal(0.0, self.ripple_db) * np.cos(phase)
        if rng.random() < self.lowpass:
            curve = curve - 4.0 * np.maximum(np.arange(128) - rng.integers(60, 112), 0)
        equalisation: Decibels = curve.astype(np.float32)
        return equalisation


def _at(values: Decibels, times: NDArray[np.float64]) -> Decibels:
    """Returns the rows of ``values`` at fractional ``times``, linearly interpolated."""
    before = times.astype(np.int64)
    share = (times - before).astype(np.float32)[:, None]
    interpolated: Decibels = values[before] * (1.0 - share) + values[before + 1] * share
    return interpolated


def decibels(stored: NDArray[np.uint8]) -> Decibels:
    """Returns stored bands in dB."""
    bands: Decibels = stored.astype(np.float32) * np.float32(0.5) - np.float32(100.0)
    return bands
