from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, MelBands
from training.genre import recordings
from training.genre.corpus import Corpus, load_split
from training.genre.recordings import list_recordings, load_recordings, part_of, quantise, read_audio


def test_parts_have_the_shares_they_should() -> None:
    parts = [part_of(f"speaker {i}") for i in range(2_000)]
    assert {part: round(parts.count(part) / 2_000, 1) for part in set(parts)} == {
        "train": 0.7,
        "valid": 0.1,
        "test": 0.2,
    }


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


def corpus(folder: Path) -> Path:
    """Writes a data folder with one speech set and GTZAN audio; every other set is empty."""
    for name in (*recordings.SPEECH, *recordings.AMBIENCE, "gtzan_audio"):
        (folder / name).mkdir()
        (folder / name / "manifest.tsv").write_text("file\tspeaker\tid\n")
    rng = np.random.default_rng(0)
    rows = {
        "librispeech": ["a.wav\ts1\t", "b.wav\ts1\t"],
        "gtzan_audio": ["c.wav\t\tjazz.00001", "d.wav\t\tjazz.00002"],
    }
    for name, lines in rows.items():
        for line in lines:
            soundfile.write(folder / name / line.split("\t")[0], rng.standard_normal(SAMPLE_RATE) * 0.1, SAMPLE_RATE)
        (folder / name / "manifest.tsv").write_text("\n".join(["file\tspeaker\tid", *lines]) + "\n")
    return folder


def test_of_gtzan_audio_only_training_clips_are_taken(tmp_path: Path) -> None:
    items = list(list_recordings(corpus(tmp_path), frozenset({"jazz.00001"})))
    assert [item.path for item in items] == ["librispeech/a.wav", "librispeech/b.wav", "gtzan_audio/c.wav"]
    assert items[0].part == items[1].part


def test_the_cache_gives_what_decoding_gave(tmp_path: Path, gtzan: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    data.mkdir()
    bands = MelBands(gtzan.bins, gtzan.mel_filters)
    arguments = (corpus(data), frozenset({"jazz.00001"}), bands, tmp_path / "cache.npz")
    decoded = load_recordings(*arguments)
    assert len(decoded.frames(0)) == (SAMPLE_RATE - FRAME_SAMPLES) // HOP_SAMPLES + 1
    monkeypatch.setattr(recordings, "read_audio", None)  # whoever decodes again fails
    cached = load_recordings(*arguments)
    assert np.array_equal(decoded.mel, cached.mel)
    assert decoded.items == cached.items


def test_no_speaker_and_no_held_out_clip_is_in_two_parts(shared_data: Path) -> None:
    train = frozenset(load_split(shared_data, "train"))
    held_out = {*load_split(shared_data, "valid"), *load_split(shared_data, "test")}
    parts: dict[str, set[str]] = {}
    for item in list_recordings(shared_data, train):
        parts.setdefault(item.group, set()).add(item.part)
        assert item.group not in held_out
        assert "street_music" not in item.path
    assert all(len(found) == 1 for found in parts.values())
