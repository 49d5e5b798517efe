from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.frontend import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, Bands
from training.genre import recordings
from training.genre.corpus import Corpus, load_split
from training.genre.recordings import list_recordings, load_recordings, part_of


def test_parts_have_the_shares_they_should() -> None:
    parts = [part_of(f"speaker {i}") for i in range(2_000)]
    assert {part: round(parts.count(part) / 2_000, 1) for part in set(parts)} == {
        "train": 0.7,
        "valid": 0.1,
        "test": 0.2,
    }


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
    bands = Bands(gtzan.bins, gtzan.mel_filters, gtzan.chroma_filters)
    arguments = (corpus(data), frozenset({"jazz.00001"}), bands, tmp_path / "cache.npz")
    decoded = load_recordings(*arguments)
    num_frames = (SAMPLE_RATE - FRAME_SAMPLES) // HOP_SAMPLES + 1
    assert decoded.frames(0).shape == (num_frames, 128) and decoded.bands(0).chroma.shape == (num_frames, 12)
    monkeypatch.setattr(recordings, "bands_of", None)  # whoever decodes again fails
    cached = load_recordings(*arguments)
    assert np.array_equal(decoded.mel, cached.mel) and np.array_equal(decoded.chroma, cached.chroma)
    assert decoded.items == cached.items


def test_a_cache_without_chroma_is_decoded_again(tmp_path: Path, gtzan: Corpus) -> None:
    data, cache = tmp_path / "data", tmp_path / "cache.npz"
    data.mkdir()
    bands = Bands(gtzan.bins, gtzan.mel_filters, gtzan.chroma_filters)
    decoded = load_recordings(corpus(data), frozenset(), bands, cache)
    paths = [item.path for item in decoded.items]
    np.savez(cache, paths=paths, mel=np.zeros_like(decoded.mel), starts=decoded.starts)
    assert np.array_equal(load_recordings(data, frozenset(), bands, cache).mel, decoded.mel)
    with np.load(cache) as stored:
        assert np.array_equal(stored["chroma"], decoded.chroma)


def test_no_speaker_and_no_held_out_clip_is_in_two_parts(shared_data: Path) -> None:
    train = frozenset(load_split(shared_data, "train"))
    held_out = {*load_split(shared_data, "valid"), *load_split(shared_data, "test")}
    parts: dict[str, set[str]] = {}
    for item in list_recordings(shared_data, train):
        parts.setdefault(item.group, set()).add(item.part)
        assert item.group not in held_out
        assert "street_music" not in item.path
    assert all(len(found) == 1 for found in parts.values())
