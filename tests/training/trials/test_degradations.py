import numpy as np
import pytest
import soxr

from training.genre.trials.degradations import DEGRADATIONS, STORED_RATE, Take, encode_mp3, plain


@pytest.fixture
def clip():
    """Two seconds of 440 Hz at -6 dBFS."""
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * STORED_RATE) / STORED_RATE)).astype(np.float32)


def level_db(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def loudest_hz(take: Take) -> float:
    spectrum = np.abs(np.fft.rfft(take.samples.mean(axis=0)))
    return float(spectrum.argmax() * take.sample_rate / take.samples.shape[1])


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_music_stays_what_it_is(clip, name):
    """The tone is where it was, at the rate that is stated, and the clip itself is not touched."""
    before = clip.copy()
    take = DEGRADATIONS[name](clip)
    assert take.samples.dtype == np.float32 and take.samples.ndim == 2
    assert loudest_hz(take) == pytest.approx(440, abs=1)
    assert 2.0 <= take.samples.shape[1] / take.sample_rate < 5.1
    assert np.array_equal(clip, before)


@pytest.mark.parametrize(("name", "change_db"), [("level_-60db", -60), ("level_-20db", -20), ("rate_8000", 0)])
def test_the_level_is_the_one_named(clip, name, change_db):
    assert level_db(DEGRADATIONS[name](clip).samples) == pytest.approx(level_db(clip) + change_db, abs=0.1)


def test_one_silent_channel_takes_six_decibels_from_the_mix(clip):
    mixed = DEGRADATIONS["stereo_one_silent"](clip).samples.mean(axis=0)
    assert level_db(mixed) == pytest.approx(level_db(clip) - 6.02, abs=0.01)


def test_clipping_is_at_full_scale_and_hard(clip):
    samples = DEGRADATIONS["clipped_12db"](clip).samples
    assert float(np.abs(samples).max()) == 1.0
    assert float((np.abs(samples) == 1.0).mean()) == pytest.approx(2 / 3, abs=0.01)  # arccos(1/2) / (pi / 2)


def test_silence_in_front_is_silent(clip):
    samples = DEGRADATIONS["silence_3s"](clip).samples[0]
    assert not samples[: 3 * STORED_RATE].any()
    assert np.array_equal(samples[3 * STORED_RATE :], clip)


def test_an_mp3_has_the_bit_rate_asked_for_and_has_lost_something(rng):
    """White noise at 32 kbit/s: what little is coded is not what came."""
    noise = (0.1 * rng.standard_normal(10 * STORED_RATE)).astype(np.float32)
    assert len(encode_mp3(plain(noise), 32_000)) == pytest.approx(40_000, rel=0.05)
    decoded = DEGRADATIONS["mp3_32k"](noise)
    shared = min(len(noise), decoded.samples.shape[1])
    assert decoded.sample_rate == STORED_RATE
    assert level_db(decoded.samples[0, :shared] - noise[:shared]) > level_db(noise) - 10


def test_another_rate_keeps_all_that_it_can_hold(clip):
    take = DEGRADATIONS["rate_44100"](clip)
    back = soxr.resample(take.samples[0], take.sample_rate, STORED_RATE, "VHQ")
    inner = slice(1_000, -1_000)
    assert float(np.abs(back[: len(clip)][inner] - clip[inner]).max()) < 1e-4
