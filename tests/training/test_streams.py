from dataclasses import replace

import numpy as np
import pytest
import torch

from models.genre import TICK_FRAMES, GenreNet
from models.music_statistics import NUM_STATISTICS
from tests.training.ten_tones import Measured
from training.genre.corpus import Corpus
from training.genre.not_music import no_recordings
from training.genre.recordings import Recordings
from training.genre.streams import FRAMES, NUM_TICKS, StreamMaker, Streams, _label

LEARNED = np.arange(0, 40, 2)


def labels_of(change: int, before: bool, after: bool) -> tuple[list[float], list[float]]:
    """Labels of one stream that changes at frame ``change`` from music or not to music or not."""
    second = np.arange(FRAMES) >= change
    is_music, changed = _label(np.where(second, after, before)[None], second[None])
    return is_music.tolist(), changed.tolist()


def make(gtzan: Corpus, recordings: Recordings, net: GenreNet, part: str = "train", seed: int = 0) -> Streams:
    return StreamMaker(gtzan, LEARNED, recordings, part).make(net, 8, seed)


def test_a_stream_that_goes_on_has_no_change_once_there_is_enough() -> None:
    is_music, changed = labels_of(FRAMES, before=True, after=False)
    assert is_music == [1.0] * NUM_TICKS
    assert changed == [-1.0] * 5 + [0.0] * (NUM_TICKS - 5)


def test_two_ticks_of_another_programme_are_a_change() -> None:
    """At the beginning of tick 8: ticks 7 and 8 hold both, 8 and 9 the new one, and from 10 on it is also older."""
    is_music, changed = labels_of(8 * TICK_FRAMES, before=True, after=False)
    assert is_music == [1.0] * 8 + [-1.0] + [0.0] * (NUM_TICKS - 9)
    assert changed == [-1.0] * 5 + [0.0] * 3 + [-1.0, 1.0] + [-1.0] * (NUM_TICKS - 10)


def test_a_change_early_in_a_tick_is_one_with_the_next() -> None:
    """Frames 3 to 11 of tick 8 are new: with tick 9 that is 20 of 22. Tick 10 is not alone against the old one."""
    is_music, changed = labels_of(8 * TICK_FRAMES + 2, before=False, after=True)
    assert is_music[7:11] == [0.0, -1.0, -1.0, 1.0]
    assert changed[7:11] == [0.0, -1.0, 1.0, -1.0]


def test_a_change_late_in_a_tick_is_one_with_the_next() -> None:
    """The last frame of tick 8 is new: 12 of the 22 of ticks 8 and 9 are too few, and after it tick 8 is older."""
    _, changed = labels_of(9 * TICK_FRAMES - 1, before=True, after=True)
    assert changed[7:12] == [0.0, -1.0, -1.0, -1.0, -1.0]


def test_music_after_other_music_is_music_throughout() -> None:
    is_music, changed = labels_of(8 * TICK_FRAMES, before=True, after=True)
    assert is_music == [1.0] * NUM_TICKS
    assert changed[9] == 1.0


def test_rows_are_labelled_apart() -> None:
    second = np.arange(FRAMES)[None] >= np.array([[FRAMES], [8 * TICK_FRAMES]])
    is_music, changed = _label(~second, second)
    assert is_music.shape == changed.shape == (2 * NUM_TICKS,)
    assert changed[:NUM_TICKS].max() == 0.0 and changed[NUM_TICKS:].max() == 1.0


def test_streams_hold_music_and_the_rest_and_changes(measured: Measured, recordings: Recordings) -> None:
    streams = make(measured.corpus, recordings, measured.net)
    assert streams.passage.shape == streams.older.shape == (8 * NUM_TICKS, NUM_STATISTICS)
    for labels in (streams.is_music, streams.changed):
        assert labels.shape == (8 * NUM_TICKS,)
        assert set(labels.tolist()) == {-1.0, 0.0, 1.0}
    passage, older = streams.draw(torch.tensor([5, 30]))
    assert passage.shape == older.shape == (2, NUM_STATISTICS)
    assert float(passage.abs().max()) <= 6.0 + 1e-6


def test_the_seed_alone_decides(measured: Measured, recordings: Recordings) -> None:
    one, same, other = (make(measured.corpus, recordings, measured.net, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one.passage, same.passage) and torch.equal(one.changed, same.changed)
    assert not torch.equal(one.passage, other.passage)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_what_is_in_another_part_is_never_heard(measured: Measured, recordings: Recordings, part: str) -> None:
    mel, clips = recordings.mel.copy(), measured.corpus.mel.copy()
    for i, item in enumerate(recordings.items):
        if item.part != part:
            mel[recordings.starts[i] : recordings.starts[i + 1]] = 0
    clips[np.setdiff1d(np.arange(40), LEARNED)] = 0
    expected = make(measured.corpus, recordings, measured.net, part)
    got = make(replace(measured.corpus, mel=clips), replace(recordings, mel=mel), measured.net, part)
    assert torch.equal(got.passage, expected.passage) and torch.equal(got.older, expected.older)


def test_without_recordings_all_is_music(measured: Measured) -> None:
    streams = make(measured.corpus, no_recordings(), measured.net)
    assert set(streams.is_music.tolist()) == {1.0}
    assert 1.0 in streams.changed.tolist(), "one clip after another is a change all the same"
