"""Segments that a network can learn to tell apart within a few steps."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.genre.papers.recipes import RECIPES, Recipe
from training.genre.papers.segments import Segments, cut

NUM_LABELS = 10


def new_clips(num_clips: int, num_frames: int) -> NDArray[np.uint8]:
    """Noise; the clips of a label are loud in the same eight of the lowest bands."""
    rng = np.random.default_rng(0)
    mel = rng.integers(80, 100, (num_clips, num_frames, 128)).astype(np.uint8)
    for clip in range(num_clips):
        band = clip % NUM_LABELS * 8
        mel[clip, :, band : band + 8] += 90
    return mel


@pytest.fixture
def segments() -> Segments:
    """Four segments of six frames of each of forty clips."""
    return cut(new_clips(40, 24), np.arange(40) % NUM_LABELS, 4, 24)


@pytest.fixture
def recipe() -> Recipe:
    """The MLP, in a hurry."""
    mlp = RECIPES["mlp"]
    return Recipe(mlp.build, 4, 3, epochs=5, rate=1e-3, note="a test", batch_size=16, patience=5)
