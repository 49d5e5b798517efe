from dataclasses import replace

import pytest

from training.genre.trials import calibration
from training.genre.trials.evidence import Evidence
from training.genre.trials.listening import Subject


def test_the_temperature_is_taken_back(subject: Subject, evidence: Evidence, short_clips: int) -> None:
    """Divided by two, the logits were twice as sure before."""
    figures = calibration.run(replace(subject, temperature=2.0), evidence)
    assert set(figures["after_s"]) == {"10", "30"}
    for entry in figures["after_s"].values():
        assert entry["calibrated"]["accuracy"] == entry["uncalibrated"]["accuracy"] == 1.0
        assert entry["uncalibrated"]["confidence"] > entry["calibrated"]["confidence"]
        assert entry["calibrated"]["ece"] == pytest.approx(1.0 - entry["calibrated"]["confidence"], abs=1e-4)


def test_without_a_temperature_there_is_no_figure_before_it(
    subject: Subject, evidence: Evidence, short_clips: int
) -> None:
    figures = calibration.run(subject, evidence)
    assert figures["temperature"] is None
    assert all(set(entry) == {"calibrated"} for entry in figures["after_s"].values())
