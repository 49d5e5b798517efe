from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.genre.papers.fit import Fitted, Point, Task, fit, predict
from training.genre.papers.recipes import Recipe
from training.genre.papers.segments import Segments


class Cut(Exception):
    """The power went off."""


@pytest.fixture
def task(segments: Segments) -> Task:
    """Learns from the first thirty clips; the other ten decide when to stop."""
    return Task(segments, segments.labels, np.arange(120), np.arange(120, 160))


def run(task: Task, recipe: Recipe, folder: Path, watch=lambda point: None) -> Fitted:
    torch.manual_seed(0)
    return fit(recipe.build(10, 6), task, recipe, seed=3, folder=folder, watch=watch)


def assert_same(one: Fitted, other: Fitted) -> None:
    assert one.curve == other.curve
    for name, value in one.net.state_dict().items():
        assert torch.equal(value, other.net.state_dict()[name]), name


def test_ten_tones_are_learned(task: Task, recipe: Recipe, tmp_path: Path) -> None:
    fitted = run(task, recipe, tmp_path)
    assert (predict(fitted.net, task.segments, task.valid).argmax(1) == task.targets[task.valid]).mean() > 0.9
    assert fitted.curve[-1].loss < fitted.curve[0].loss


def test_a_run_that_was_cut_ends_like_one_that_was_not(task: Task, recipe: Recipe, tmp_path: Path) -> None:
    def cut(point: Point) -> None:
        if point.epoch == 2:
            raise Cut

    whole = run(task, recipe, tmp_path / "whole")
    with pytest.raises(Cut):
        run(task, recipe, tmp_path / "cut", cut)
    watched: list[Point] = []
    resumed = run(task, recipe, tmp_path / "cut", watched.append)
    assert watched[0].epoch == 3
    assert_same(resumed, whole)


def test_a_finished_run_is_not_trained_again(task: Task, recipe: Recipe, tmp_path: Path) -> None:
    first = run(task, recipe, tmp_path)
    watched: list[Point] = []
    assert_same(run(task, recipe, tmp_path, watched.append), first)
    assert not watched


def test_the_rate_falls_linearly_to_nothing(
    task: Task, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[float] = []
    step = torch.optim.Adam.step

    def recorded(optimizer: torch.optim.Adam, *args, **kwargs):
        rates.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *args, **kwargs)

    monkeypatch.setattr(torch.optim.Adam, "step", recorded)
    run(task, replace(recipe, epochs=2, batch_size=40), tmp_path)
    np.testing.assert_allclose(rates, recipe.rate * np.array([6, 5, 4, 3, 2, 1]) / 6)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, task: Task) -> Iterator[list[float]]:
    """Accuracies on valid, one an epoch, whatever the network says."""
    accuracies: list[float] = []

    def predicted(net, segments, indices):
        right = int(accuracies.pop(0) * len(indices))
        labels = (task.targets[indices] + (np.arange(len(indices)) >= right)) % 10
        return np.eye(10, dtype=np.float32)[labels]

    monkeypatch.setattr("training.genre.papers.fit.predict", predicted)
    yield accuracies


def test_training_stops_when_valid_gets_no_better(
    task: Task, recipe: Recipe, tmp_path: Path, scripted: list[float]
) -> None:
    scripted += [0.25, 0.5, 0.5, 0.25, 0.75]
    fitted = run(task, replace(recipe, epochs=5, patience=2), tmp_path)
    assert [point.valid_accuracy for point in fitted.curve] == [0.25, 0.5, 0.5, 0.25]


def test_the_best_weights_are_kept_not_the_last(
    task: Task, recipe: Recipe, tmp_path: Path, scripted: list[float]
) -> None:
    scripted += [0.25, 0.75, 0.5, 0.25, 0.5]
    whole = run(task, recipe, tmp_path / "whole")
    scripted += [0.25, 0.75]

    def cut(point: Point) -> None:
        if point.epoch == 2:
            raise Cut

    with pytest.raises(Cut):
        run(task, recipe, tmp_path / "cut", cut)
    second = torch.load(tmp_path / "cut" / "checkpoint.pt", weights_only=True)["net"]
    assert all(torch.equal(value, second[name]) for name, value in whole.net.state_dict().items())


def test_the_standardisation_is_of_the_training_part(task: Task, recipe: Recipe, tmp_path: Path) -> None:
    fitted = run(task, replace(recipe, epochs=1), tmp_path)
    expected = fitted.net.front.features(task.segments.decibels(task.train)).flatten(0, 1).mean(0)
    torch.testing.assert_close(fitted.net.front.standardise.mean, expected)
