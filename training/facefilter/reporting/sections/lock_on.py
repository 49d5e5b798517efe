"""What lock-on does in a long conversation."""

from __future__ import annotations

from collections.abc import Iterator

from ....genre.reporting.markdown import ABSENT, table
from ..figures import decibels, pair_name, percents
from ..results import Content
from .separation import CONDITIONS


def lock_on_section(trial: Content) -> str:
    """Returns gains by time with and without it, and onto whom it locked."""
    windows = _windows(trial)
    return "\n\n".join(
        (
            f"{trial['conversations']} conversations of {trial['length_s']:g} s between two people who talk in pieces "
            "with pauses, sometimes at once, each heard towards either of them. People with a picture have one "
            "recording, so its pieces come again; those of speechocean762 say another sentence each time. Locks are "
            "for targets that are known by a face alone: a voice sample is better than what they could learn.",
            table(("told", "target and talker", "lock", *windows), list(_gains(trial)), words=3),
            _locks(trial),
        )
    )


def _windows(trial: Content) -> list[str]:
    some = next(found for conditions in trial["sets"].values() for found in conditions.values())
    return [f"SI-SDRi {window} s, dB" for window in next(iter(some.values()))["si_sdri"]["off"]]


def _gains(trial: Content) -> Iterator[tuple[str, ...]]:
    for corpus, conditions in trial["sets"].items():
        for name, groups in conditions.items():
            for pair, found in groups.items():
                told = f"{corpus}, {CONDITIONS[name]}"
                for how, gains in found["si_sdri"].items():
                    yield told, pair_name(pair), how, *(decibels(gain) for gain in gains.values())
                if "difference" in found:
                    yield told, pair_name(pair), "difference", *map(decibels, found["difference"].values())


def _locks(trial: Content) -> str:
    rows = [
        (
            pair_name(pair),
            percents(found["locked"]),
            ABSENT if found["first_lock_s"] is None else f"{found['first_lock_s']:.1f}",
            percents(found["onto_target"]),
            percents(found["onto_other"]),
            percents(found["helped"]),
            percents(found["harmed"]),
        )
        for conditions in trial["sets"].values()
        for groups in conditions.values()
        for pair, found in groups.items()
        if "locked" in found
    ]
    header = (
        "target and talker",
        "locked, %",
        "median time of the first lock, s",
        "onto the target, %",
        "onto the other, %",
        "helped (> 0.5 dB at the end), %",
        "harmed, %",
    )
    return table(header, rows)
