"""How far somebody else is turned down while the target says nothing."""

from __future__ import annotations

from ....genre.reporting.markdown import table
from ..figures import decibels, pair_name, percents
from ..results import Content

PASSAGES = {"alone": "from the start of the stream", "after_target": "after three seconds of the target"}
CONDITIONS = {"face": "face", "voice": "voice sample", "both": "face and voice sample"}
PAIRS = ("opposite", "same", "all")


def absent_section(trial: Content) -> str:
    """Returns the suppression of passages of a second or more."""
    rows = [
        (
            f"{text}, {CONDITIONS[name]}",
            pair_name(pair),
            decibels(found[pair]["suppressed_db"], 1),
            decibels(found[pair]["after_onset_db"], 1),
            percents(found[pair]["reached_15_db"]),
            f"{found[pair]['suppressed_db']['n']}",
        )
        for kind, text in PASSAGES.items()
        for name, found in trial[kind].items()
        for pair in PAIRS
        if pair in found
    ]
    header = (
        "somebody else alone",
        "target and talker",
        "suppression, dB",
        f"without the first {trial['onset_s']:g} s",
        "15 dB or more, % of passages",
        "passages",
    )
    return (
        "Energy of the passage in the output below that in the input. Goal: 15 dB on average in opposite sexes.\n\n"
        + table(header, rows, words=2)
    )
