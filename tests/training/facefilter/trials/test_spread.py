"""Means and their errors, where the same people return in many observations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from training.facefilter.trials.spread import clustered_error, mean_of, share_of


def draw_pairs(rng, people=30, mixtures=200):
    """Values of mixtures of two: something of either person, in whichever role, and something of its own."""
    effect = rng.normal(0.0, 1.0, people)
    pairs = np.array([rng.choice(people, 2, replace=False) for _ in range(mixtures)])
    return effect[pairs].sum(1) + rng.normal(0.0, 1.0, mixtures), pairs


def test_the_error_of_mixtures_that_share_people_is_found_by_simulation(rng):
    drawn = [draw_pairs(rng) for _ in range(200)]
    spread = np.std([values.mean() for values, _ in drawn])
    errors = [clustered_error(values, pairs) for values, pairs in drawn]
    assert np.mean(errors) == pytest.approx(spread, rel=0.2)
    independent = np.mean([values.std() / math.sqrt(len(values)) for values, _ in drawn])
    assert independent < 0.5 * spread, "an error that ignores who is in a mixture would be far too small"


def test_the_error_of_one_person_an_observation_is_that_of_the_persons(rng):
    """Ten observations each of thirty people are worth thirty when all of a person's are alike."""
    means = rng.normal(0.0, 1.0, 30)
    error = clustered_error(np.repeat(means, 10), np.repeat(np.arange(30), 10)[:, None])
    assert error == pytest.approx(means.std(ddof=1) / math.sqrt(30))


def test_the_two_directions_of_a_mixture_are_one_observation(rng):
    """What is gained towards the one is lost towards the other: adding the turned rows leaves no doubt of the mean."""
    values = rng.normal(0.0, 1.0, 50)
    people = np.arange(100).reshape(50, 2)
    both = clustered_error(np.concatenate([values, values]), np.concatenate([people, people[:, ::-1]]))
    assert both == pytest.approx(clustered_error(values, people), rel=0.01)


def test_an_error_is_never_below_that_of_independent_observations():
    values = np.array([1.0, -1.0, 1.0, -1.0])
    people = np.array([[0, 1], [0, 1], [2, 3], [2, 3]])
    assert clustered_error(values, people) >= values.std() / math.sqrt(4)


def test_what_was_not_to_be_had_is_left_out():
    figure = mean_of([1.0, float("nan"), 3.0], [0, 1, 2])
    assert (figure["mean"], figure["n"], figure["people"]) == (2.0, 2, 2)


def test_nothing_is_no_figure_and_one_person_has_no_error():
    assert mean_of([], []) == {"mean": None, "se": None, "n": 0, "people": 0}
    assert share_of([True, False], [0, 0]) == {"share": 0.5, "se": None, "n": 2, "people": 1}
