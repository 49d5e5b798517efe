"""Every group of statistics against loops over frames, as its formula is written."""

from itertools import pairwise

import numpy as np
import pytest
import scipy.fft
import torch
from numpy.typing import NDArray

from models.music_statistics import (
    CHROMA_LAGS,
    FLUX_EDGES,
    HISTORY_SIZE,
    MEASUREMENTS,
    NUM_BANDS,
    NUM_CEPSTRA,
    NUM_COMPONENTS,
    NUM_FLUX,
    NUM_LAGS,
    PATCH_FRAMES,
    STATISTICS,
    Description,
    Measurements,
)

FRAMES = 60
Array = NDArray[np.float64]


class Clip:
    """Made-up bands of one clip, and what the formulas take from them. Double precision throughout."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        slow = np.cumsum(rng.normal(0, 1.0, (FRAMES, 128)), 0)
        self.mel = -45.0 - 0.2 * np.arange(128) + slow + rng.normal(0, 4.0, (FRAMES, 128))
        self.chroma = rng.normal(-30.0, 5.0, (FRAMES, 12)) + np.cumsum(rng.normal(0, 1.0, (FRAMES, 12)), 0)
        self.level = -20.0 + np.cumsum(rng.normal(0, 0.3, FRAMES))
        self.patch_mean = rng.normal(0, 1.0, PATCH_FRAMES * NUM_BANDS)
        self.patch_components = rng.normal(0, 0.05, (PATCH_FRAMES * NUM_BANDS, NUM_COMPONENTS))

        self.relative = np.maximum(self.mel[:, :112] - self.level[:, None], -60.0)
        self.bands = (self.relative[:, ::2] + self.relative[:, 1::2]) / 2
        self.change = np.diff(self.bands, axis=0, prepend=self.bands[:1])
        self.rise = np.maximum(self.change, 0.0)
        self.flux = np.stack([self.rise[:, low:high].mean(1) for low, high in pairwise(FLUX_EDGES)], 1)
        self.mfcc = scipy.fft.dct(self.relative, type=2, norm="ortho", axis=1)[:, :NUM_CEPSTRA]
        self.centred = self.chroma - self.chroma.mean(1, keepdims=True)

    def measurements(self) -> Measurements:
        module = Measurements().double()
        module.set_patches(torch.from_numpy(self.patch_mean), torch.from_numpy(self.patch_components))
        return module

    def tensors(self, frames: slice = slice(None)) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Mel, chroma and level as a batch of one."""
        mel, chroma, level = (torch.from_numpy(part[frames])[None] for part in (self.mel, self.chroma, self.level))
        return mel, chroma, level

    def patches(self) -> Array:
        """Whitened patches ``[F, C]``: four frames up to each, the first one repeated before the beginning."""
        padded = np.concatenate([self.bands[:1]] * (PATCH_FRAMES - 1) + [self.bands])
        patches = np.stack([padded[t : t + PATCH_FRAMES].T.ravel() for t in range(FRAMES)])
        whitened: Array = (patches - patches.mean(1, keepdims=True) - self.patch_mean) @ self.patch_components
        return whitened


def nothing() -> torch.Tensor:
    return torch.zeros(1, HISTORY_SIZE, dtype=torch.float64)


@pytest.fixture(scope="module")
def clip() -> Clip:
    return Clip()


@pytest.fixture(scope="module")
def described(clip: Clip) -> dict[str, Array]:
    """What the two modules say of the clip, by name."""
    measured, _ = clip.measurements()(*clip.tensors(), nothing())
    said = Description().double()(measured.mean(1), torch.tensor([float(FRAMES)], dtype=torch.float64))
    return dict(zip(STATISTICS, (part[0].numpy() for part in said.split(list(STATISTICS.values()), 1)), strict=True))


def assert_close(got: Array, expected: Array) -> None:
    np.testing.assert_allclose(got, expected, atol=1e-5, rtol=1e-5)


def test_bands_have_means_and_deviations_relative_to_the_level(clip: Clip, described: dict[str, Array]) -> None:
    assert_close(described["mel"], clip.bands.mean(0))
    assert_close(described["mel_deviation"], clip.bands.std(0))


def test_changes_are_counted_from_the_second_frame_on(clip: Clip, described: dict[str, Array]) -> None:
    steps = [clip.bands[t] - clip.bands[t - 1] for t in range(1, FRAMES)]
    assert_close(described["change"], np.sum(np.abs(steps), 0) / FRAMES)
    assert_close(described["rise"], np.sum(np.maximum(steps, 0.0), 0) / FRAMES)


def test_cepstra_are_those_of_scipy(clip: Clip, described: dict[str, Array]) -> None:
    assert_close(described["mfcc"], clip.mfcc.mean(0))
    assert_close(described["mfcc_deviation"], clip.mfcc.std(0))
    assert_close(described["mfcc_change"], np.sqrt(np.sum(np.diff(clip.mfcc, axis=0) ** 2, 0) / FRAMES))


def test_cepstra_are_correlated_like_numpy_says(clip: Clip, described: dict[str, Array]) -> None:
    expected = np.corrcoef(clip.mfcc.T)[np.triu_indices(NUM_CEPSTRA, 1)]
    assert np.ptp(expected) > 0.5, "correlations that are all alike would agree in any order"
    assert_close(described["mfcc_correlation"], expected)


