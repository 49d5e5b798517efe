"""What happens to speech that should be left as it is."""

from __future__ import annotations

from ....genre.reporting.markdown import table
from ..figures import decibels, percents
from ..results import Content
from .separation import CONDITIONS


def alone_section(trial: Content) -> str:
    """Returns PESQ, STOI and level of the target alone against itself."""
    rows = [
        (
            CONDITIONS[name],
            decibels(found["pesq"]),
            percents(found["pesq_4_or_better"]),
            decibels(found["stoi"], 3),
            decibels(found["si_sdr"], 1),
            decibels(found["level_db"]),
            percents(found["level_within_1_db"]),
            f"{found['pesq']['n']}",
        )
        for name, found in trial["conditions"].items()
    ]
    header = ("told", "PESQ", "PESQ >= 4, %", "STOI", "SI-SDR, dB", "level, dB", "level within 1 dB, %", "files")
    return (
        "Speech of held-out people without anything to take away, against itself. Goals: PESQ (wide-band) 4.0, level "
        "within 1 dB. Some of the recordings have noise in them, and taking that out counts as harm here.\n\n"
        + table(header, rows)
    )
