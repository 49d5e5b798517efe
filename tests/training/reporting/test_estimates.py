import math

import pytest

from training.genre.reporting.estimates import estimate


def test_several_runs_have_the_error_of_their_mean() -> None:
    measured = estimate([0.6, 0.7, 0.8], items=290)
    assert measured.mean == pytest.approx(0.7)
    assert measured.error == pytest.approx(0.1 / math.sqrt(3))
    assert str(measured) == "70.0 ± 5.8 (3)"


def test_a_single_run_has_the_binomial_error_and_says_so() -> None:
    measured = estimate([0.65], items=290)
    assert measured.error == pytest.approx(math.sqrt(0.65 * 0.35 / 290))
    assert str(measured) == "65.0 ± 2.8 (1†)"


def test_nothing_has_no_mean() -> None:
    with pytest.raises(ValueError, match="at least one"):
        estimate([], items=290)
