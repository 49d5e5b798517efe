from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.genre.corpus import Corpus, CorpusError
from training.genre.split import split_corpus


def corpus_of(sizes: Sequence[Sequence[int]]) -> Corpus:
    """A corpus without bands: of each label, groups of these numbers of clips."""
    labels = [label for label, groups in enumerate(sizes) for size in groups for _ in range(size)]
    groups = [
        f"{label}/{i}" for label, of_label in enumerate(sizes) for i, size in enumerate(of_label) for _ in range(size)
    ]
    nothing = np.zeros((len(labels), 0, 0), np.uint8)
    names = tuple(f"label {label}" for label in range(len(sizes)))
    return Corpus(
        mel=nothing,
        chroma=nothing,
        frames=np.zeros(len(labels), np.int64),
        ids=tuple(f"{group}#{i}" for i, group in enumerate(groups)),
        labels=np.array(labels),
        label_names=names,
        groups=tuple(groups),
        bins=None,
        mel_filters=None,
        chroma_filters=None,
    )


SIZES = st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=12), min_size=1, max_size=4)


@given(SIZES, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_no_group_is_in_two_parts_and_every_label_is_in_all(sizes: list[list[int]], seed: int) -> None:
    corpus = corpus_of(sizes)
    parts = split_corpus(corpus, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(corpus.ids)))
    groups = [{corpus.groups[i] for i in part} for part in parts]
    assert sum(map(len, groups)) == len(set(corpus.groups))
    assert all(set(corpus.labels[part]) == set(range(len(sizes))) for part in parts)


def test_the_parts_have_their_shares_of_every_label() -> None:
    corpus = corpus_of([[1] * 100, [2] * 30, [40, *[1] * 60]])
    for label in range(3):
        counts = [int((corpus.labels[part] == label).sum()) for part in split_corpus(corpus, 3)]
        assert np.array(counts) / sum(counts) == pytest.approx([0.70, 0.15, 0.15], abs=0.035)


def test_the_split_depends_on_the_seed_alone() -> None:
    corpus = corpus_of([[1] * 20, [1] * 20])
    one, same, other = (split_corpus(corpus, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))
    assert not np.array_equal(one.train, other.train)


def test_the_groups_of_one_label_do_not_move_those_of_another() -> None:
    before, after = (split_corpus(corpus_of([[1] * 9, [1] * last]), 0) for last in (9, 20))
    assert before.test[before.test < 9].tolist() == after.test[after.test < 9].tolist()


def test_a_label_of_two_groups_is_refused() -> None:
    with pytest.raises(CorpusError, match="at least 3 groups a label; 'label 1' has 2"):
        split_corpus(corpus_of([[1] * 9, [5, 5]]), 0)
