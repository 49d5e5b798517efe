from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.genre.corpus import CorpusError
from training.genre.not_music import deal, load_not_music, no_recordings

RATE = 8_000


def write(path: Path, seed: int, seconds: float = 3.5) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * 0.1, RATE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two speakers of two files each, six sounds and two places of two files each."""
    for i in range(2):
        for name in ("speech/ann", "speech/bob", "street", "kitchen"):
            write(tmp_path / "others" / name / f"{i}.wav", i)
    for i in range(6):
        write(tmp_path / "others" / f"sound {i}.flac", i)
    return tmp_path / "others"


def test_files_are_speech_or_ambience_in_groups_that_are_never_split(folder: Path, tmp_path: Path) -> None:
    recordings = load_not_music(folder, tmp_path / "cache")
    groups = {item.path: item.group for item in recordings.items}
    assert groups["speech/ann/0.wav"] == groups["speech/ann/1.wav"] == "speech/ann"
    assert groups["street/0.wav"] == groups["street/1.wav"] == "street"
    assert len(set(groups.values())) == 10
    assert len({(item.group, item.part) for item in recordings.items}) == 10
    assert {item.path.split("/")[0] for item in recordings.items if item.kind == "speech"} == {"speech"}
    assert {item.part for item in recordings.items} == {"train", "valid", "test"}
    for i in range(len(recordings.items)):
        mel, chroma = recordings.bands(i)
        assert len(mel) == len(chroma) == 40 and int(mel[:, :40].min()) > 60


def test_what_cannot_be_used_is_named(folder: Path, tmp_path: Path) -> None:
    write(folder / "a click.wav", 9, seconds=0.5)
    (folder / "text.wav").write_text("no sound")
    said: list[str] = []
    assert len(load_not_music(folder, tmp_path / "cache", said.append).items) == 14
    assert ["a click.wav is shorter than 3 s" in said[0], "text.wav" in said[1]] == [True, True]


def test_too_few_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "sound 0.flac").unlink()
    with pytest.raises(CorpusError, match=r"expected at least 10 usable files or folders below .*, got 9"):
        load_not_music(folder, tmp_path / "cache")
    with pytest.raises(CorpusError, match="which is none"):
        load_not_music(folder / "nowhere", tmp_path / "cache")


@pytest.mark.parametrize(("count", "shares"), [(10, [7, 1, 2]), (200, [140, 20, 40])])
def test_groups_are_dealt_the_same_everywhere_and_every_part_gets_some(count: int, shares: list[int]) -> None:
    groups = {f"speaker {i}" for i in range(count)}
    parts = deal(groups)
    assert [list(parts.values()).count(part) for part in ("train", "valid", "test")] == shares
    assert parts == deal(set(reversed(sorted(groups))))


def test_no_recordings_are_none_of_any_kind() -> None:
    recordings = no_recordings()
    assert recordings.select("train", "speech", "ambience", "music") == []
    assert recordings.mel.shape == (0, 128) and recordings.chroma.shape == (0, 12)
