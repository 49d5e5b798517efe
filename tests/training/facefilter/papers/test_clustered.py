import numpy as np
import pytest

from training.facefilter.papers.clustered import estimate

RNG = np.random.default_rng(0)


def everybody_different(count: int) -> np.ndarray:
    return np.arange(2 * count).reshape(count, 2)


def test_of_independent_mixtures_the_error_is_the_usual_one() -> None:
    values = RNG.standard_normal(50)
    mean, error = estimate(values, everybody_different(50))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / 50**0.5)


def test_repeating_every_mixture_adds_nothing_to_what_is_known() -> None:
    values, people = RNG.standard_normal(20), everybody_different(20)
    repeated = estimate(np.repeat(values, 9), np.repeat(people, 9, axis=0))
    assert repeated.error == pytest.approx(estimate(values, people).error)


@pytest.mark.parametrize("column", [0, 1], ids=["target", "interferer"])
def test_people_who_return_make_the_error_larger(column: int) -> None:
    luck = np.repeat(RNG.standard_normal(10), 10)
    people = everybody_different(100)
    people[:, column] = np.repeat(np.arange(1_000, 1_010), 10)
    assert estimate(luck, people).error > 2.0 * estimate(luck, everybody_different(100)).error


def test_the_error_covers_the_truth_as_often_as_it_should() -> None:
    covered = 0
    for _ in range(300):
        people = RNG.integers(40, size=(200, 2))
        good, bad = RNG.standard_normal(40), RNG.standard_normal(40)
        mean, error = estimate(good[people[:, 0]] + bad[people[:, 1]] + RNG.standard_normal(200), people)
        covered += abs(mean) < 1.96 * error
    assert 0.87 < covered / 300 < 0.98


def test_one_person_tells_nothing_about_others() -> None:
    assert np.isnan(estimate(np.array([1.0, 2.0]), np.array([[0, 1], [0, 2]])).error)
