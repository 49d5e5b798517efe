from pathlib import Path

import numpy as np
import pytest
import torch

from models.filterbank import chroma_filters, kept_bins, mel_filters
from models.frontend import FRAME_SAMPLES, NUM_CHROMA, NUM_MELS, SAMPLE_RATE, Bands


def bands_of_tone(hz: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Mel ``[128]`` and chroma ``[12]`` of one frame of a sine, dB."""
    tone = 0.3 * torch.sin(2 * torch.pi * hz / SAMPLE_RATE * torch.arange(FRAME_SAMPLES))
    mel, chroma = Bands(kept_bins(), mel_filters(), chroma_filters())(tone[None])
    return mel[0, 0], chroma[0, 0]


def test_the_formulas_give_the_filters_that_were_recovered_from_gtzan(shared_data: Path) -> None:
    with np.load(shared_data / "gtzan" / "gtzan_bands.npz") as stored:
        assert kept_bins().tolist() == stored["bins"].tolist()
        assert float(np.abs(mel_filters().numpy() - stored["mel_filters"]).max()) < 1e-7
        assert float(np.abs(chroma_filters().numpy() - stored["chroma_filters"]).max()) < 1e-7


@pytest.mark.parametrize(("filters", "rows"), [(mel_filters(), NUM_MELS), (chroma_filters(), NUM_CHROMA)])
def test_every_filter_has_weights_of_sum_one(filters: torch.Tensor, rows: int) -> None:
    assert filters.shape == (rows, len(kept_bins()))
    assert float(filters.min()) == 0.0
    assert torch.allclose(filters.sum(1), torch.ones(rows))


def test_a_tone_is_loudest_in_the_band_that_holds_it() -> None:
    mel_of = [int(bands_of_tone(hz)[0].argmax()) for hz in (440.0, 1_000.0, 4_000.0, 10_000.0)]
    # (mel(f) - mel(30)) / 23.86 - 1, rounded: 23.86 mel is the distance of two bands.
    assert mel_of == [20, 39, 87, 126]


@pytest.mark.parametrize(("hz", "pitch_class"), [(1_046.5, 0), (440.0, 9), (880.0, 9), (987.8, 11), (1_108.7, 1)])
def test_a_note_is_loudest_in_its_pitch_class(hz: float, pitch_class: int) -> None:
    assert int(bands_of_tone(hz)[1].argmax()) == pitch_class
