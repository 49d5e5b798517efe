"""What a confidence is worth."""

from __future__ import annotations

from ....genre.reporting.markdown import percent, table
from ..figures import decibels, percents
from ..results import Content
from .separation import CONDITIONS


def calibration_section(trial: Content) -> str:
    """Returns what goes with confidence, and what a right and a wrong choice come to."""
    parts = [
        "Confidence, the probability that the one kept is the target, as reported over the last second of a mixture. "
        "Where it is low less shall be taken away, for a wrong choice costs about what a right one gains."
    ]
    parts += [_costs(trial), _bins(trial, "face"), _bins(trial, "both")]
    return "\n\n".join(part for part in parts if part)


def _costs(trial: Content) -> str:
    rows = [
        (
            CONDITIONS[name],
            percent(found["ece"]),
            "-" if found["rank_correlation"] is None else f"{found['rank_correlation']:.2f}",
            decibels(found["right"]["si_sdri"]),
            decibels(found["right"]["quieter_db"]),
            decibels(found["wrong"]["si_sdri"]),
            decibels(found["wrong"]["quieter_db"]),
        )
        for name, found in trial["conditions"].items()
    ]
    header = (
        "told",
        "calibration error, %",
        "rank correlation of confidence and SI-SDRi",
        "SI-SDRi when right, dB",
        "quieter when right, dB",
        "SI-SDRi when wrong, dB",
        "quieter when wrong, dB",
    )
    return table(header, rows)


def _bins(trial: Content, name: str) -> str:
    found = trial["conditions"].get(name)
    if not found:
        return ""
    rows = [
        (
            f"{entry['confidence']:.3f}",
            percents(entry["accuracy"]),
            decibels(entry["si_sdri"]),
            decibels(entry["quieter_db"]),
            f"{entry['accuracy']['n']:,}",
        )
        for entry in found["bins"]
    ]
    header = (f"mean confidence, told: {CONDITIONS[name]}", "accuracy, %", "SI-SDRi, dB", "quieter, dB", "n")
    return table(header, rows)
