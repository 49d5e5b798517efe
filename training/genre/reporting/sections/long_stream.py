"""An hour of one stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures import in_percent, spread
from ..markdown import ABSENT, percent, picture, table
from ..results import Results

WAITS = {
    "time_to_right_s": ("a change of genre", "4 / 10"),
    "time_to_right_known_s": ("a change of genre, to music that it can name", ABSENT),
    "time_to_right_after_clip_s": ("a change of song within a genre", ABSENT),
    "time_to_right_after_known_clip_s": ("the same, to music that it can name", ABSENT),
}
SHARES = {
    "time_right": "right label, whole stream",
    "time_unnamed": "no label, whole stream",
    "accuracy_first_10min": "right label, first ten minutes",
    "accuracy_last_10min": "right label, last ten minutes",
    "last_minus_first": "last minus first, on the same clips",
}
STEADY = {
    "within_clip": "within a clip",
    "within_genre": "within a genre, changes of song included",
}


def long_stream_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns delays, flicker, endurance and the picture of one order."""
    trial = results.trials.get("long_stream")
    if trial is None:
        return ""
    return "\n\n".join(
        (
            "The test clips of one genre after another, ten genres, an hour in all, through network and verdict, the "
            f"state never reset from outside; {trial['orders']} orders, half of them the others backwards. A label "
            "that does not come before the music changes again counts as longer than any other.",
            picture("timeline.webp", "An hour of one stream: posterior, what plays, what is named", drawn),
            _waits(trial),
            _shares(trial),
            _steadiness(trial),
        )
    )


def _waits(trial: Mapping[str, Any]) -> str:
    rows = [
        (
            text,
            _percentile(waiting, "p50"),
            _percentile(waiting, "p90"),
            aim,
            ABSENT if waiting["never"] is None else percent(waiting["never"]),
            str(waiting["n"]),
        )
        for name, (text, aim) in WAITS.items()
        if (waiting := trial.get(name))
    ]
    return table(("seconds to the right label after", "p50", "p90", "aim", "never, %", "changes"), rows)


def _percentile(waiting: Mapping[str, Any], name: str) -> str:
    """Returns seconds, or ``never`` for a percentile among the changes after which the right label did not come."""
    return "never" if waiting[name] is None else spread(waiting[name], waiting[f"{name}_se"], digits=1)


def _shares(trial: Mapping[str, Any]) -> str:
    rows = [(text, in_percent(trial[name])) for name, text in SHARES.items() if name in trial]
    return table(("share of time", "%"), rows)


def _steadiness(trial: Mapping[str, Any]) -> str:
    means, errors = trial["changes_per_minute"], trial["changes_per_minute_se"]
    rows = [(text, spread(means[name], errors[name]), "0.5") for name, text in STEADY.items()]
    return table(("label changes a minute, first 5 s left out", "changes", "aim, at most"), rows)
