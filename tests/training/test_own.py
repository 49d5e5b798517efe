from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from training.genre.own import OwnLabels, call_all_music, load_own_labels, own_card

RATE = 8_000


def write(folder: Path, count: int, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for i in range(count):
        soundfile.write(folder / f"{i}.wav", rng.standard_normal(round(3.5 * RATE)) * 0.1, RATE)


@pytest.fixture
def own(tmp_path: Path) -> OwnLabels:
    """Two labels of six and twelve files."""
    write(tmp_path / "music" / "polka", 6, 0)
    write(tmp_path / "music" / "yodel", 12, 1)
    return load_own_labels(tmp_path / "music", tmp_path / "cache")


def test_the_card_counts_what_was_trained_on_and_tested_on(own: OwnLabels) -> None:
    card = own_card(own, {"accuracy": 1.0})
    assert card["labels"] == ["polka", "yodel"] and card["figures"] == {"accuracy": 1.0}
    assert card["data"] == [
        "'polka': 4 clips of up to 30 s to train on, 1 to choose by, 1 to test on",
        "'yodel': 8 clips of up to 30 s to train on, 2 to choose by, 2 to test on",
        "In all 18 clips of 18 files or artists of the owner's",
    ]
    assert "Fewer than ten test clips stand behind the figures of 'polka', 'yodel'." in card["limits"]


def test_the_card_says_when_nothing_was_learned_about_what_is_not_music(own: OwnLabels, tmp_path: Path) -> None:
    assert not own.knows_music
    assert any("Music or not was not learned" in limit for limit in own_card(own, {})["limits"])

    write(tmp_path / "others", 10, 2)
    knowing = load_own_labels(tmp_path / "music", tmp_path / "cache", tmp_path / "others")
    assert knowing.knows_music
    card = own_card(knowing, {})
    assert not any("Music or not" in limit for limit in card["limits"])
    assert card["data"][-1] == "What is not music: 10 recordings of the owner's"


def test_a_network_that_was_shown_only_music_calls_everything_music() -> None:
    layer = torch.nn.Linear(5, 1)
    call_all_music(layer)
    assert layer(torch.randn(3, 5) * 100).tolist() == [[4.0]] * 3
