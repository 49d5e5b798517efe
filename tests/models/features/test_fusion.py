import pytest
import torch

from models.features.fusion import fused_distances, majority_vote

DISTANCES = torch.tensor([[1.0, 2.0, 3.0], [30.0, 20.0, 10.0]])
SCALES = torch.tensor([2.0, 20.0])


def test_a_feature_alone_decides_by_its_own_distances() -> None:
    fused = fused_distances(DISTANCES, torch.tensor([0.0, 3.0]), SCALES)
    torch.testing.assert_close(fused, DISTANCES[1] / 20)


def test_weights_decide_between_features_that_disagree() -> None:
    assert int(fused_distances(DISTANCES, torch.tensor([0.9, 0.1]), SCALES).argmin()) == 0
    assert int(fused_distances(DISTANCES, torch.tensor([0.1, 0.9]), SCALES).argmin()) == 2


def test_the_unit_of_a_distance_changes_nothing() -> None:
    units = torch.tensor([1_000.0, 0.01])
    weights = torch.tensor([0.6, 0.4])
    scaled = fused_distances(DISTANCES * units[:, None], weights, SCALES * units)
    torch.testing.assert_close(scaled, fused_distances(DISTANCES, weights, SCALES))


def test_many_items_are_fused_at_once() -> None:
    items = torch.rand(4, 5, 2, 3, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.3, 0.7])
    fused = fused_distances(items, weights, SCALES)
    assert fused.shape == (4, 5, 3)
    torch.testing.assert_close(fused[2, 3], fused_distances(items[2, 3], weights, SCALES))


@pytest.mark.parametrize(
    ("weights", "scales", "message"),
    [
        ([1.0], [1.0, 1.0], "expected weights and scales of shape"),
        ([1.0, -1.0], [1.0, 1.0], "expected weights of at least 0"),
        ([0.0, 0.0], [1.0, 1.0], "not all 0"),
        ([1.0, 1.0], [1.0, 0.0], "expected scales above 0"),
    ],
)
def test_weights_and_scales_that_make_no_sense_are_refused(
    weights: list[float], scales: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        fused_distances(DISTANCES, torch.tensor(weights), torch.tensor(scales))


def test_most_votes_win_against_one_that_is_sure() -> None:
    scores = torch.tensor([[0.0, 0.0, 1.0], [0.4, 0.3, 0.3], [0.4, 0.3, 0.3]])
    assert int(majority_vote(scores)) == 0
    assert int(scores.sum(0).argmax()) == 2, "the sum alone would say otherwise"


def test_a_tie_goes_to_the_greater_sum_among_those_that_tie() -> None:
    scores = torch.tensor([[0.5, 0.0, 0.45], [0.0, 0.6, 0.55]])
    assert int(majority_vote(scores)) == 1
    assert int(scores.sum(0).argmax()) == 2, "which nobody voted for"


def test_votes_of_many_items_are_counted_at_once_and_in_any_order() -> None:
    scores = torch.rand(6, 7, 5, 4, generator=torch.Generator().manual_seed(1))
    winners = majority_vote(scores)
    assert winners.shape == (6, 7)
    assert torch.equal(majority_vote(scores.flip(2)), winners)
    assert int(majority_vote(scores[3, 4])) == int(winners[3, 4])
