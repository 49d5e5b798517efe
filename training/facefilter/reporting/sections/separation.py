"""Two people at once: what is gained, and how often it is the right one who is kept."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

from ....genre.reporting.markdown import table
from ..figures import PAIRS, decibels, pair_name, percents
from ..published import UNSEEN
from ..results import Content

CONDITIONS = {
    "face": "face",
    "voice": "voice sample",
    "both": "face and voice sample",
    "no_target": "no target",
    "face_of_other": "wrong face: the other talker's",
    "face_of_stranger": "wrong face: a stranger of the other talker's sex",
    "voice_against_face": "voice sample, and the other talker's face",
}


def separation_section(trial: Content) -> str:
    """Returns gains and accuracy by condition and by pair of sexes."""
    counted = ", ".join(f"{count} {sex}" for sex, count in trial["recordings_by_sex"].items())
    missing = trial["no_face_found"]
    parts = (
        f"{len(trial['seeds'])} seeds of {trial['mixtures_a_seed']} mixtures each (controls: one seed) at 0 dB of "
        f"{trial['people']} people ({trial['recordings']} recordings: {counted}), 1 s or longer, each judged towards "
        "either of its talkers."
        + (f" In {missing} pictures no face was found: the middle of the picture was taken." if missing else ""),
        "SI-SDRi, dB:",
        by_pair(trial, "si_sdri", decibels),
        "SDRi (BSS Eval), dB:",
        by_pair(trial, "sdri", decibels, paper=[f"{UNSEEN[pair].sdri:.2f}" for pair in UNSEEN]),
        "Accuracy, %:",
        by_pair(trial, "accuracy", percents, paper=[f"{100 * UNSEEN[pair].accuracy:.1f}" for pair in UNSEEN]),
        "How much quieter the output is than the mixture, dB:",
        by_pair(trial, "quieter_db", decibels),
        _wrong_face(trial["conditions"]),
        _seeds(trial["by_seed"]),
    )
    return "\n\n".join(part for part in parts if part)


def by_pair(
    trial: Content, measure: str, show: Callable[[Mapping[str, Any] | None], str], paper: list[str] | None = None
) -> str:
    """Returns a row for each condition that has the measure, a column for each pair of sexes."""
    conditions = trial["conditions"]
    shown = [pair for pair in PAIRS if any(pair in found for found in conditions.values())]
    rows = [
        (text, *(show(conditions[name].get(pair, {}).get(measure)) for pair in shown))
        for name, text in CONDITIONS.items()
        if name in conditions and any(found[measure]["n"] for found in conditions[name].values())
    ]
    if paper:
        said = dict(zip(UNSEEN, paper, strict=True))
        rows.append(("the paper's network, on VoxCeleb2", *(said.get(pair, "-") for pair in shown)))
    return table(("told", *map(pair_name, shown)), rows)


def _wrong_face(conditions: Content) -> str:
    found = {name: conditions.get(name, {}).get("opposite") for name in ("face_of_other", "face_of_stranger")}
    if not all(found.values()):
        return ""
    chose = [f"{100 * (1 - one['accuracy']['share']):.1f} %" for one in found.values() if one]
    return (
        "With a wrong face the other talker shall be kept in 80 % or more of opposite-sex mixtures: "
        f"{chose[0]} with the other talker's face (the face's own outputs, judged the other way round), {chose[1]} "
        "with a stranger's."
    )


def _seeds(by_seed: Content) -> str:
    rows = []
    for name, text in CONDITIONS.items():
        for pair in ("opposite", "all"):
            gains = [seed[pair]["si_sdri"] for seed in by_seed.get(name, ()) if seed[pair]["si_sdri"] is not None]
            if len(gains) > 1:
                rows.append((f"{text}, {pair_name(pair)}", *(f"{gain:.2f}" for gain in gains), _deviation(gains)))
    if not rows:
        return ""
    count = len(rows[0]) - 2
    header = ("SI-SDRi by seed, dB", *(f"seed {i}" for i in range(count)), "deviation")
    return table(header, [row for row in rows if len(row) == count + 2])


def _deviation(values: list[float]) -> str:
    return f"{statistics.stdev(values):.2f}"
