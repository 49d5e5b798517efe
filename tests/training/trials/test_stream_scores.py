import math

import numpy as np
import pytest

from training.genre.trials.stream_scores import changes, changes_a_minute, share_right, time_to_right

HOP_S = 0.5


def labels(*runs: tuple[int, int]) -> np.ndarray:
    """``(label, frames)`` after ``(label, frames)``."""
    return np.concatenate([np.full(frames, label) for label, frames in runs])


def test_the_time_to_the_right_label_ends_with_its_first_frame():
    assert time_to_right(labels((2, 4), (-1, 3), (5, 1), (2, 9)), 5, HOP_S) == 4.0


def test_a_label_that_is_right_already_takes_a_frame():
    assert time_to_right(labels((5, 3)), 5, HOP_S) == HOP_S


def test_a_label_that_never_comes_takes_for_ever():
    assert time_to_right(labels((2, 10), (-1, 10)), 5, HOP_S) == math.inf


def test_losing_a_label_and_finding_it_again_are_two_changes():
    assert changes(labels((1, 5), (-1, 2), (1, 5), (3, 1))) == 3
    assert changes(labels((1, 5))) == 0
    assert changes(np.empty(0, dtype=int)) == 0


def test_changes_are_counted_by_the_minute_of_settled_time():
    """Two minutes between frames, of which each piece loses five seconds and the one change in them."""
    piece = labels((1, 8), (2, 92), (3, 31))
    assert changes_a_minute([piece], HOP_S) == pytest.approx(1.0)
    assert changes_a_minute([piece, piece], HOP_S) == pytest.approx(1.0)
    assert changes_a_minute([labels((1, 131))] * 3 + [piece], HOP_S) == pytest.approx(0.25)


def test_a_change_at_the_border_of_two_pieces_is_none():
    assert changes_a_minute([labels((1, 60)), labels((2, 60))], HOP_S) == 0.0


def test_pieces_that_are_too_short_say_nothing():
    assert changes_a_minute([labels((1, 5), (2, 5))], HOP_S) == 0.0


def test_no_label_is_not_right():
    assert share_right(labels((1, 2), (-1, 1), (2, 1)), labels((1, 4))) == 0.5
