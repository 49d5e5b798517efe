"""Streams that go wrong for a moment, or change for good."""

from __future__ import annotations

from ....genre.reporting.markdown import table
from ..figures import decibels, percents
from ..results import Content

DAMAGES = {
    "nan": "a second of NaN",
    "infinity": "a second of infinity",
    "silence": "a second of silence",
    "clipping": "a second 26 dB too loud, clipped",
    "full_scale_square": "a second of a square wave at full scale",
    "dc": "a second of DC, half of full scale",
    "dc_for_good": "DC from here on",
    "20_db_louder": "20 dB louder from here on",
    "20_db_softer": "20 dB softer from here on",
}


def robustness_section(trial: Content) -> str:
    """Returns what is left of the damage a second later."""
    rows = [
        (
            DAMAGES.get(name, name),
            percents(found["finite"]),
            percents(found["finite_after"]),
            decibels(found["si_sdr_change_db"]),
            decibels(found["level_change_db"]),
        )
        for name, found in trial["damages"].items()
    ]
    header = (
        "what happens",
        "outputs all finite, %",
        "finite after recovery, %",
        "SI-SDR against unharmed, dB",
        "level against unharmed, dB",
    )
    return (
        f"{trial['streams']} conversations, face and voice given, against themselves unharmed, from "
        f"{trial['recovery_s']:g} s after the damage (or after its beginning, where it stays), means taken out. The "
        "service lets neither NaN nor infinity through (in a file they become silence, a client's are refused); here "
        "the separator is given them as they are.\n\n" + table(header, rows)
    )
