"""Changes of a spectrum that leave the genre as it is: level, equalisation, bandwidth, background, noise.

All work on mel bands in dB, float32 ``[F, 128]``, and every random choice comes from the generator passed in.

Invariant: music and what is not music are changed alike, so that none of these can tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mel = NDArray[np.float32]

_POSITION = np.linspace(-1.0, 1.0, 128, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Strengths; zero turns one off.

    Attributes:
        level_db: Range (low, high) of the levels that segments are brought to, mean power of the mel bands, dB.
        relevel: Share of segments brought to a random level of this range; the others to a level found in GTZAN.
        tilt_db: Largest slope, from the middle to either end.
        ripple_db: Deviation of two slow waves over frequency.
        lowpass: Share of segments cut off above a random band.
        background: Share of music with something that is not music under it, 12 to 35 dB below.
        overlap: Share of what is not music with more of it on top, up to 10 dB below.
        noise_db: Deviation of independent noise on every value.
    """

    level_db: tuple[float, float] = (-45.0, 0.0)
    relevel: float = 0.5
    tilt_db: float = 2.5
    ripple_db: float = 1.0
    lowpass: float = 0.25
    background: float = 0.25
    overlap: float = 0.3
    noise_db: float = 0.5

    def apply(self, mel: Mel, rng: np.random.Generator, usual_db: float) -> Mel:
        """Returns a changed copy of ``mel``.

        Args:
            mel: dB ``[F, 128]``.
            rng: The source of every choice.
            usual_db: Level of some clip of GTZAN: its own for music, anyone's for what is not music.
        """
        level = mean_level_db(mel)
        # Level must tell nothing: corpora are loud or quiet by accident, and so is whoever turns the knob.
        random_level = rng.random() < self.relevel
        gain = (rng.uniform(*self.level_db) if random_level else usual_db + rng.uniform(-3.0, 3.0)) - level
        curve = gain + rng.uniform(-self.tilt_db, self.tilt_db) * _POSITION + self._ripple(rng)
        if rng.random() < self.lowpass:
            cutoff = rng.integers(60, 112)
            curve = curve - 4.0 * np.maximum(np.arange(128) - cutoff, 0)
        noise = rng.standard_normal(mel.shape, dtype=np.float32) * self.noise_db
        changed: Mel = (mel + curve + noise).astype(np.float32)
        return changed

    def _ripple(self, rng: np.random.Generator) -> Mel:
        waves = [np.cos(np.pi * (rng.integers(2, 6) * _POSITION + rng.uniform(0, 2))) for _ in range(2)]
        ripple: Mel = (np.stack(waves) * rng.normal(0.0, self.ripple_db, (2, 1))).sum(0).astype(np.float32)
        return ripple


def mix(mel: Mel, other: Mel, below_db: float) -> Mel:
    """Adds the power of ``other``, brought to ``below_db`` under the level of ``mel``; dB ``[F, 128]`` both."""
    gain = mean_level_db(mel) - below_db - mean_level_db(other)
    mixed: Mel = np.logaddexp2(mel * _TO_LOG2, (other + np.float32(gain)) * _TO_LOG2) / _TO_LOG2
    return mixed


_TO_LOG2 = np.float32(np.log2(10.0) / 10.0)


def mean_level_db(mel: Mel) -> float:
    """Returns the mean power of the louder half of the frames, averaged over bands, dB."""
    power = np.exp2(mel * _TO_LOG2).mean(axis=1)
    loud = power[power >= np.median(power)]
    return float(10.0 * np.log10(max(float(loud.mean()), 1e-10)))
