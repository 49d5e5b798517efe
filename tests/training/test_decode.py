from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
import torch

from models.filterbank import chroma_filters, kept_bins, mel_filters
from models.frontend import SAMPLE_RATE, Bands
from training.genre.decode import UnreadableAudio, bands_of, quantise, read_audio


@pytest.fixture(scope="module")
def bands() -> Bands:
    return Bands(kept_bins(), mel_filters(), chroma_filters())


def tone(seconds: float, hz: float = 440.0, rate: int = SAMPLE_RATE) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz / rate * np.arange(round(seconds * rate)))).astype(np.float32)


def write_m4a(path: Path, samples: np.ndarray, rate: int) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode(None)])


def test_stored_bands_are_within_a_quarter_decibel() -> None:
    mel = torch.linspace(-100, 25, 500)
    assert float((torch.from_numpy(quantise(mel)).float() / 2 - 100 - mel).abs().max()) <= 0.25


def test_audio_of_any_rate_becomes_mono_at_the_rate_of_the_front_end(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.stack([np.full(16_000, 0.2), np.full(16_000, 0.4)], 1), 16_000)
    samples = read_audio(path)
    assert samples.dtype == np.float32
    assert abs(len(samples) - SAMPLE_RATE) <= 1
    assert float(np.median(samples)) == pytest.approx(0.3, abs=1e-3)


def test_a_long_file_has_the_bands_it_has_at_once(tmp_path: Path, bands: Bands) -> None:
    path = tmp_path / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).standard_normal(32_000 * 25) * 0.1, 32_000)
    mel, chroma = bands_of(path, bands)
    samples = read_audio(path)
    with torch.inference_mode():
        whole = bands(torch.from_numpy(samples)[None])
    assert mel.shape == whole[0][0].shape and chroma.shape == whole[1][0].shape
    for stored, at_once in ((mel, whole[0]), (chroma, whole[1])):
        # One step of the storage, where two sums of a different order fall on either side of its middle.
        assert int(np.abs(stored.astype(int) - quantise(at_once[0])).max()) <= 1
        assert float((stored == quantise(at_once[0])).mean()) > 0.999


def test_a_file_shorter_than_a_frame_has_no_bands(tmp_path: Path, bands: Bands) -> None:
    soundfile.write(tmp_path / "click.wav", tone(0.05), SAMPLE_RATE)
    mel, chroma = bands_of(tmp_path / "click.wav", bands)
    assert mel.shape == (0, 128) and chroma.shape == (0, 12)


def test_ffmpeg_reads_what_libsndfile_cannot(tmp_path: Path, bands: Bands) -> None:
    path = tmp_path / "tone.m4a"
    write_m4a(path, tone(12.0, rate=44_100), 44_100)
    with pytest.raises(soundfile.LibsndfileError):
        soundfile.SoundFile(path)
    mel, chroma = bands_of(path, bands)
    assert len(mel) == pytest.approx(12.0 * SAMPLE_RATE / 1_920, abs=3)
    assert chroma[5:-5].argmax(axis=1).tolist() == [9] * (len(chroma) - 10), "440 Hz is an A"


def test_samples_that_are_no_numbers_are_silence(tmp_path: Path, bands: Bands) -> None:
    samples = tone(3.0)
    samples[20_000:20_010] = np.nan
    samples[21_000] = np.inf
    soundfile.write(tmp_path / "tone.wav", samples, SAMPLE_RATE, subtype="FLOAT")
    assert np.isfinite(read_audio(tmp_path / "tone.wav")).all()
    mel, _ = bands_of(tmp_path / "tone.wav", bands)
    assert int(np.abs(mel[:, 20].astype(int) - int(mel[0, 20])).max()) <= 8


def broken_files(folder: Path) -> dict[str, Path]:
    """Files with the names of sound files and something else in them."""
    files = {name: folder / name for name in ("empty.wav", "text.mp3", "cut.flac", "list.m3u8", "mute.mp4", "none.ogg")}
    files["empty.wav"].touch()
    files["text.mp3"].write_text("these are notes, not music\n" * 100)
    soundfile.write(
        folder / "whole.flac", tone(20.0) + np.random.default_rng(0).uniform(-0.1, 0.1, 441_000), SAMPLE_RATE
    )
    whole = (folder / "whole.flac").read_bytes()
    files["cut.flac"].write_bytes(whole[: len(whole) // 2])
    files["list.m3u8"].write_text(f"#EXTM3U\n#EXTINF:20,\n{folder / 'whole.flac'}\n")
    with av.open(str(files["mute.mp4"]), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 32
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))
        container.mux([*stream.encode(picture), *stream.encode(None)])
    return files


@pytest.mark.parametrize("name", ["empty.wav", "text.mp3", "cut.flac", "list.m3u8", "mute.mp4", "none.ogg"])
def test_a_file_that_is_no_sound_is_named(tmp_path: Path, bands: Bands, name: str) -> None:
    with pytest.raises(UnreadableAudio, match=rf"expected a sound file, got .*{name}: \w+"):
        bands_of(broken_files(tmp_path)[name], bands)
