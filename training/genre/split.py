"""Train, valid and test of a corpus that comes without a split of its own.

Invariant: no group is in two parts, and every label is in all three.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .corpus import Corpus, CorpusError

SHARES = (0.70, 0.15, 0.15)


class Split(NamedTuple):
    """Positions of the clips of each part, ascending."""

    train: NDArray[np.int64]
    valid: NDArray[np.int64]
    test: NDArray[np.int64]


def split_corpus(corpus: Corpus, seed: int) -> Split:
    """Deals the groups of every label to train (70 % of its clips), valid (15 %) and test (15 %), as near as can be.

    Args:
        corpus: Its groups each have one label.
        seed: Decides among groups of a size.

    Raises:
        CorpusError: A label has fewer than three groups.
    """
    rng = np.random.default_rng(seed)
    part = np.empty(len(corpus.ids), dtype=np.int64)
    _, group_of = np.unique(corpus.groups, return_inverse=True)
    for label, name in enumerate(corpus.label_names):
        clips = np.flatnonzero(corpus.labels == label)
        groups, index, sizes = np.unique(group_of[clips], return_inverse=True, return_counts=True)
        if len(groups) < len(SHARES):
            raise CorpusError(f"expected at least {len(SHARES)} groups a label; {name!r} has {len(groups)}")
        part[clips] = _deal(sizes, rng)[index]
    return Split(*(np.flatnonzero(part == number) for number in range(len(SHARES))))


def _deal(sizes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Returns the part of each of G groups: from the largest to the smallest, each to the part that lacks most.

    The last groups go to parts that have none yet.
    """
    parts = np.empty(len(sizes), dtype=np.int64)
    lacks = np.array(SHARES) * sizes.sum() + 1e-6 * rng.random(len(SHARES))  # so that valid and test tie fairly
    empty = np.ones(len(SHARES), dtype=bool)
    shuffled = rng.permutation(len(sizes))
    order = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    for dealt, group in enumerate(order):
        scarce = len(sizes) - dealt <= empty.sum()
        choice = int(np.where(empty | (not scarce), lacks, -np.inf).argmax())
        parts[group] = choice
        lacks[choice] -= sizes[group]
        empty[choice] = False
    return parts
