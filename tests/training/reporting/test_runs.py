from typing import Any

import pytest
from pydantic import ValidationError

from tests.training.reporting.made_up import hierarchy_extra, new_run
from training.genre.reporting.runs import CURVE_POINTS, Run


def parsed(**changes: Any) -> Run:
    named = {"network": "lstm", "protocol": "filtered", "run": "seed0"}
    return Run.model_validate({**named, **new_run(), **changes})


def test_condensing_keeps_the_ends_of_the_curve() -> None:
    curve = parsed().condensed().curve
    assert len(curve.epoch) == CURVE_POINTS
    assert (curve.epoch[0], curve.epoch[-1]) == (1, 30)


def test_condensing_twice_changes_nothing_more() -> None:
    once = parsed(**hierarchy_extra(1 / 3, 290)).condensed()
    assert once.condensed() == once


def test_a_run_reads_back_as_it_was_written() -> None:
    once = parsed(**hierarchy_extra(1 / 3, 290)).condensed()
    assert Run.model_validate_json(once.model_dump_json()) == once


def test_curves_of_parts_are_left_out_and_their_figures_kept() -> None:
    node = parsed(**hierarchy_extra(1 / 3, 290)).condensed().extra("nodes")["LSTM2a"]
    assert node == {"n": 290, "accuracy": 0.72, "by_segment": {"n": 8700, "accuracy": 0.2833}}


def test_an_epoch_without_validation_stays_without() -> None:
    curve = [{"epoch": 1, "loss": 2.0, "valid_accuracy": None}, {"epoch": 2, "loss": 1.0, "valid_accuracy": 0.5}]
    assert parsed(curve=curve).condensed().curve.valid_accuracy == (None, 0.5)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"accuracy": 61.0}, "less than or equal to 1"),
        ({"protocol": "leave-one-out"}, "'segments', 'tracks' or 'filtered'"),
        ({"labels": ["jazz", "rock"]}, "each of 2 labels"),
        ({"curve": {"epoch": [1, 2], "loss": [1.0], "valid_accuracy": [None]}}, "one length"),
        ({"curve": [{"epoch": 1}]}, "loss"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        parsed(**changes)
