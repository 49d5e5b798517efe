"""A file with two voices through the command."""

from __future__ import annotations

from ....genre.reporting.markdown import table
from ..figures import decibels
from ..results import Content
from .separation import CONDITIONS


def served_section(trial: Content) -> str:
    """Returns what ``tectum process`` gains, and whether its output is aligned."""
    rows = [
        (
            CONDITIONS[name],
            decibels(found["si_sdri"]),
            f"{found['si_sdri']['n']} of {trial['files']}",
            ", ".join(map(str, found["shift_samples"])) or "-",
        )
        for name, found in trial["conditions"].items()
    ]
    header = ("told", "SI-SDRi, dB", "files", "shift of the output, samples")
    refused = [
        f"- {CONDITIONS[name]}: {reason}"
        for name, reasons in trial["refused"].items()
        for reason in sorted(set(reasons))
    ]
    told = "\n\nRefused by the service:\n\n" + "\n".join(refused) if refused else ""
    nan = trial["nan"]
    if nan["finite"]:
        told += (
            "\n\nA file with a tenth of a second of NaN in it comes out finite, and from a second later on like the "
            f"unharmed one to {nan['si_sdr_against_unharmed']:g} dB."
        )
    return (
        f"`{trial['how']}` on {trial['files']} opposite-sex mixtures, compared sample by sample: alignment is part of "
        "the figure.\n\n" + table(header, rows) + told
    )
