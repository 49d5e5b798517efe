import numpy as np
import pytest

from training.genre.batches import SETTLE_FRAMES
from training.genre.score import Tagged, clip_accuracy, clip_nll, clip_posterior, per_label


def tagged(first: int, then: int, change: int, frames: int = 343) -> Tagged:
    """One clip whose posterior is all on ``first`` until frame ``change`` and on ``then`` after it."""
    probs = np.zeros((1, frames, 10), dtype=np.float32)
    probs[:, :change, first] = 1.0
    probs[:, change:, then] = 1.0
    return Tagged(probs, np.ones((1, frames), dtype=np.float32))


def test_the_first_second_does_not_count() -> None:
    assert float(clip_posterior(tagged(0, 5, SETTLE_FRAMES - 1))[0, 5]) == 1.0


@pytest.mark.parametrize(("seconds", "accuracy"), [(1, 0.0), (3, 0.0), (10, 0.0), (30, 1.0)])
def test_accuracy_is_that_of_what_was_heard_so_far(seconds: float, accuracy: float) -> None:
    assert clip_accuracy(tagged(0, 5, 120), np.array([5]), seconds) == accuracy


def test_the_likelihood_is_that_of_the_mean_posterior() -> None:
    half = (343 + SETTLE_FRAMES - 1) // 2
    assert clip_nll(tagged(0, 5, half), np.array([5])) == pytest.approx(np.log(2), abs=0.01)


def test_rows_of_the_confusion_are_the_truth() -> None:
    matrix = per_label(tagged(0, 5, 0), np.array([2]))
    assert matrix[2][5] == 1 and sum(map(sum, matrix)) == 1
