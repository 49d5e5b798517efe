from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.reporting.made_up import new_run, write
from training.genre.reporting.pictures.confusion import row_shares
from training.genre.reporting.pictures.gallery import GALLERY, draw_picture, draw_pictures
from training.genre.reporting.pictures.timeline import spells
from training.genre.reporting.results import Results, read_results


@pytest.mark.parametrize("name", GALLERY)
def test_a_picture_shows_something_and_is_small(everything: Results, name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert draw_picture(name, everything, tmp_path)
    assert path.stat().st_size <= 80_000
    with Image.open(path) as picture:
        assert 600 <= picture.width <= 1300 and 300 <= picture.height <= 2000
        grey = np.asarray(picture.convert("L"))
    assert 0.01 < (grey < 128).mean() < 0.6


def test_a_picture_of_results_that_are_gone_goes_too(tmp_path: Path) -> None:
    (tmp_path / "timeline.webp").write_bytes(b"of an older report")
    (tmp_path / "mine.webp").write_bytes(b"of somebody else")
    assert draw_pictures(Results(), tmp_path) == frozenset()
    assert [path.name for path in tmp_path.iterdir()] == ["mine.webp"]


def test_a_network_of_two_genres_can_be_drawn(tmp_path: Path) -> None:
    run = {**new_run(), "labels": ["polka", "waltz"], "confusion": [[3, 1], [0, 0]], "n": 4}
    write(tmp_path / "results", "shipped/filtered/seed0", run)
    drawn = draw_pictures(read_results(tmp_path / "results"), tmp_path)
    assert drawn == {"accuracy.webp", "confusion.webp", "learning_curves.webp"}


def test_rows_of_the_confusion_are_shares_of_the_truth_over_all_seeds(tmp_path: Path) -> None:
    for seed, confusion in enumerate(([[3, 1], [0, 0]], [[0, 4], [0, 0]])):
        write(tmp_path, f"cnn/filtered/seed{seed}", {**new_run(), "labels": ["a", "b"], "confusion": confusion})
    shares = row_shares(read_results(tmp_path).of("cnn", "filtered"))
    np.testing.assert_array_equal(shares, [[0.375, 0.625], [0.0, 0.0]])


def test_spells_are_stretches_of_one_label() -> None:
    assert list(spells([2, 2, -1, 0, 1, 1])) == [(0, 2, 2), (3, 4, 0), (4, 6, 1)]
    assert list(spells([])) == []
