"""Paper 000, figure 9: ten genres told apart by seven LSTMs in a tree of three levels.

Each node is the network of figure 7 with its own outputs, trained on the music of its own genres alone. The paper
does not say how their words become one. Both usual ways are here, and are one formula: a genre's probability is the
product of those of the branches that lead to it (soft), and following the likelier branch at each node (hard) is the
same product once every node puts all of its weight on one branch.

Invariant: a genre has one path, so either way the probabilities of all genres sum to one.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .lstm import MfccLstm

Branch = tuple[str, ...]


class Node(NamedTuple):
    """One decision of the tree.

    Attributes:
        name: As the paper calls it.
        branches: The genres below each output, in the order of the outputs.
    """

    name: str
    branches: tuple[Branch, ...]

    def branch_of(self, label: str) -> int:
        """Returns the output that leads to ``label``, or -1 where the node is not on its path."""
        return next((i for i, branch in enumerate(self.branches) if label in branch), -1)


TREE = (
    Node("LSTM1", (("hiphop", "metal", "pop", "rock", "reggae"), ("jazz", "disco", "country", "classical", "blues"))),
    Node("LSTM2a", (("hiphop", "metal", "rock"), ("pop", "reggae"))),
    Node("LSTM2b", (("disco", "country"), ("jazz", "classical", "blues"))),
    Node("LSTM3a", (("hiphop",), ("metal",), ("rock",))),
    Node("LSTM3b", (("pop",), ("reggae",))),
    Node("LSTM3c", (("disco",), ("country",))),
    Node("LSTM3d", (("jazz",), ("classical",), ("blues",))),
)
"""From the root down."""


def multiply(node_probs: list[Tensor], labels: tuple[str, ...]) -> Tensor:
    """Returns the product of the branches that lead to each genre.

    Args:
        node_probs: For each node of ``TREE``, ``[N, branches]``, rows that sum to one.
        labels: The L genres, in the order of the result.

    Returns:
        ``[N, L]``, rows that sum to one.
    """
    probs = torch.ones(len(node_probs[0]), len(labels))
    for node, branch_probs in zip(TREE, node_probs, strict=True):
        for i, label in enumerate(labels):
            branch = node.branch_of(label)
            if branch >= 0:
                probs[:, i] *= branch_probs[:, branch]
    return probs


def route(node_probs: list[Tensor], labels: tuple[str, ...]) -> Tensor:
    """Returns 1 for the genre at the end of the likelier branches and 0 for the others; see ``multiply``."""
    decided = [functional.one_hot(probs.argmax(-1), probs.size(-1)).to(probs.dtype) for probs in node_probs]
    return multiply(decided, labels)


def new_node(node: Node) -> MfccLstm:
    """Returns the untrained network of a node."""
    return MfccLstm(len(node.branches))
