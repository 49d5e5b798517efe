import numpy as np
import pytest

from training.genre.papers.division import Division
from training.genre.papers.score import Items, by_clip
from training.genre.papers.segments import Segments
from training.genre.papers.splits import Parts

# Three clips, the second heard three times: it is named wrongly twice, but surely rightly once.
PROBS = np.array([[0.9, 0.1], [0.6, 0.4], [0.6, 0.4], [0.1, 0.9], [0.2, 0.8]], dtype=np.float32)
LABELS = np.array([0, 1, 1, 1, 0])
CLIPS = np.array([4, 5, 5, 5, 9])


def division(unit: str) -> Division:
    segments = Segments(np.zeros((5, 1, 128), np.uint8), CLIPS, LABELS)
    nothing = np.array([], dtype=np.int64)
    return Division(segments, Parts(nothing, nothing, np.arange(5)), ("blues", "rock"), unit)


def test_a_clip_has_the_mean_posterior_of_its_segments() -> None:
    clips, names = by_clip(Items(PROBS, LABELS), CLIPS)
    np.testing.assert_allclose(clips.probs, [[0.9, 0.1], [1.3 / 3, 1.7 / 3], [0.2, 0.8]], atol=1e-6)
    assert clips.labels.tolist() == [0, 1, 0]
    assert names.tolist() == [4, 5, 9]


def test_the_order_of_segments_does_not_matter() -> None:
    order = np.array([3, 0, 4, 2, 1])
    shuffled, names = by_clip(Items(PROBS[order], LABELS[order]), CLIPS[order])
    expected, expected_names = by_clip(Items(PROBS, LABELS), CLIPS)
    np.testing.assert_allclose(shuffled.probs, expected.probs, atol=1e-6)
    assert np.array_equal(shuffled.labels, expected.labels) and np.array_equal(names, expected_names)


def test_rows_of_the_confusion_are_the_truth() -> None:
    assert Items(PROBS, LABELS).confusion() == [[1, 1], [2, 1]]


def test_clips_and_segments_are_scored_each_as_what_they_are() -> None:
    by_clips, by_segments = division("clip").score(PROBS), division("segment").score(PROBS)
    assert (by_clips["unit"], by_clips["n"], by_clips["accuracy"]) == ("clip", 3, pytest.approx(2 / 3))
    assert (by_segments["unit"], by_segments["n"], by_segments["accuracy"]) == ("segment", 5, pytest.approx(2 / 5))
    assert by_clips["by_segment"] == by_segments["by_segment"] == {"n": 5, "accuracy": pytest.approx(2 / 5)}
    assert by_clips["confusion"] == [[1, 1], [0, 1]]


def test_a_node_is_scored_on_its_own_genres_alone() -> None:
    # Rock is branch 0 of the node, blues belongs to another: clip 5 alone counts.
    scored = division("clip").score_branches(PROBS, np.array([-1, 0]))
    assert (scored["n"], scored["accuracy"]) == (1, 0.0)
    assert scored["by_segment"] == {"n": 3, "accuracy": pytest.approx(2 / 3)}
