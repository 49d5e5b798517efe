"""Mixtures of two people, drawn from a number: to train on endlessly, and to be judged by.

Invariant: the same number draws the same mixtures, on every machine and whatever was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..corpus import CorpusError
from .talkers import Samples, Talkers

LEVEL = 0.1
"""RMS of a mixture."""

SNR_RANGE_DB = (-3.0, 3.0)
"""Of the first voice above the second while training."""

SEXES = ("m", "f")
_SILENT = 1e-4
_MAX_DRAWS = 10_000


class Mixtures(NamedTuple):
    """B mixtures of two voices, S samples each.

    Attributes:
        voices: float32 ``[B, 2, S]``; their sum is the mixture. The first is the target where there is one.
        faces: float32 ``[B, 2, 128]``, whose they are.
        people: The two talkers of each, int64 ``[B, 2]``.
    """

    voices: Tensor
    faces: Tensor
    people: Tensor

    @property
    def mixture(self) -> Tensor:
        """float32 ``[B, S]``, RMS ``LEVEL``."""
        return self.voices.sum(1)


def draw_training(talkers: Talkers, batch_size: int, seed: int, step: int) -> Mixtures:
    """Draws the mixtures of one training step: any two people, a little louder the one or the other."""
    rng = np.random.default_rng((seed, step))
    pairs = [_two_people(talkers, rng) for _ in range(batch_size)]
    return _mix(talkers, pairs, rng, lambda: rng.uniform(*SNR_RANGE_DB))


def draw_trial(talkers: Talkers, num_each: int, seed: int) -> Mixtures:
    """Draws ``num_each`` mixtures at 0 dB for each of M-M, M-F, F-M, F-F, the sex of the target first."""
    rng = np.random.default_rng(seed)
    pairs = [
        _two_people(talkers, rng, target, other) for target, other in product(SEXES, SEXES) for _ in range(num_each)
    ]
    return _mix(talkers, pairs, rng, lambda: 0.0)


def _two_people(talkers: Talkers, rng: np.random.Generator, *sexes: str) -> tuple[int, int]:
    """Draws two talkers who are not the same person, of these sexes where they are given.

    Raises:
        CorpusError: There are no such two.
    """
    for _ in range(_MAX_DRAWS):
        one, other = (int(number) for number in rng.integers(len(talkers), size=2))
        found = (talkers[one].sex, talkers[other].sex)
        if talkers[one].person != talkers[other].person and (not sexes or found == sexes):
            return one, other
    raise CorpusError(f"expected two people of sex {' and '.join(sexes) or 'any'} to mix, got none of {len(talkers)}")


def _mix(
    talkers: Talkers, pairs: list[tuple[int, int]], rng: np.random.Generator, snr_db: Callable[[], float]
) -> Mixtures:
    voices = torch.stack([torch.stack([_piece(talkers, number, rng) for number in pair]) for pair in pairs])
    voices[:, 0] *= torch.tensor([10.0 ** (snr_db() / 20.0) for _ in pairs], dtype=torch.float32)[:, None]
    level = voices.sum(1).square().mean(1).sqrt()[:, None, None]
    faces = torch.from_numpy(np.stack([[talkers[number].face for number in pair] for pair in pairs]))
    return Mixtures(voices * (LEVEL / level), faces, torch.tensor(pairs))


def _piece(talkers: Talkers, number: int, rng: np.random.Generator) -> Tensor:
    """Draws 2 s of a voice at RMS 1; a piece in which nobody speaks is drawn again."""
    for _ in range(_MAX_DRAWS):
        piece: Samples = talkers.draw_piece(number, rng)
        rms = float(np.sqrt(np.square(piece).mean()))
        if rms > _SILENT:
            return torch.from_numpy(piece / np.float32(rms))
    raise CorpusError(f"expected {talkers[number].person} to say something, got silence")
