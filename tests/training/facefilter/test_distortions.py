import numpy as np
import pytest

from tests.training.facefilter.miniature import voice
from training.facefilter.distortions import coded, distort

NUM_SAMPLES = 8_000


def stack() -> np.ndarray:
    """Two signals and their sum."""
    rng = np.random.default_rng(0)
    a, b = 0.05 * rng.standard_normal((2, NUM_SAMPLES))
    return np.stack((a, b, a + b)).astype(np.float32)


def leftover(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns a distorted mixture, and what of it its two parts do not explain, over its highest level."""
    a, b, audio = distort(stack(), np.random.default_rng(seed))
    peak = np.abs(audio).max()
    return audio / peak, (audio - a - b) / peak


def is_clipping(audio: np.ndarray, rest: np.ndarray) -> bool:
    lowest = audio.min()
    off = np.abs(rest) > 1e-3
    return bool((rest[off] > 0).all() and np.allclose(audio[off], lowest, atol=1e-3))


def is_offset(rest: np.ndarray) -> bool:
    return bool(np.ptp(rest) < 1e-3)


def test_references_still_add_up_to_the_mixture_but_for_clipping_and_an_offset() -> None:
    rests = [leftover(seed) for seed in range(150)]
    exact = [np.abs(rest).max() < 1e-3 for _, rest in rests]
    assert 0.8 < np.mean(exact) < 1.0
    others = [pair for pair, same in zip(rests, exact, strict=True) if not same]
    assert all(is_offset(rest) or is_clipping(audio, rest) for audio, rest in others)
    assert any(is_offset(rest) for _, rest in others) and any(not is_offset(rest) for _, rest in others)


def test_nothing_is_louder_than_full_scale_and_levels_vary_widely() -> None:
    peaks = [np.abs(distort(stack(), np.random.default_rng(seed))[-1]).max() for seed in range(60)]
    assert max(peaks) <= 1.0 + 1e-6 and min(peaks) < 0.02
    assert max(peaks) > 0.9


def test_some_mixtures_lose_their_top_and_most_do_not() -> None:
    def top(seed: int) -> float:
        power = np.abs(np.fft.rfft(distort(stack(), np.random.default_rng(seed))[-1])) ** 2
        return float(power[3_900:].mean() / power[500:1_500].mean())

    tops = np.array([top(seed) for seed in range(80)])
    assert 0.02 < (tops < 1e-3).mean() < 0.3


def test_the_generator_decides_everything() -> None:
    one, other, third = (distort(stack(), np.random.default_rng(seed)) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)


def test_what_was_passed_in_is_left_as_it_is() -> None:
    x = stack()
    for seed in range(20):
        distort(x, np.random.default_rng(seed))
    np.testing.assert_array_equal(x, stack())


@pytest.mark.parametrize("num_samples", [16_000, 16_001, 20_123])
def test_opus_is_aligned_and_as_long(num_samples: int) -> None:
    rng = np.random.default_rng(0)
    x = voice("m", 2.0, rng)[:num_samples]
    y = coded(x, rng)
    assert y.shape == x.shape and y.dtype == np.float32
    alike = {
        lag: float(np.corrcoef(x[400:-400], y[400 + lag : num_samples - 400 + lag])[0, 1]) for lag in range(-9, 10)
    }
    assert max(alike, key=lambda lag: alike[lag]) == 0
    assert 0.6 < alike[0] < 1.0 - 1e-6, "a codec that changed nothing was none"
    assert np.std(y) == pytest.approx(np.std(x), rel=0.3)


@pytest.mark.parametrize("level", [0.0, 1e-5, 1e-3])
def test_what_is_soft_stays_soft_after_opus(level: float) -> None:
    x = (level * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)
    assert np.abs(coded(x, np.random.default_rng(0))).max() < 1e-3 + 6 * level
