import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from training.genre import band_cache
from training.genre.corpus import Corpus, CorpusError
from training.genre.decode import StoredBands
from training.genre.folder import CLIP_FRAMES, MAX_CLIPS_A_FILE, MIN_CLIP_FRAMES, cut, list_files, load_folder

RATE = 8_000


def noise(seconds: float, seed: int, rate: int = RATE) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * rate)) * 0.1


def write(path: Path, seconds: float, seed: int, rate: int = RATE) -> Path:
    """Writes noise of its own to ``path``, in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = noise(seconds, seed, rate)
    if path.suffix == ".m4a":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=rate)
            frame = av.AudioFrame.from_ndarray(samples[None].astype(np.float32), format="fltp", layout="mono")
            frame.sample_rate = rate
            container.mux([*stream.encode(frame), *stream.encode(None)])
    elif path.suffix == ".opus":
        soundfile.write(path, samples, rate, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, samples, rate)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three labels of five files of 3.5 s."""
    for i in range(15):
        write(tmp_path / "music" / ("drums", "Çello", "voice")[i // 5] / f"song {i}.wav", 3.5, i)
    return tmp_path / "music"


@pytest.fixture
def load(folder: Path, tmp_path: Path) -> Callable[[], tuple[Corpus, list[str]]]:
    """Loads the folder; returns the corpus and what was said about files that were left out."""

    def load_it() -> tuple[Corpus, list[str]]:
        said: list[str] = []
        return load_folder(folder, tmp_path / "cache", said.append), said

    return load_it


Load = Callable[[], tuple[Corpus, list[str]]]


def test_clips_have_their_bands_and_then_padding(load: Load) -> None:
    corpus, said = load()
    assert said == []
    assert corpus.label_names == ("drums", "voice", "Çello")
    assert np.bincount(corpus.labels).tolist() == [5, 5, 5]
    assert corpus.mel.shape == (15, CLIP_FRAMES, 128) and corpus.chroma.shape == (15, CLIP_FRAMES, 12)
    assert corpus.frames.tolist() == [(round(3.5 * 22_050) - 2_048) // 1_920 + 1] * 15
    assert all(int(part[:, :40, :12].min()) > 60 for part in (corpus.mel, corpus.chroma)), "noise is in every frame"
    assert all(int(part[:, 40:].max()) == 0 for part in (corpus.mel, corpus.chroma))


def test_any_format_and_sample_rate_is_read(folder: Path, load: Load) -> None:
    suffixes = ("flac", "ogg", "mp3", "opus", "m4a", "WAV")
    for suffix, rate in zip(suffixes, (44_100, 24_000, 48_000, 16_000, 32_000, 11_025), strict=True):
        write(folder / "drums" / f"same.{suffix}", 4.0, rate, rate)
    corpus, said = load()
    assert said == []
    frames = corpus.frames[corpus.index([f"drums/same.{suffix}#0" for suffix in suffixes])]
    assert frames == pytest.approx(4.0 * 22_050 / 1_920, abs=3)  # codecs add a little, at most 0.2 s


def test_files_of_a_label_are_groups_of_their_own_and_artists_are_one(folder: Path, load: Load) -> None:
    for i in range(4):
        write(folder / "drums" / "Ringo" / ("LP" if i % 2 else ".") / f"{i}.wav", 3.5, 100 + i)
    corpus, _ = load()
    groups = {group: corpus.groups.count(group) for group in corpus.groups}
    assert groups.pop("drums/Ringo") == 4
    assert set(groups.values()) == {1} and len(groups) == 15


def test_names_that_differ_in_unicode_form_alone_are_one_label(folder: Path, load: Load) -> None:
    write(folder / unicodedata.normalize("NFD", "Çello") / "other.wav", 3.5, 50)
    corpus, _ = load()
    assert len(corpus.label_names) == 3
    assert "Çello/other.wav#0" in corpus.ids


def test_a_name_that_is_not_utf_8_can_be_read_and_printed(folder: Path, load: Load) -> None:
    odd = os.fsencode(folder) + b"/drums/caf\xe9.wav"
    os.rename(write(folder / "drums" / "x.wav", 3.5, 51), odd)
    corpus, said = load()
    assert said == []
    assert "drums/caf\N{REPLACEMENT CHARACTER}.wav#0" in corpus.ids
    "".join(corpus.ids).encode()


def test_long_files_become_clips_of_30_s_and_short_rests_are_left_out(folder: Path, load: Load) -> None:
    write(folder / "drums" / "long.wav", 64.0, 60)  # 30 + 30 + 4
    write(folder / "drums" / "longer.wav", 61.0, 61)  # 30 + 30 + 1
    corpus, _ = load()
    assert corpus.frames[corpus.index([f"drums/long.wav#{i}" for i in range(3)])].tolist()[:2] == [344, 344]
    assert 34 <= corpus.frames[corpus.index(["drums/long.wav#2"])] <= 48
    assert "drums/longer.wav#1" in corpus.ids and "drums/longer.wav#2" not in corpus.ids


def test_of_hours_eight_clips_are_kept_from_the_first_to_the_last() -> None:
    hour = np.repeat(np.arange(100, 220, dtype=np.uint8), CLIP_FRAMES)[:, None]
    clips = cut(StoredBands(hour.repeat(128, 1), hour.repeat(12, 1)))
    values = [int(clip.mel[0, 0]) for clip in clips]
    assert len(values) == MAX_CLIPS_A_FILE and values == sorted(set(values))
    assert values[0] == 100 and values[-1] == 219
    assert all(clip.mel.min() == clip.mel.max() == clip.chroma[0, 0] for clip in clips)


def test_silent_clips_are_left_out() -> None:
    mel = np.full((2 * CLIP_FRAMES + MIN_CLIP_FRAMES, 128), 150, np.uint8)
    mel[CLIP_FRAMES : 2 * CLIP_FRAMES] = 20
    assert [len(clip.mel) for clip in cut(StoredBands(mel, mel[:, :12]))] == [CLIP_FRAMES, MIN_CLIP_FRAMES]


def test_what_cannot_be_used_is_named_and_the_rest_is_loaded(folder: Path, load: Load) -> None:
    (folder / "drums" / "empty.wav").touch()
    (folder / "drums" / "text.mp3").write_text("not music\n" * 200)
    write(folder / "drums" / "short.wav", 1.0, 70)
    soundfile.write(folder / "drums" / "silent.wav", np.zeros(5 * RATE), RATE)
    copy = folder / "voice" / "a copy.wav"
    copy.write_bytes((folder / "drums" / "song 0.wav").read_bytes())
    corpus, said = load()
    assert len(corpus.ids) == 15
    assert [line.split(str(folder))[1] for line in said] == [
        "/drums/empty.wav: Invalid data found when processing input",
        "/drums/short.wav has no 3 s of sound",
        "/drums/silent.wav has no 3 s of sound",
        "/drums/text.mp3: Invalid data found when processing input",
        "/voice/a copy.wav sounds the same as drums/song 0.wav",
    ]


def test_hidden_files_and_what_is_no_sound_are_passed_over(folder: Path) -> None:
    before = list(list_files(folder))
    for name in (".hidden/a.wav", "drums/.a.wav", "drums/._song.mp3", "__MACOSX/drums/b.wav", "drums/.trash/c.wav"):
        write(folder / name, 3.5, 80)
    (folder / "drums" / "cover.jpg").write_bytes(b"\xff\xd8")
    (folder / "drums" / "list.m3u").write_text("song 0.wav\n")
    write(folder / "without a label.wav", 3.5, 81)
    assert list(list_files(folder)) == before


def test_a_second_look_decodes_only_what_changed(folder: Path, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = load()
    decoded: list[str] = []

    def counting(path: Path, bands: object) -> StoredBands:
        decoded.append(path.name)
        return bands_of(path, bands)

    bands_of = band_cache.bands_of
    monkeypatch.setattr(band_cache, "bands_of", counting)
    second, _ = load()
    assert decoded == []
    assert np.array_equal(first.mel, second.mel) and np.array_equal(first.chroma, second.chroma)
    assert first.ids == second.ids

    changed = write(folder / "drums" / "song 0.wav", 3.5, 90)
    os.utime(changed, ns=(0, 1_000_000_000))
    write(folder / "voice" / "new.flac", 3.5, 91)
    third, _ = load()
    assert sorted(decoded) == ["new.flac", "song 0.wav"]
    clip = "drums/song 0.wav#0"
    assert not np.array_equal(first.mel[first.index([clip])], third.mel[third.index([clip])])


def test_an_entry_of_the_cache_that_was_damaged_is_decoded_again(load: Load, tmp_path: Path) -> None:
    first, _ = load()
    entries = sorted((tmp_path / "cache").iterdir())
    assert len(entries) == 15
    entries[0].write_bytes(entries[0].read_bytes()[:100])
    entries[1].write_bytes(b"")
    assert np.array_equal(load()[0].mel, first.mel)


def test_a_run_that_was_cut_keeps_what_it_had_decoded(
    folder: Path, load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bands_of = band_cache.bands_of

    def interrupted(path: Path, bands: object) -> StoredBands:
        if path.parent.name == "voice":
            raise KeyboardInterrupt
        return bands_of(path, bands)

    monkeypatch.setattr(band_cache, "bands_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load()
    assert len(list((tmp_path / "cache").iterdir())) >= 5


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"expected a folder with a folder for each label, got .*nowhere"):
        load_folder(tmp_path / "nowhere", tmp_path / "cache")


def test_a_folder_without_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rock").mkdir()
    (tmp_path / "rock" / "notes.txt").touch()
    with pytest.raises(CorpusError, match="found none"):
        load_folder(tmp_path, tmp_path / "cache")


def test_one_label_is_refused(tmp_path: Path) -> None:
    for i in range(6):
        write(tmp_path / "rock" / f"{i}.wav", 3.5, i)
    with pytest.raises(CorpusError, match="at least two labels, got sound below 'rock' alone"):
        load_folder(tmp_path, tmp_path / "cache")


def test_labels_of_few_files_are_refused_before_anything_is_decoded(folder: Path, tmp_path: Path) -> None:
    write(folder / "yodel" / "1.wav", 3.5, 1)
    with pytest.raises(CorpusError, match="expected at least 5 usable files a label; 'yodel' has 1"):
        load_folder(folder, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_labels_of_few_usable_files_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "drums" / "song 1.wav").write_bytes(b"RIFF")
    said: list[str] = []
    with pytest.raises(CorpusError, match="expected at least 5 usable files a label; 'drums' has 4"):
        load_folder(folder, tmp_path / "cache", said.append)
    assert len(said) == 1 and "song 1.wav" in said[0]


def test_a_label_of_two_artists_is_refused(folder: Path, tmp_path: Path) -> None:
    for i in range(6):
        write(folder / "polka" / ("A", "B")[i % 2] / f"{i}.wav", 3.5, 200 + i)
    with pytest.raises(CorpusError, match=r"at least 3 folders of artists a label.*'polka' has 2"):
        load_folder(folder, tmp_path / "cache")
