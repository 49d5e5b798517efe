from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.facefilter import waveforms as waveforms_module
from training.facefilter.corpus import Recording
from training.facefilter.waveforms import FULL_SCALE, Waveforms, decode, load_waveforms

RECORDINGS = [Recording(f"{name}.wav", "librispeech", "speech", name, "train") for name in "ab"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two recordings: 1,000 samples up from 0, and 500 down."""
    soundfile.write(tmp_path / "a.wav", np.arange(1_000, dtype=np.int16), 16_000)
    soundfile.write(tmp_path / "b.wav", -np.arange(500, dtype=np.int16), 16_000)
    return tmp_path


@pytest.fixture
def loaded(data: Path, tmp_path: Path) -> Waveforms:
    return load_waveforms(data, RECORDINGS, tmp_path / "cache")


def test_a_recording_is_read_whole(loaded: Waveforms) -> None:
    assert [loaded.num_samples(i) for i in range(2)] == [1_000, 500]
    a, b = loaded.read(0), loaded.read(1)
    assert a.dtype == np.float32
    np.testing.assert_allclose(a * FULL_SCALE, np.arange(1_000), atol=1.01)
    np.testing.assert_allclose(b * FULL_SCALE, -np.arange(500), atol=1.01)


def test_a_piece_is_read_from_where_it_begins(loaded: Waveforms) -> None:
    np.testing.assert_array_equal(loaded.read(0, 100, 50), loaded.read(0)[100:150])


def test_reading_never_goes_on_into_the_next_recording(loaded: Waveforms) -> None:
    assert len(loaded.read(0, 900, 500)) == 100
    assert float(loaded.read(0, 900, 500).min()) >= 0


def test_decoded_once_they_are_read_from_the_cache(
    data: Path, tmp_path: Path, loaded: Waveforms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waveforms_module, "decode", lambda path: pytest.fail("decoded again"))
    again = load_waveforms(data, RECORDINGS, tmp_path / "cache")
    np.testing.assert_array_equal(again.read(1), loaded.read(1))


def test_another_list_of_recordings_is_decoded_anew(data: Path, tmp_path: Path, loaded: Waveforms) -> None:
    turned = load_waveforms(data, RECORDINGS[::-1], tmp_path / "cache")
    np.testing.assert_array_equal(turned.read(0), loaded.read(1))
    np.testing.assert_array_equal(load_waveforms(data, RECORDINGS, tmp_path / "cache").read(0), loaded.read(0))


def test_a_cache_that_was_cut_off_is_made_again(data: Path, tmp_path: Path, loaded: Waveforms) -> None:
    for path in (tmp_path / "cache").glob("waveforms-*"):
        path.unlink()
    assert load_waveforms(data, RECORDINGS, tmp_path / "cache").num_samples(0) == 1_000


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_other_rates_are_converted_and_channels_averaged(tmp_path: Path, rate: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "x.wav", np.stack((tone, np.zeros(rate)), 1), rate)
    x = decode(tmp_path / "x.wav") / FULL_SCALE
    expected = 0.25 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    assert len(x) == 16_000
    np.testing.assert_allclose(x[500:-500], expected[500:-500], atol=2e-3)


def test_what_is_too_loud_is_clipped_and_does_not_turn_over(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.array([1.5, -1.5, 0.0], np.float32), 16_000, subtype="FLOAT")
    assert decode(tmp_path / "x.wav").tolist() == [32_767, -32_767, 0]
