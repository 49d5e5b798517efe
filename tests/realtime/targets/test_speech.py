"""Where somebody speaks: by the energy alone, at any level, and no less than a second of it."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.errors import VoiceSilent, VoiceTooShort
from realtime.targets.speech import MAX_SAMPLE_S, SAMPLE_RATE, find_speech, to_mono

from .made_up import babble

HISS = 1e-4 * np.random.default_rng(9).standard_normal(30 * SAMPLE_RATE).astype(np.float32)


def after(silence_s: float, speech_s: float, rest_s: float = 1.0) -> np.ndarray:
    """Speech after and before quiet hiss."""
    parts = HISS[: int(silence_s * SAMPLE_RATE)], babble(speech_s), HISS[: int(rest_s * SAMPLE_RATE)]
    return np.concatenate(parts)


def test_pauses_are_cut_out_and_speech_is_kept() -> None:
    speech = find_speech(np.concatenate([after(2.0, 2.0), after(3.0, 1.5)]))
    assert speech.seconds == pytest.approx(3.5, abs=0.3)
    assert len(speech.samples) / SAMPLE_RATE == pytest.approx(3.5 + 4 * 0.1, abs=0.3)
    assert np.sum(speech.samples**2) > 0.999 * 2 * np.sum(babble(1.75) ** 2)


@pytest.mark.parametrize("gain", [1e-2, 1.0, 1e3])
def test_the_level_does_not_matter(gain: float) -> None:
    sample = after(1.0, 2.0)
    assert find_speech((gain * sample).astype(np.float32)).seconds == find_speech(sample).seconds


def test_an_offset_does_not_matter() -> None:
    sample = after(1.0, 2.0)
    assert find_speech(sample + np.float32(0.3)).seconds == find_speech(sample).seconds


def test_a_little_speech_in_a_long_sample_is_found() -> None:
    assert find_speech(after(20.0, 1.5, 20.0)).seconds == pytest.approx(1.5, abs=0.2)


def test_noise_in_the_pauses_is_no_speech() -> None:
    noise = 0.012 * np.random.default_rng(1).standard_normal(5 * SAMPLE_RATE).astype(np.float32)
    noise[SAMPLE_RATE : 3 * SAMPLE_RATE] += babble(2.0)
    assert find_speech(noise).seconds == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize("sample", [np.zeros(0), np.zeros(100), babble(0.5), after(3.0, 0.7), after(3.0, 0.9)])
def test_less_than_a_second_is_too_short(sample: np.ndarray) -> None:
    with pytest.raises(VoiceTooShort, match=r"at least 1 s of speech, got 0\.\d s"):
        find_speech(sample.astype(np.float32))


@pytest.mark.parametrize(
    ("sample", "says"),
    [
        (np.zeros(3 * SAMPLE_RATE), "got silence"),
        (np.full(3 * SAMPLE_RATE, 0.5), "got silence"),
        (1e-6 * babble(3.0), "got silence"),
        (100 * HISS, "does by [0-3]"),
        (np.sin(np.arange(3 * SAMPLE_RATE)), "does by 0"),
    ],
    ids=["zeros", "an offset", "too quiet", "hiss", "a tone"],
)
def test_silence_and_sounds_that_never_change_are_no_voice(sample: np.ndarray, says: str) -> None:
    with pytest.raises(VoiceSilent, match=says):
        find_speech(sample.astype(np.float32))


def test_clicks_are_no_voice() -> None:
    sample = HISS[: 5 * SAMPLE_RATE].copy()
    sample[::SAMPLE_RATE] = 1.0
    with pytest.raises(VoiceSilent):
        find_speech(sample)


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000])
def test_any_rate_and_number_of_channels_become_the_first_minute_of_one(rate: int) -> None:
    second = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    mono = to_mono(np.stack([2 * second, 0 * second]), rate)
    assert mono == pytest.approx(np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE), abs=0.05)
    long = np.zeros((1, (MAX_SAMPLE_S + 5) * rate), np.float32)
    assert to_mono(long, rate).shape == (MAX_SAMPLE_S * SAMPLE_RATE,)


def test_real_speech_is_speech(shared_data) -> None:
    import soundfile

    for path in sorted((shared_data / "facevoice" / "voice").glob("*.opus"))[:20]:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        mono = to_mono(samples.T, rate)
        assert find_speech(mono).seconds > 0.4 * len(mono) / SAMPLE_RATE
