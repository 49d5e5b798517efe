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


def labels_of(change: int, before: bool, after: bool) -> list[float]:
    """Labels of one stream that changes at frame ``change`` from music or not to music or not."""
    labels: list[float] = _label(np.where(np.arange(FRAMES) < change, before, after)[None]).tolist()
    return labels


def make(gtzan: Corpus, recordings: Recordings, net: GenreNet, part: str = "train", seed: int = 0) -> Streams:
    return StreamMaker(gtzan, LEARNED, recordings, part).make(net, 8, seed)


@pytest.mark.parametrize(("is_music", "label"), [(True, 1.0), (False, 0.0)])
def test_a_stream_of_one_kind_has_one_label(is_music: bool, label: float) -> None:
    assert labels_of(FRAMES, is_music, not is_music) == [label] * NUM_TICKS


def test_two_ticks_that_hold_both_have_none() -> None:
    """At the beginning of tick 8: it and the tick before it hold both."""
    assert labels_of(8 * TICK_FRAMES, before=True, after=False) == [1.0] * 8 + [-1.0] + [0.0] * (NUM_TICKS - 9)


@pytest.mark.parametrize("frame", [1, TICK_FRAMES - 1])
def test_a_tick_that_holds_both_is_read_twice(frame: int) -> None:
    labels = labels_of(8 * TICK_FRAMES + frame, before=False, after=True)
    assert labels == [0.0] * 8 + [-1.0, -1.0] + [1.0] * (NUM_TICKS - 10)


def test_rows_are_labelled_apart() -> None:
    labels = _label(np.arange(FRAMES)[None] < np.array([[FRAMES], [0], [8 * TICK_FRAMES]])).reshape(3, NUM_TICKS)
    assert [set(row.tolist()) for row in labels] == [{1.0}, {0.0}, {-1.0, 0.0, 1.0}]


def test_streams_hold_music_and_the_rest(measured: Measured, recordings: Recordings) -> None:
    streams = make(measured.corpus, recordings, measured.net)
    assert streams.last.shape == (8 * NUM_TICKS, NUM_STATISTICS)
    assert streams.is_music.shape == (8 * NUM_TICKS,)
    assert set(streams.is_music.tolist()) == {-1.0, 0.0, 1.0}
    last = streams.draw(torch.tensor([5, 30]))
    assert last.shape == (2, NUM_STATISTICS)
    assert float(last.abs().max()) <= 6.0 + 1e-6


def test_the_seed_alone_decides(measured: Measured, recordings: Recordings) -> None:
    one, same, other = (make(measured.corpus, recordings, measured.net, seed=seed) for seed in (3, 3, 4))
    assert torch.equal(one.last, same.last) and torch.equal(one.is_music, same.is_music)
    assert not torch.equal(one.last, other.last)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_what_is_in_another_part_is_never_heard(measured: Measured, recordings: Recordings, part: str) -> None:
    mel, clips = recordings.mel.copy(), measured.corpus.mel.copy()
    for i, item in enumerate(recordings.items):
        if item.part != part:
            mel[recordings.starts[i] : recordings.starts[i + 1]] = 0
    clips[np.setdiff1d(np.arange(40), LEARNED)] = 0
    expected = make(measured.corpus, recordings, measured.net, part)
    got = make(replace(measured.corpus, mel=clips), replace(recordings, mel=mel), measured.net, part)
    assert torch.equal(got.last, expected.last)


def test_without_recordings_all_is_music(measured: Measured) -> None:
    streams = make(measured.corpus, no_recordings(), measured.net)
    assert set(streams.is_music.tolist()) == {1.0}
