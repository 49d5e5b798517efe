from pathlib import Path

import numpy as np
import pytest

from training.genre.corpus import Corpus, load_gtzan
from training.genre.papers.segments import Segments, cut
from training.genre.papers.splits import Parts, by_segment, by_track, filtered


def assert_disjoint_and_whole(parts: Parts, count: int) -> None:
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))


@pytest.mark.parametrize(("test_tenths", "sizes"), [(1, (800, 100, 100)), (3, (600, 100, 300))])
@pytest.mark.parametrize("run", [0, 9])
def test_segments_are_dealt_in_the_papers_shares(test_tenths: int, sizes: tuple[int, int, int], run: int) -> None:
    parts = by_segment(1_000, test_tenths, run)
    assert tuple(map(len, parts)) == sizes
    assert_disjoint_and_whole(parts, 1_000)


def test_ten_folds_test_every_segment_once() -> None:
    tested = np.concatenate([by_segment(1_000, 1, run).test for run in range(10)])
    assert sorted(tested.tolist()) == list(range(1_000))


def test_divisions_of_paper_004_differ_and_repeat() -> None:
    first, again, other = (by_segment(1_000, 3, run).test for run in (0, 0, 1))
    assert np.array_equal(first, again)
    assert 50 < len(np.intersect1d(first, other)) < 150  # 90 by chance


def corpus_segments(gtzan: Corpus) -> Segments:
    return cut(gtzan.mel, gtzan.labels, 3, 343)


@pytest.mark.parametrize("run", [0, 5, 9])
def test_by_track_no_clip_is_on_two_sides(gtzan: Corpus, run: int) -> None:
    segments = corpus_segments(gtzan)
    parts = by_track(gtzan, segments, run)
    assert_disjoint_and_whole(parts, len(segments.labels))
    clips = [set(segments.clips[part]) for part in parts]
    assert not clips[0] & clips[1] and not clips[1] & clips[2] and not clips[0] & clips[2]


def test_by_track_every_clip_is_tested_once_and_stops_another_run_early(gtzan: Corpus) -> None:
    segments = corpus_segments(gtzan)
    runs = [by_track(gtzan, segments, run) for run in range(10)]
    tested = np.concatenate([parts.test for parts in runs])
    assert sorted(tested.tolist()) == list(range(len(segments.labels)))
    assert all(np.array_equal(parts.valid, runs[(i + 1) % 10].test) for i, parts in enumerate(runs))


def test_the_filtered_parts_are_all_segments_of_their_clips(shared_data: Path) -> None:
    gtzan = load_gtzan(shared_data)
    segments = cut(gtzan.mel, gtzan.labels, 3, 343)
    parts = filtered(gtzan, segments, shared_data)
    assert tuple(map(len, parts)) == (3 * 443, 3 * 197, 3 * 290)
    assert len(np.unique(np.concatenate(parts))) == 3 * 930
