"""Two people who talk at once, equally loud.

Invariant: mixtures are drawn by a seed and by the talkers' lengths alone, the same for every model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..waveforms import SAMPLE_RATE
from .evidence import Talker
from .measures import Samples, active_rms

LEVEL = 0.05
"""Active speech of every talker, RMS of full scale: -26 dBFS."""

SHORTEST = SAMPLE_RATE


class Mixture(NamedTuple):
    """Two talkers at 0 dB.

    Attributes:
        talkers: Whose they are, as positions among the talkers.
        parts: float32 ``[2, T]``, each alone as it is in the mixture.
    """

    talkers: tuple[int, int]
    parts: Samples

    @property
    def audio(self) -> Samples:
        """The two together, ``[T]``."""
        together: Samples = self.parts.sum(0)
        return together


def draw_mixtures(talkers: Sequence[Talker], count: int, rng: np.random.Generator) -> list[Mixture]:
    """Draws ``count`` pairs of different people; each mixture is as long as the shorter of them, 1 s or more.

    The longer one is heard from a random place.

    Raises:
        ValueError: When fewer than two people speak for a second.
    """
    return [mix(talkers, *pair, rng) for pair in draw_pairs(talkers, count, rng)]


def draw_pairs(talkers: Sequence[Talker], count: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """Draws recordings, as positions, of two different people who speak for a second or more.

    Raises:
        ValueError: When there are no two such people.
    """
    fit = [i for i, talker in enumerate(talkers) if len(talker.speech) >= SHORTEST]
    if len({talkers[i].person for i in fit}) < 2:
        raise ValueError(f"expected two people who speak for 1 s, got {len(fit)} recordings of fewer")
    drawn: list[tuple[int, int]] = []
    while len(drawn) < count:
        one, other = (int(i) for i in rng.choice(fit, 2, replace=False))
        if talkers[one].person != talkers[other].person:
            drawn.append((one, other))
    return drawn


def mix(talkers: Sequence[Talker], one: int, other: int, rng: np.random.Generator) -> Mixture:
    """Mixes two talkers at 0 dB of active speech."""
    length = min(len(talkers[one].speech), len(talkers[other].speech))
    parts = [levelled(cut(talkers[i].speech, length, rng)) for i in (one, other)]
    return Mixture((one, other), np.stack(parts))


def cut(x: Samples, length: int, rng: np.random.Generator) -> Samples:
    """Returns ``length`` samples of ``x`` from a random place."""
    start = int(rng.integers(0, len(x) - length + 1))
    return x[start : start + length]


def levelled(x: Samples, level: float = LEVEL) -> Samples:
    """Returns ``x`` at ``level`` of active speech."""
    return (x * np.float32(level / max(active_rms(x), 1e-9))).astype(np.float32)
