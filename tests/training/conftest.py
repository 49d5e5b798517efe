"""A made-up corpus, what is measured of it, and noise that is not music."""

import numpy as np
import pytest
import torch

from models.frontend import NUM_MELS
from tests.training.ten_tones import Measured, shortened, ten_tones
from training.genre.corpus import Corpus
from training.genre.readings import fit_statistics, load_readings
from training.genre.recordings import Recording, Recordings


@pytest.fixture
def gtzan() -> Corpus:
    """Forty clips of 344 frames; the clips of a genre are loud in the same twelve bands."""
    return ten_tones()


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Measured once for all tests, which must not change it."""
    torch.manual_seed(0)
    corpus, cache = shortened(ten_tones()), tmp_path_factory.mktemp("readings")
    net = corpus.new_net().eval()
    fit_statistics(net, corpus, np.arange(len(corpus.ids)))
    return Measured(corpus, net, load_readings(net, corpus, cache, num_variants=2), cache)


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
