"""A made-up corpus: ten genres that are ten tones, and noise that is not music."""

import numpy as np
import pytest
import torch

from models.frontend import NUM_MELS
from training.genre.corpus import Corpus
from training.genre.recordings import Recording, Recordings

CLIPS_A_GENRE = 4
LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


@pytest.fixture
def gtzan() -> Corpus:
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


@pytest.fixture
def recordings() -> Recordings:
    """Speech and ambience of uneven lengths in every part; all of it noise."""
    rng = np.random.default_rng(1)
    items = [
        Recording(f"{kind}/{i}", kind, f"{kind}/{i}", part)
        for kind in ("speech", "ambience")
        for part in ("train", "valid", "test")
        for i in range(3)
    ]
    lengths = [30 + 7 * i for i in range(len(items))]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    mel = rng.integers(60, 180, (starts[-1], NUM_MELS)).astype(np.uint8)
    return Recordings(tuple(items), mel, mel[:, ::11], starts)
