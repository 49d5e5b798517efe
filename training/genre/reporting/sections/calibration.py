"""What a confidence is worth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..estimates import estimate
from ..figures import spread
from ..markdown import percent, picture, table
from ..results import SHIPPED, Results

STATES = {"calibrated": "as shipped", "uncalibrated": "before temperature"}


def calibration_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns the errors of the seeds and of the artifact, and the reliability diagram."""
    trial = results.trials.get("calibration")
    parts = [_seeds(results), _artifact(trial) if trial else ""]
    if not any(parts):
        return ""
    return "\n\n".join((*parts, picture("reliability.webp", "Accuracy against confidence", drawn)))


def _seeds(results: Results) -> str:
    after, before = _mean(results, "ece"), _mean(results, "ece_uncalibrated")
    if not after:
        return ""
    text = f"Expected calibration error on the test clips, mean over seeds: {after} %"
    return f"{text}; {before} % before temperature." if before else f"{text}."


def _mean(results: Results, name: str) -> str:
    errors = [error for run in results.of(SHIPPED, "filtered") if (error := run.extra(name)) is not None]
    if len(errors) < 2:  # The error of a single one is no share of items, so nothing says how far it may be off.
        return "".join(f"{percent(error)} (1)" for error in errors)
    return str(estimate(errors, items=0))


def _artifact(trial: Mapping[str, Any]) -> str:
    rows = [
        (
            f"{seconds} s, {text}",
            spread(judged["ece"], judged["ece_se"], 100.0, 1),
            percent(judged["ece_if_calibrated"]),
            percent(judged["confidence"]),
            percent(judged["accuracy"]),
            f"{judged['nll']:.3f}",
        )
        for seconds, entry in trial["after_s"].items()
        for state, text in STATES.items()
        if (judged := entry.get(state))
    ]
    temperature = trial.get("temperature")
    return "\n\n".join(
        (
            f"The artifact on {trial['clips']} test clips: expected calibration error in 15 bins of equal width, with "
            "its standard error by the bootstrap over clips. Among so few clips a perfect confidence has an error "
            "above zero too, in the next column."
            + (f" Temperature, fitted on valid: {temperature:.3f}." if temperature else ""),
            table(("after", "ECE, %", "ECE if perfect, %", "mean confidence, %", "accuracy, %", "log loss"), rows),
        )
    )
