from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.facefilter.papers.fit import Fitted, Point, Recipe, fit
from training.facefilter.papers.mixing import Mixtures, draw_training
from training.facefilter.papers.rows import ROW_NAMES, ROWS
from training.facefilter.papers.talkers import Talkers

RECIPE = Recipe(width=6, steps=6, batch_size=2, num_embedded=1, point_steps=2)


class Cut(Exception):
    """The power went off."""


@pytest.fixture(scope="module")
def held_out(valid: Talkers) -> Mixtures:
    return draw_training(valid, 4, 5, 0)


def embed(magnitude: torch.Tensor) -> torch.Tensor:
    """Stands for the voice encoder: the mean spectrum."""
    return magnitude.mean(1)


def assert_same(one: Fitted, other: Fitted) -> None:
    assert [point[:3] for point in one.curve] == [point[:3] for point in other.curve]
    for name, value in one.net.state_dict().items():
        assert torch.equal(value, other.net.state_dict()[name]), name


@pytest.mark.parametrize("name", ROW_NAMES)
def test_a_run_that_was_cut_ends_like_one_that_was_not(
    name: str, train: Talkers, held_out: Mixtures, tmp_path: Path
) -> None:
    def cut(step: int, point: Point | None) -> None:
        if step == 3:
            raise Cut

    row = ROWS[name]
    whole = fit(row, RECIPE, train, held_out, embed, tmp_path / "whole")
    with pytest.raises(Cut):
        fit(row, RECIPE, train, held_out, embed, tmp_path / "cut", cut)
    steps: list[int] = []
    resumed = fit(row, RECIPE, train, held_out, embed, tmp_path / "cut", lambda step, point: steps.append(step))
    assert steps == [3, 4, 5, 6]
    assert_same(resumed, whole)


def test_a_finished_run_is_not_trained_again(train: Talkers, held_out: Mixtures, tmp_path: Path) -> None:
    first = fit(ROWS["attention"], RECIPE, train, held_out, None, tmp_path)
    steps: list[int] = []
    again = fit(ROWS["attention"], RECIPE, train, held_out, None, tmp_path, lambda step, point: steps.append(step))
    assert_same(again, first)
    assert not steps
    assert again.seconds == first.seconds > 0


def test_a_run_of_another_recipe_is_not_gone_on_with(train: Talkers, held_out: Mixtures, tmp_path: Path) -> None:
    short = replace(RECIPE, steps=1)
    fit(ROWS["audio_only"], short, train, held_out, None, tmp_path)
    with pytest.raises(ValueError, match="got one of other settings"):
        fit(ROWS["audio_only"], replace(short, width=9), train, held_out, None, tmp_path)
    longer = fit(ROWS["audio_only"], replace(short, steps=2), train, held_out, None, tmp_path)
    assert [point.step for point in longer.curve] == [1, 2]


def test_the_rate_is_constant_and_falls_to_nothing_in_the_last_quarter() -> None:
    rates = [replace(RECIPE, steps=8, rate=1.0).rate_at(step) for step in range(9)]
    np.testing.assert_allclose(rates, [1, 1, 1, 1, 1, 1, 1, 0.5, 0])


def test_a_run_can_be_made_longer_before_its_rate_falls() -> None:
    short, long = replace(RECIPE, steps=100), replace(RECIPE, steps=200)
    assert [short.rate_at(step) for step in range(75)] == [long.rate_at(step) for step in range(75)]


def test_faces_teach_whom_to_keep(train: Talkers, held_out: Mixtures, tmp_path: Path) -> None:
    recipe = Recipe(width=12, steps=60, batch_size=4, rate=3e-3, point_steps=20)
    curve = fit(ROWS["audio_visual"], recipe, train, held_out, None, tmp_path).curve
    assert [point.step for point in curve] == [20, 40, 60]
    assert curve[-1].loss < 0.7 * curve[0].loss
    assert curve[-1].held_out < 0.7 * curve[0].held_out


def test_the_speaker_loss_needs_a_voice_encoder(train: Talkers, held_out: Mixtures, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a voice encoder for the speaker representation loss"):
        fit(ROWS["srl"], RECIPE, train, held_out, None, tmp_path)


def test_the_speaker_loss_is_added_to_the_row_that_has_it(train: Talkers, held_out: Mixtures, tmp_path: Path) -> None:
    first = {
        name: fit(ROWS[name], replace(RECIPE, steps=1), train, held_out, embed, tmp_path / name).curve[0].loss
        for name in ("attention", "srl")
    }
    assert first["srl"] > first["attention"] + 0.01
