from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from models.genre import GenreNet
from tests.training.ten_tones import Measured
from training.genre.fit import FitSettings, Point, fit
from training.genre.score import accuracy, clip_probs

SETTINGS = FitSettings(epochs=5, batch=16, save_every=2)


class Cut(Exception):
    """The power went off."""


def new_net(measured: Measured) -> GenreNet:
    torch.manual_seed(0)
    return measured.corpus.new_net(SETTINGS.dropout)


def train(measured: Measured, path: Path, settings: FitSettings = SETTINGS, seed: int = 7, **watch: object) -> GenreNet:
    """Trains a network on every clip; its curve is put on it."""
    net, corpus = new_net(measured), measured.corpus
    net.curve = fit(net, measured.readings, np.arange(40), corpus.labels, settings, seed, path, **watch)
    return net


def test_a_run_that_was_cut_ends_like_one_that_was_not(measured: Measured, tmp_path: Path) -> None:
    looks = 0

    def cut(net: GenreNet) -> float:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise Cut
        return 0.5

    whole = train(measured, tmp_path / "whole.pt")
    with pytest.raises(Cut):
        train(measured, tmp_path / "cut.pt", watch=cut)
    assert len(torch.load(tmp_path / "cut.pt", weights_only=True)["curve"]) == 2
    torch.manual_seed(99)
    resumed = train(measured, tmp_path / "cut.pt")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert [point.loss for point in resumed.curve] == [point.loss for point in whole.curve]


def test_a_finished_run_is_read_back(measured: Measured, tmp_path: Path) -> None:
    def forbidden(net: GenreNet) -> float:
        raise AssertionError("nothing is trained, so there is nothing to look at")

    once = train(measured, tmp_path / "run.pt", watch=lambda net: 0.25)
    again = train(measured, tmp_path / "run.pt", watch=forbidden)
    assert again.curve == once.curve
    assert [point.epoch for point in once.curve] == [1, 2, 3, 4, 5]
    assert {point.valid_accuracy for point in once.curve} == {0.25}
    assert not again.training
    for name, value in once.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_watching_decides_nothing(measured: Measured, tmp_path: Path) -> None:
    settings = FitSettings(**{**asdict(SETTINGS), "epochs": 2})
    alone = train(measured, tmp_path / "alone.pt", settings)

    def watch(net: GenreNet) -> float:
        assert not net.training
        torch.rand(10)
        return accuracy(clip_probs(net, measured.readings, np.arange(40))[:, -1], measured.corpus.labels)

    watched = train(measured, tmp_path / "watched.pt", settings, watch=watch)
    assert torch.equal(alone.genre.weight, watched.genre.weight)


def test_the_seed_decides(measured: Measured, tmp_path: Path) -> None:
    settings = FitSettings(**{**asdict(SETTINGS), "epochs": 1})
    one, same, other = (
        train(measured, tmp_path / f"{i}.pt", settings, seed).genre.weight for i, seed in enumerate((1, 1, 2))
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_ten_tones_are_learned(measured: Measured, tmp_path: Path) -> None:
    """From three clips of each, told of the fourth."""
    held_out = np.arange(3, 40, 4)
    net, corpus = new_net(measured), measured.corpus
    before = accuracy(clip_probs(net.eval(), measured.readings, held_out)[:, -1], corpus.labels[held_out])
    learned = np.setdiff1d(np.arange(40), held_out)
    curve = fit(
        net, measured.readings, learned, corpus.labels, FitSettings(epochs=20, batch=10), 0, tmp_path / "run.pt"
    )
    after = accuracy(clip_probs(net, measured.readings, held_out)[:, -1], corpus.labels[held_out])
    assert before < 0.5 and after == 1.0
    assert curve[-1].loss < curve[0].loss - 0.5


def test_what_is_not_learned_stays_as_it_was(measured: Measured, tmp_path: Path) -> None:
    before = new_net(measured).state_dict()
    after = train(measured, tmp_path / "run.pt", FitSettings(epochs=1, batch=16)).state_dict()
    changed = {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"input", "norm", "lstm", "genre"}


def test_a_curve_is_a_point_an_epoch() -> None:
    assert asdict(Point(1, 2.0, None)) == {"epoch": 1, "loss": 2.0, "valid_accuracy": None}