def test_chroma_are_relative_to_the_frame(clip: Clip, described: dict[str, Array]) -> None:
    assert_close(described["chroma"], clip.centred.mean(0))
    assert_close(described["chroma_deviation"], clip.centred.std(0))
    assert_close(described["chroma_mean_sorted"], np.sort(clip.centred.mean(0))[::-1])
    assert_close(described["chroma_sorted"], np.sort(clip.centred, 1)[:, ::-1].mean(0))


def test_intervals_are_products_of_pitch_classes_so_far_apart(clip: Clip, described: dict[str, Array]) -> None:
    expected = [
        np.mean([clip.centred[t, c] * clip.centred[t, (c + k) % 12] for t in range(FRAMES) for c in range(12)])
        for k in range(1, 7)
    ]
    assert_close(described["chroma_interval"], np.array(expected))


def test_harmonic_rhythm_is_a_product_of_frames_so_far_apart(clip: Clip, described: dict[str, Array]) -> None:
    expected = [
        sum(np.mean(clip.centred[t] * clip.centred[t - lag]) for t in range(lag, FRAMES)) / FRAMES
        for lag in CHROMA_LAGS
    ]
    assert_close(described["chroma_lag"], np.array(expected))


def test_contrast_is_a_peak_above_the_three_lowest_of_its_eight_bands(clip: Clip, described: dict[str, Array]) -> None:
    groups = np.sort(clip.relative.reshape(FRAMES, 14, 8), 2)
    assert_close(described["contrast"], (groups[..., -1] - groups[..., :3].mean(2)).mean(0))


def test_flux_is_the_mean_rise_of_its_bands(clip: Clip, described: dict[str, Array]) -> None:
    assert_close(described["flux"], clip.flux.mean(0))


def test_the_autocorrelation_counts_the_products_there_are(clip: Clip, described: dict[str, Array]) -> None:
    """``(sum over t >= k of x_t x_{t-k} / n - mean^2 (n - k) / n) / variance``."""
    expected = np.empty((NUM_FLUX, NUM_LAGS))
    for i in range(NUM_FLUX):
        x = clip.flux[:, i]
        for k in range(1, NUM_LAGS + 1):
            products = sum(x[t] * x[t - k] for t in range(k, FRAMES)) / FRAMES
            expected[i, k - 1] = (products - x.mean() ** 2 * (FRAMES - k) / FRAMES) / x.var()
    assert_close(described["flux_autocorrelation"], expected.ravel())


def test_patches_are_whitened_and_covary_like_numpy_says(clip: Clip, described: dict[str, Array]) -> None:
    patches = clip.patches()
    covariance = np.cov(patches.T, bias=True)[np.triu_indices(NUM_COMPONENTS)]
    assert_close(described["patch"], patches.mean(0))
    assert_close(described["patch_covariance"], np.sign(covariance) * np.sqrt(np.abs(covariance)))


def test_a_short_passage_has_no_products_beyond_its_length(clip: Clip) -> None:
    measured, _ = clip.measurements()(*clip.tensors(slice(0, 11)), nothing())
    said = Description().double()(measured.mean(1), torch.tensor([11.0], dtype=torch.float64))
    by_name = dict(zip(STATISTICS, said.split(list(STATISTICS.values()), 1), strict=True))
    autocorrelation = by_name["flux_autocorrelation"].view(NUM_FLUX, NUM_LAGS)
    assert not bool(autocorrelation[:, 10:].any())
    assert bool(autocorrelation[:, :10].all())


@pytest.mark.parametrize("cut", [1, 2, 20, 39, 59])
def test_sums_of_two_parts_are_the_sum_of_the_whole(clip: Clip, cut: int) -> None:
    module = clip.measurements()
    whole, last = module(*clip.tensors(), nothing())
    first, history = module(*clip.tensors(slice(0, cut)), nothing())
    then, last_of_parts = module(*clip.tensors(slice(cut, None)), history)
    torch.testing.assert_close(torch.cat((first, then), 1), whole)
    torch.testing.assert_close(last_of_parts, last)


@pytest.mark.parametrize(("num_before", "matters"), [(NUM_LAGS + 1, True), (NUM_LAGS + 2, False)])
def test_a_frame_is_measured_by_itself_and_the_40_before_it(clip: Clip, num_before: int, matters: bool) -> None:
    mel, chroma, level = clip.tensors()
    other = mel.clone()
    other[:, : FRAMES - num_before] += torch.linspace(-9.0, 9.0, 128)
    one, same = (clip.measurements()(each, chroma, level, nothing())[0][:, -1] for each in (mel, other))
    assert torch.equal(one, same) is not matters


def test_level_moves_nothing_but_the_power(clip: Clip) -> None:
    module = clip.measurements()
    mel, chroma, level = clip.tensors()
    as_it_is, _ = module(mel, chroma, level, nothing())
    louder, _ = module(mel + 30.0, chroma + 30.0, level + 30.0, nothing())
    torch.testing.assert_close(louder[..., :-1], as_it_is[..., :-1], atol=1e-8, rtol=1e-8)
    torch.testing.assert_close(louder[..., -1], as_it_is[..., -1] * 1e3)
    assert list(MEASUREMENTS)[-1] == "power"
    expected = (10 ** (clip.mel / 10)).sum(1)
    np.testing.assert_allclose(as_it_is[0, :, -1].numpy(), expected)
