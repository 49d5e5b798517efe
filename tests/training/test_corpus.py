from pathlib import Path

import numpy as np
import pytest

from training.genre.corpus import SPLITS, Corpus, fold_of_tracks, load_gtzan, load_split


def test_folds_hold_every_genre_evenly(gtzan: Corpus) -> None:
    folds = fold_of_tracks(gtzan, 4, seed=0)
    for fold in range(4):
        assert np.bincount(gtzan.labels[folds == fold], minlength=10).tolist() == [1] * 10


def test_folds_depend_on_the_seed_alone(gtzan: Corpus) -> None:
    assert np.array_equal(fold_of_tracks(gtzan, 4, seed=0), fold_of_tracks(gtzan, 4, seed=0))
    assert not np.array_equal(fold_of_tracks(gtzan, 4, seed=0), fold_of_tracks(gtzan, 4, seed=1))


def test_an_unknown_clip_is_refused(gtzan: Corpus) -> None:
    with pytest.raises(KeyError, match=r"jazz\.99999"):
        gtzan.index(["jazz.99999"])


def test_a_missing_corpus_says_how_to_name_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="TECTUM_DATA"):
        load_gtzan(tmp_path)


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected one of train, valid, test, got 'dev'"):
        load_split(tmp_path, "dev")


def test_the_filtered_parts_are_disjoint_and_known(shared_data: Path) -> None:
    gtzan = load_gtzan(shared_data)
    parts = [set(gtzan.index(load_split(shared_data, name)).tolist()) for name in SPLITS]
    assert [len(part) for part in parts] == [443, 197, 290]
    assert len(set.union(*parts)) == 930


def test_gtzan_is_a_thousand_clips_of_ten_genres_in_alphabetical_order(shared_data: Path) -> None:
    gtzan = load_gtzan(shared_data)
    assert gtzan.mel.shape == (1_000, 344, 128) and gtzan.chroma.shape == (1_000, 344, 12)
    assert gtzan.label_names == tuple(sorted(gtzan.label_names))
    assert np.bincount(gtzan.labels).tolist() == [100] * 10
    assert all(
        gtzan.label_names[label] == name.split(".")[0] for label, name in zip(gtzan.labels, gtzan.ids, strict=True)
    )
    assert gtzan.groups == gtzan.ids
