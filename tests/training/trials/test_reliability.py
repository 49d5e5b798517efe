import numpy as np
import pytest

from training.genre.trials.calibration import error_if_calibrated, judged
from training.genre.trials.reliability import (
    Confidence,
    calibration_error,
    confidence_of,
    reliability,
    untempered,
)


def answers(*pairs: tuple[float, int]) -> Confidence:
    """``(confidence, right or not)`` of each answer."""
    stated, right = zip(*pairs, strict=True)
    return Confidence(np.array(stated), np.array(right, dtype=bool))


def test_an_answer_is_as_sure_as_its_highest_probability():
    probs = np.array([[0.2, 0.7, 0.1], [0.5, 0.1, 0.4]], dtype=np.float32)
    found = confidence_of(probs, np.array([1, 2]))
    assert found.stated == pytest.approx([0.7, 0.5])
    assert found.right.tolist() == [True, False]


def test_the_error_is_the_distance_of_accuracy_and_confidence():
    """0.9 sure and always right: 0.1 off; 0.5 sure and right once in four times: 0.25 off."""
    given = answers(*[(0.9, 1)] * 4, (0.5, 1), *[(0.5, 0)] * 3)
    assert reliability(given) == [
        {"confidence": 0.5, "accuracy": 0.25, "n": 4},
        {"confidence": 0.9, "accuracy": 1.0, "n": 4},
    ]
    assert calibration_error(given) == pytest.approx((0.1 * 4 + 0.25 * 4) / 8)


@pytest.mark.parametrize(("right", "error"), [(1, 0.0), (0, 1.0)])
def test_who_is_sure_has_no_error_or_nothing_else(right, error):
    assert calibration_error(answers((1.0, right), (1.0, right))) == error


def test_errors_in_one_bin_cancel_and_in_two_do_not():
    """Of fifteen bins 0.61 and 0.65 share one; 0.59 and 0.61 do not."""
    assert calibration_error(answers((0.61, 1), (0.65, 0))) == pytest.approx(0.13)
    assert calibration_error(answers((0.59, 1), (0.61, 0))) == pytest.approx((0.41 + 0.61) / 2)


def test_a_bin_is_closed_above():
    assert [entry["n"] for entry in reliability(answers((0.2, 1), (0.2, 1)))] == [2]
    assert [entry["n"] for entry in reliability(answers((0.2, 1), (0.2001, 1)))] == [1, 1]


def test_every_answer_is_in_one_bin(rng):
    drawn = rng.dirichlet(np.full(10, 0.4), 500).astype(np.float32)
    assert sum(entry["n"] for entry in reliability(confidence_of(drawn, rng.integers(0, 10, 500)))) == 500


def test_the_error_is_that_of_the_bins(rng):
    given = Confidence(rng.random(500), rng.random(500) < 0.5)
    by_bins = sum(entry["n"] * abs(entry["accuracy"] - entry["confidence"]) for entry in reliability(given)) / 500
    assert calibration_error(given) == pytest.approx(by_bins, abs=1e-4)


def test_a_temperature_can_be_taken_back(rng):
    logits = rng.normal(0.0, 3.0, (20, 7))

    def softmax(z):
        return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

    assert np.allclose(untempered(np.log(softmax(logits / 1.7)), 1.7), softmax(logits))


def test_what_is_calibrated_has_the_error_that_chance_leaves(rng):
    drawn = rng.dirichlet(np.full(10, 0.4), 290)
    truth = (rng.random((290, 1)) > drawn.cumsum(1)).sum(1)
    expected = error_if_calibrated(drawn.max(1), rng)
    assert 0.03 < expected < 0.09
    figures = judged(drawn, truth)
    assert figures["ece"] == pytest.approx(expected, abs=0.05)
    assert figures["confidence"] == pytest.approx(figures["accuracy"], abs=0.08)


def test_what_is_too_sure_has_more_error_than_chance(rng):
    drawn = rng.dirichlet(np.full(10, 0.4), 290)
    truth = (rng.random((290, 1)) > drawn.cumsum(1)).sum(1)
    sharp = drawn**3 / (drawn**3).sum(1, keepdims=True)
    figures = judged(sharp, truth)
    assert figures["ece"] > figures["ece_if_calibrated"] + 3 * figures["ece_se"]
