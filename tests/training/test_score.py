import numpy as np
import pytest
import torch

from training.genre.batches import SETTLE_FRAMES
from training.genre.corpus import Corpus
from training.genre.score import Tagged, carried_accuracy, clip_accuracy, clip_nll, clip_posterior, per_label


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


class Remembering(torch.nn.Module):
    """Says what it heard first, as long as its state is carried; hears a genre as its loudest band."""

    def init_state(self, batch_size: int) -> torch.Tensor:
        return torch.zeros(batch_size, 10)

    def tag(self, mel: torch.Tensor, chroma: torch.Tensor, state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        genre = mel[:, :1, :110].unflatten(-1, (10, 11)).mean(-1).argmax(-1)
        log_probs = torch.nn.functional.one_hot(genre, 10).float().mul(20).log_softmax(-1)
        return log_probs.expand(-1, mel.shape[1], -1), torch.zeros(mel.shape[:2]), state


def test_carried_accuracy_falls_for_a_network_that_cannot_forget(gtzan: Corpus) -> None:
    gtzan.mel[:] = gtzan.mel.mean(axis=1, keepdims=True)
    clips = np.arange(40)
    assert carried_accuracy(Remembering(), gtzan, clips[:1]) == 1.0
    assert carried_accuracy(Remembering(), gtzan, clips) < 0.3
