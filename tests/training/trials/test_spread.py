import math

import numpy as np
import pytest

from training.genre.trials.spread import mean_of, percentile, percentile_error, ratio_of, share_of


def test_the_error_of_a_mean_is_the_deviation_over_the_root_of_n():
    assert mean_of([1.0, 2.0, 3.0, 4.0]) == {"mean": 2.5, "se": round(math.sqrt(5 / 3) / 2, 4), "n": 4}


def test_one_value_has_no_error_and_none_has_no_mean():
    assert mean_of([0.5]) == {"mean": 0.5, "se": None, "n": 1}
    assert mean_of([]) == {"mean": None, "se": None, "n": 0}


def test_the_error_of_a_share_is_binomial():
    assert share_of([True] * 9 + [False]) == {"share": 0.9, "se": round(math.sqrt(0.09 / 10), 4), "n": 10}


@pytest.mark.parametrize(
    ("times", "q", "expected"),
    [
        ([4.0, 1.0, 2.0, 3.0], 0.5, 2.0),
        ([4.0, 1.0, 2.0, 3.0], 0.9, 4.0),
        ([1.0] * 9 + [math.inf], 0.9, 1.0),
        ([1.0] * 8 + [math.inf] * 2, 0.9, None),
        ([math.inf], 0.5, None),
        ([], 0.5, None),
        (list(range(1, 11)), 0.9, 9.0),
    ],
)
def test_what_never_came_counts_as_longest(times, q, expected):
    assert percentile(times, q) == expected


def test_the_error_of_a_median_is_the_known_one(rng):
    """Of n draws from a normal distribution it is sqrt(pi / 2 n) deviations (Kendall and Stuart)."""
    error = percentile_error(rng.normal(100.0, 10.0, 400), 0.5)
    assert error == pytest.approx(10.0 * math.sqrt(math.pi / 2 / 400), rel=0.3)
    assert percentile_error([math.inf, math.inf, 1.0], 0.5) is None


def test_the_error_of_a_ratio_is_found_by_simulation(rng):
    """Speakers talk for 2 to 20 s, each with a share of their own that passes for music."""

    def draw():
        seconds = rng.uniform(2.0, 20.0, 60)
        return ratio_of(seconds * rng.beta(1.0, 9.0, 60), seconds)

    drawn = [draw() for _ in range(400)]
    spread = np.std([figure["share"] for figure in drawn])
    assert np.mean([figure["share"] for figure in drawn]) == pytest.approx(0.1, abs=0.003)
    assert np.mean([figure["se"] for figure in drawn]) == pytest.approx(spread, rel=0.15)


def test_long_rows_weigh_more():
    assert ratio_of([0.0, 30.0], [10.0, 30.0])["share"] == 0.75
    assert ratio_of([], []) == {"share": None, "se": None, "n": 0}
