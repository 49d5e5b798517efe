"""A network with made-up bands, so that no test of its workings needs the recordings."""

import pytest
import torch

from models.frontend import NUM_CHROMA, NUM_MELS, NUM_SPECTRUM_BINS, Bands
from models.genre import GenreNet
from models.music_statistics import NUM_STATISTICS

NUM_LABELS = 7


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def triangles() -> torch.Tensor:
    """Overlapping triangles of equal width over the whole spectrum, each of sum 1: ``[128, 1025]``."""
    centres = torch.linspace(4, NUM_SPECTRUM_BINS - 5, NUM_MELS)
    weights = (1 - (torch.arange(NUM_SPECTRUM_BINS) - centres[:, None]).abs() / 9).clamp_min(0)
    return weights / weights.sum(1, keepdim=True)


@pytest.fixture
def combs() -> torch.Tensor:
    """Seven bins a pitch class, over and over, each class of about sum 1: ``[12, 1025]``."""
    octave = torch.eye(NUM_CHROMA).repeat_interleave(7, 1) / 85
    return octave.repeat(1, 13)[:, :NUM_SPECTRUM_BINS]


@pytest.fixture
def bands(triangles: torch.Tensor, combs: torch.Tensor) -> Bands:
    """A front-end of those filters."""
    return Bands(torch.arange(NUM_SPECTRUM_BINS), triangles, combs)


@pytest.fixture
def net(bands: Bands) -> GenreNet:
    """A network of random weights whose outputs move: the recurrent weights are larger than at initialisation."""
    torch.manual_seed(3)
    net = GenreNet(bands, NUM_LABELS)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("weight"):
                weight.mul_(2.0)
        net.limit.fill_(1e9)  # no change is noticed, unless a test wants one
        net.measurements.set_patches(torch.zeros(224), torch.randn(224, 48) * 0.02)
    net.set_standardisation(torch.zeros(NUM_STATISTICS), torch.full((NUM_STATISTICS,), 10.0))
    return net.eval()
