from pathlib import Path

import pytest

from tests.training.facefilter.miniature import write_manifest
from training.facefilter.corpus import NOISE, SPEECH, CorpusError, Recording, part_of, read_corpus, read_manifest


def parts_of_people(recordings: tuple[Recording, ...]) -> dict[str, set[str]]:
    parts: dict[str, set[str]] = {}
    for recording in recordings:
        parts.setdefault(recording.person, set()).add(recording.part)
    return parts


def test_a_person_is_in_one_part_only(corpus: tuple[Recording, ...]) -> None:
    parts = parts_of_people(corpus)
    assert all(len(part) == 1 for part in parts.values())
    assert len(parts) < len(corpus), "nobody has two recordings: nothing could be split"


def test_both_parts_hold_speech_and_noise_of_every_corpus(corpus: tuple[Recording, ...]) -> None:
    found = {(recording.corpus.split("/")[0], recording.kind, recording.part) for recording in corpus}
    for part in ("train", "valid"):
        assert {(name, "speech", part) for name in SPEECH} | {(name, "noise", part) for name in NOISE} <= found


def test_people_with_faces_are_split_as_the_manifest_says(corpus: tuple[Recording, ...]) -> None:
    with_faces = [recording for recording in corpus if recording.corpus == "facevoice"]
    assert [recording.part for recording in with_faces] == ["train"] * 7 + ["valid"] * 4
    assert with_faces[0].person == with_faces[1].person == "facevoice/yt_a"
    assert with_faces[0].face == "facevoice/face/train0.jpg" and with_faces[0].name == "train0"
    assert not any(recording.face for recording in corpus if recording.corpus != "facevoice")


def test_others_are_dealt_by_their_names_the_same_everywhere(corpus: tuple[Recording, ...]) -> None:
    for recording in corpus:
        if recording.corpus != "facevoice":
            assert recording.part == part_of(recording.person)
    dealt = [part_of(f"nobody/{i}") for i in range(2_000)]
    assert 150 < dealt.count("valid") < 250
    assert [i for i in range(40) if dealt[i] == "valid"] == [25, 29]


def test_files_of_one_source_of_noise_are_one_person(corpus: tuple[Recording, ...]) -> None:
    sources = {recording.person for recording in corpus if recording.corpus == "esc10"}
    assert len(sources) == 4 and sum(recording.corpus == "esc10" for recording in corpus) == 8


def test_noise_in_which_somebody_speaks_is_left_out(corpus: tuple[Recording, ...]) -> None:
    assert not any(recording.name == "speaking" for recording in corpus)


def test_a_sex_that_is_estimated_with_a_doubt_is_taken_where_none_is_given(corpus: tuple[Recording, ...]) -> None:
    assert {recording.sex for recording in corpus if recording.corpus == "voices/msc"} == {"f", "m"}


def test_the_files_are_where_they_are_said_to_be(corpus: tuple[Recording, ...], miniature: Path) -> None:
    for recording in corpus:
        assert (miniature / recording.path).is_file()
        assert not recording.face or (miniature / recording.face).is_file()


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"expected facevoice/manifest\.tsv in the data folder, got none"):
        read_corpus(tmp_path)


def test_a_manifest_is_read_row_by_row(tmp_path: Path) -> None:
    write_manifest(tmp_path, [{"file": "a.flac", "sex": ""}, {"file": "b.flac", "sex": "f"}])
    assert read_manifest(tmp_path) == [{"file": "a.flac", "sex": ""}, {"file": "b.flac", "sex": "f"}]


def test_of_the_real_recordings_nobody_is_in_two_parts(shared_data: Path) -> None:
    recordings = read_corpus(shared_data)
    assert all(len(part) == 1 for part in parts_of_people(recordings).values())
    assert len({recording.path for recording in recordings}) == len(recordings)
    held_out = {recording.person for recording in recordings if recording.face and recording.part == "valid"}
    assert len(held_out) > 80
