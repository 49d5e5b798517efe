"""Ten genres that are ten tones: a corpus, and what is measured of it once for all tests."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.frontend import NUM_MELS
from models.genre import GenreNet
from training.genre.corpus import Corpus
from training.genre.readings import Readings

CLIPS_A_GENRE = 4
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")
SHORT_FRAMES = 132
"""Frames of a clip where 12 ticks are enough."""


class Measured(NamedTuple):
    """Forty clips of 132 frames, a network whose statistics fit them, what it reads of them, and where that lies."""

    corpus: Corpus
    net: GenreNet
    readings: Readings
    cache: Path


def ten_tones() -> Corpus:
    """Forty clips of 344 frames; the clips of a genre are loud in the same twelve bands."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(LABELS)), CLIPS_A_GENRE)
    mel = rng.integers(80, 100, (len(labels), 344, NUM_MELS)).astype(np.uint8)
    for clip, label in enumerate(labels):
        mel[clip, :, label * 11 : label * 11 + 12] += 90
    ids = tuple(f"{LABELS[label]}.{i:05d}" for i, label in enumerate(labels))
    return Corpus(
        mel=mel,
        chroma=mel[:, :, ::11],
        frames=np.full(len(labels), 344),
        ids=ids,
        labels=labels,
        label_names=LABELS,
        groups=ids,
        bins=torch.arange(NUM_MELS) * 8,
        mel_filters=torch.eye(NUM_MELS),
        chroma_filters=torch.eye(NUM_MELS)[::11],
    )


def shortened(corpus: Corpus, frames: int = SHORT_FRAMES) -> Corpus:
    """Returns the beginnings of the clips."""
    return replace(
        corpus,
        mel=corpus.mel[:, :frames].copy(),
        chroma=corpus.chroma[:, :frames].copy(),
        frames=np.minimum(corpus.frames, frames),
    )
