from pathlib import Path

import numpy as np
import pytest
import scipy.fft
import soundfile
import soxr
import torch

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, NUM_SPECTRUM_BINS, SAMPLE_RATE, Bands, dct_matrix

AUDIBLE_DB = 30.0


def test_a_frame_is_what_the_recipe_says(triangles: torch.Tensor, combs: torch.Tensor) -> None:
    bins = torch.arange(0, NUM_SPECTRUM_BINS, 2)
    mel_filters, chroma_filters = triangles[:, ::2], combs[:, ::2]
    x = np.random.default_rng(0).standard_normal(FRAME_SAMPLES) * 0.1

    window = np.hanning(FRAME_SAMPLES)
    power = np.abs(np.fft.rfft(x * window)) ** 2 / (2 * np.sum(window**2))
    power[1:-1] *= 2

    bands = Bands(bins, mel_filters, chroma_filters)(torch.from_numpy(x).float()[None])
    for got, filters in zip(bands, (mel_filters, chroma_filters), strict=True):
        expected = 10 * np.log10(filters.numpy() @ power[bins.numpy()])
        np.testing.assert_allclose(got[0, 0].numpy(), expected, atol=1e-3)


def test_frames_of_a_clip_are_those_of_its_chunks(bands: Bands) -> None:
    x = torch.randn(1, FRAME_SAMPLES + 9 * HOP_SAMPLES, generator=torch.Generator().manual_seed(1)) * 0.1
    chunks = x.unfold(1, FRAME_SAMPLES, HOP_SAMPLES)[0]
    for whole, frames in zip(bands(x), bands(chunks), strict=True):
        torch.testing.assert_close(whole[0], frames[:, 0], atol=1e-4, rtol=0)


def test_samples_that_do_not_fill_a_frame_are_left_out(bands: Bands) -> None:
    short, long = (bands(torch.zeros(2, FRAME_SAMPLES + samples)) for samples in (HOP_SAMPLES - 1, HOP_SAMPLES))
    assert [list(part.shape) for part in short] == [[2, 1, 128], [2, 1, 12]]
    assert [list(part.shape) for part in long] == [[2, 2, 128], [2, 2, 12]]


def test_digital_silence_is_finite(bands: Bands) -> None:
    for part in bands(torch.zeros(1, FRAME_SAMPLES)):
        assert torch.equal(part, torch.full_like(part, -160.0))


def test_the_dct_is_the_orthonormal_one_of_scipy() -> None:
    x = np.random.default_rng(2).standard_normal((5, 112))
    expected = scipy.fft.dct(x, type=2, norm="ortho", axis=1)[:, :13]
    np.testing.assert_allclose(x @ dct_matrix(112, 13).double().numpy(), expected, atol=1e-5)


def test_filters_for_other_bins_are_refused(triangles: torch.Tensor, combs: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"expected filters of shape \[128, 10\]"):
        Bands(torch.arange(10), triangles, combs)
    with pytest.raises(ValueError, match=r"expected filters of shape \[12, 1025\]"):
        Bands(torch.arange(NUM_SPECTRUM_BINS), triangles, triangles)
    with pytest.raises(ValueError, match="expected bins in"):
        Bands(torch.arange(1, NUM_SPECTRUM_BINS + 1), triangles, combs)


@pytest.mark.slow
def test_real_audio_gives_the_stored_bands(shared_data: Path) -> None:
    """Over the 96 clips of 30 s, which exist as opus: the stored bands come from the originals.

    Compared are the bands within 30 dB of the loudest of their frame (further down opus codes noise as noise), and
    each clip's long-term spectrum.
    """
    with np.load(shared_data / "gtzan" / "gtzan_bands.npz") as stored:
        filters = [torch.from_numpy(stored[name]) for name in ("mel_filters", "chroma_filters")]
        bands = Bands(torch.from_numpy(stored["bins"].astype(np.int64)), *filters)
        tables = [dict(zip(stored["id"].tolist(), stored[name], strict=True)) for name in ("mel", "chroma")]
    audible: list[list[np.ndarray]] = [[], []]
    long_term = []
    for path in sorted((shared_data / "gtzan_audio" / "clip30s").glob("*.opus")):
        samples, rate = soundfile.read(path, dtype="float32")
        x = torch.from_numpy(soxr.resample(samples, rate, SAMPLE_RATE, "HQ"))
        for part, table, squares in zip(bands(x[None]), tables, audible, strict=True):
            expected = table[path.stem] / 2.0 - 100.0
            got = part[0].numpy()[: len(expected)]
            expected = expected[: len(got)]
            error = got - expected
            squares.append(np.square(error[expected > expected.max(axis=1, keepdims=True) - AUDIBLE_DB]))
            long_term.append(np.sqrt(np.square(error.mean(axis=0)).mean()))
    assert len(long_term) == 2 * 96
    assert all(np.sqrt(np.concatenate(squares).mean()) < 1.0 for squares in audible)
    assert max(long_term) < 1.0
