import numpy as np
import pytest
import torch

from models import filterbank
from models.frontend import FRAME_SAMPLES, HOP_SAMPLES
from models.frontend import Bands as FrontEnd
from training.genre.corpus import Corpus
from training.genre.decode import quantise
from training.genre.trials.bands import BandLevels, Bands


@pytest.fixture
def real_corpus(gtzan: Corpus) -> Corpus:
    """The made-up clips with the filters of the real front-end."""
    fields = {name: getattr(gtzan, name) for name in Corpus.__slots__}
    filters = {"mel_filters": filterbank.mel_filters(), "chroma_filters": filterbank.chroma_filters()}
    return Corpus(**{**fields, "bins": filterbank.kept_bins(), **filters})


@pytest.mark.parametrize("level_db", [-70.0, -40.0, -6.0])
@pytest.mark.parametrize("slope", [0.0, 0.9], ids=["white", "brown"])
def test_the_level_of_bands_is_that_of_the_samples(real_corpus: Corpus, rng, level_db: float, slope: float) -> None:
    """Within a decibel, for noise of two colours at three levels."""
    noise = rng.standard_normal(FRAME_SAMPLES + 99 * HOP_SAMPLES)
    for i in range(1, len(noise)):
        noise[i] += slope * noise[i - 1]
    samples = noise / noise.std() * 10 ** (level_db / 20)
    front_end = FrontEnd(real_corpus.bins, real_corpus.mel_filters, real_corpus.chroma_filters)
    mel, _ = front_end(torch.from_numpy(samples).float()[None])
    estimate = BandLevels(real_corpus)(quantise(mel))
    # Nothing above 10.5 kHz is in the bands, and nothing below 30 Hz.
    assert float(estimate.mean()) == pytest.approx(level_db, abs=1.0)


def test_silence_has_the_level_that_the_network_calls_it(real_corpus: Corpus) -> None:
    assert BandLevels(real_corpus)(np.zeros((3, 128), dtype=np.uint8)).max() < -90.0


def test_stretches_follow_one_another_in_a_row(rng) -> None:
    bands = Bands(
        rng.integers(0, 255, (6, 4, 128), dtype=np.uint8),
        rng.integers(0, 255, (6, 4, 12), dtype=np.uint8),
        rng.random((6, 4), dtype=np.float32),
    )
    joined = bands.in_a_row(3)
    assert joined.mel.shape == (2, 12, 128)
    assert np.array_equal(joined.mel[1, 4:8], bands.mel[4])
    assert np.array_equal(joined.chroma[0, 8:], bands.chroma[2])
    assert np.array_equal(joined.level_db[1, :4], bands.level_db[3])
