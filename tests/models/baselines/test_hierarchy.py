import pytest
import torch

from models.baselines.hierarchy import TREE, multiply, new_node, route

LABELS = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae", "rock")


def sure(label: str, certainty: float = 1.0) -> list[torch.Tensor]:
    """Posteriors ``[1, branches]`` of nodes that point at ``label``; nodes off its path are even."""
    probs = []
    for node in TREE:
        count, branch = len(node.branches), node.branch_of(label)
        row = torch.full((1, count), 1.0 / count)
        if branch >= 0:
            row[:] = (1.0 - certainty) / (count - 1)
            row[0, branch] = certainty
        probs.append(row)
    return probs


def random_posteriors(count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.rand(count, len(node.branches), generator=generator).log().softmax(-1) for node in TREE]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("combine", [multiply, route])
def test_nodes_that_are_sure_lead_to_their_genre(combine, label: str) -> None:
    expected = torch.zeros(1, len(LABELS))
    expected[0, LABELS.index(label)] = 1.0
    torch.testing.assert_close(combine(sure(label), LABELS), expected)


@pytest.mark.parametrize("combine", [multiply, route])
def test_probabilities_sum_to_one(combine) -> None:
    torch.testing.assert_close(combine(random_posteriors(50), LABELS).sum(-1), torch.ones(50))


def test_a_genre_has_the_product_of_its_branches() -> None:
    # 0.9 each at LSTM1, LSTM2b and LSTM3d.
    assert float(multiply(sure("jazz", 0.9), LABELS)[0, LABELS.index("jazz")]) == pytest.approx(0.9**3)


def test_routing_follows_the_likelier_branch_where_the_product_is_higher_elsewhere() -> None:
    probs = sure("pop")
    probs[0][:] = torch.tensor([0.4, 0.6])  # light by a little,
    probs[2][:] = torch.tensor([0.5, 0.5])  # and then nobody knows which:
    assert LABELS[int(multiply(probs, LABELS).argmax())] == "pop"  # 0.4 against at most 0.6 * 0.5 * 0.5
    assert LABELS[int(route(probs, LABELS).argmax())] in ("disco", "country")


def test_the_order_of_the_labels_is_the_callers() -> None:
    probs = random_posteriors(3)
    reverse = multiply(probs, LABELS[::-1])
    assert torch.equal(reverse.flip(-1), multiply(probs, LABELS))


def test_every_genre_has_one_path_of_three_nodes() -> None:
    for label in LABELS:
        assert sum(node.branch_of(label) >= 0 for node in TREE) == 3


@pytest.mark.parametrize("node", TREE, ids=lambda node: node.name)
def test_a_node_has_an_output_for_each_branch(node) -> None:
    assert new_node(node).eval()(torch.zeros(2, 11, 128)).shape == (2, len(node.branches))
