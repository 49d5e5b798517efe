from pathlib import Path

import pytest
import soundfile

from training.genre.recordings import Recording
from training.genre.trials.evidence import Evidence
from training.genre.trials.listening import Subject, num_frames
from training.genre.trials.non_music import (
    FIRST_FRAME,
    Span,
    called_music,
    hear_files,
    hear_silence,
    missed_music,
    not_called_music,
)


def test_the_first_frame_that_counts_ends_after_two_seconds() -> None:
    assert (2_048 + 1_920 * FIRST_FRAME) / 22_050 > 2.0 >= (2_048 + 1_920 * (FIRST_FRAME - 1)) / 22_050


def test_time_and_recordings_are_counted_apart() -> None:
    """A long recording without music and a short one that is all music to the tagger."""
    figures = called_music([Span("a", "test", 300, 0), Span("b", "test", 100, 100)])
    assert figures["time"]["share"] == 0.25
    assert figures["mostly"]["share"] == 0.5
    assert figures["recordings"] == 2
    assert figures["seconds"] == pytest.approx(400 * 1_920 / 22_050, abs=0.1)


def test_a_speaker_counts_once_however_much_is_said() -> None:
    spans = [Span(speaker, "test", 100, hit) for speaker, hit in (("a", 100), ("b", 0), ("c", 0))]
    once, often = called_music(spans), called_music([span for span in spans for _ in range(9)])
    assert often["time"] == once["time"]
    assert often["mostly"]["n"] == 27


def test_missed_music_is_what_is_left() -> None:
    spans = [Span("a", "valid", 200, 150), Span("b", "valid", 200, 40)]
    assert not_called_music(spans)["time"]["share"] == pytest.approx(1 - called_music(spans)["time"]["share"])
    assert not_called_music(spans)["mostly"]["share"] == 0.5


def test_no_recordings_give_no_figure() -> None:
    assert called_music([])["time"]["share"] is None


def test_silence_is_no_music_even_to_who_takes_all_sound_for_it(subject: Subject) -> None:
    spans = hear_silence(subject)
    assert set(spans) == {"zeros", "dither_16bit", "noise_-90dbfs", "noise_-80dbfs", "noise_-70dbfs"}
    assert {span.frames for span in spans.values()} == {num_frames(60 * 22_050) - FIRST_FRAME}
    assert all(span.music == 0 for name, span in spans.items() if name in ("zeros", "dither_16bit"))


def test_files_are_heard_after_their_second_second(subject: Subject, evidence: Evidence, rng) -> None:
    """To this tagger all sound is music; a recording of two seconds or less is left out."""
    items = []
    for seconds in (1.9, 4.0):
        name = f"{seconds}.wav"
        soundfile.write(evidence.data / name, 0.1 * rng.standard_normal(round(16_000 * seconds)), 16_000)
        items.append(Recording(name, "speech", name, "test"))
    (span,) = hear_files(subject, evidence, items, "noise")
    assert span == Span("4.0.wav", "test", num_frames(4 * 22_050) - FIRST_FRAME, span.frames)


def test_music_that_is_missed_is_told_apart_by_where_it_came_from(subject: Subject, evidence: Evidence, rng) -> None:
    """The valid clip's audio is silent, the train clip's must not count, and the bands are loud."""
    folder = evidence.data / "gtzan_audio"
    folder.mkdir()
    rows = ["file\tgenre\tid\tkind"]
    for name, kind, level in (("blues.00003", "clip30s", 0.0), ("blues.00000", "clip30s", 0.1)):
        soundfile.write(folder / f"{name}.wav", level * rng.standard_normal(24_000 * 4), 24_000)
        rows.append(f"{name}.wav\tblues\t{name}\t{kind}")
    _write_lines(folder / "manifest.tsv", rows)
    figures = missed_music(subject, evidence)
    assert figures["gtzan_audio_clip30s"]["recordings"] == 1
    assert figures["gtzan_audio_clip30s"]["time"]["share"] == 1.0
    assert figures["gtzan_audio_excerpt"]["recordings"] == 0
    assert figures["gtzan_bands"]["recordings"] == 10
    assert figures["gtzan_bands"]["time"]["share"] == 0.0


def _write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
