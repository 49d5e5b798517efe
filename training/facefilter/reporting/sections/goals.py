"""What was to be reached, and what was.

Invariant: a goal that was not measured is shown as such, and a figure meets a goal by its mean alone, whatever its
error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ....genre.reporting.markdown import ABSENT, table
from ..figures import above, decibels, percents
from ..results import Content, Results

Figure = Mapping[str, Any]


class Goal(NamedTuple):
    """One figure that was asked for.

    Attributes:
        text: What it is.
        trial: Whose result it is in.
        find: Finds it there; KeyError or TypeError where it is not.
        at_least: In the figure's own unit: dB, or a share of 1.
        show: Writes it.
    """

    text: str
    trial: str
    find: Callable[[Content], Figure]
    at_least: float
    show: Callable[[Figure], str] = decibels


def _matched(pair: str) -> Callable[[Content], Figure]:
    return lambda trial: trial["face_voice"]["whole"]["pairs"][pair]["both_ways"]


def _separated(condition: str, pair: str, measure: str) -> Callable[[Content], Figure]:
    return lambda trial: trial["conditions"][condition][pair][measure]


def _other_kept(condition: str) -> Callable[[Content], Figure]:
    def find(trial: Content) -> Figure:
        kept = trial["conditions"][condition]["opposite"]["accuracy"]
        return {**kept, "share": 1.0 - kept["share"]}

    return find


def _absent(condition: str) -> Callable[[Content], Figure]:
    return lambda trial: trial["alone"][condition]["opposite"]["suppressed_db"]


def _alone(condition: str, measure: str) -> Callable[[Content], Figure]:
    return lambda trial: trial["conditions"][condition][measure]


def _over_rnnoise(condition: str, snr: str, measure: str) -> Callable[[Content], Figure]:
    return lambda trial: trial["snr_db"][snr]["all"][condition]["over_rnnoise"][measure]


GOALS: tuple[Goal, ...] = (
    Goal("matching, opposite sex, %", "matching", _matched("opposite"), 0.95, percents),
    Goal("matching, all, %", "matching", _matched("all"), 0.75, percents),
    Goal("face, opposite sex: SI-SDRi, dB", "separation", _separated("face", "opposite", "si_sdri"), 5.0),
    Goal("face, opposite sex: accuracy, %", "separation", _separated("face", "opposite", "accuracy"), 0.95, percents),
    Goal("face, same sex: accuracy, %", "separation", _separated("face", "same", "accuracy"), 0.60, percents),
    Goal("face and voice, opposite sex: SI-SDRi, dB", "separation", _separated("both", "opposite", "si_sdri"), 6.0),
    Goal(
        "face and voice, opposite sex: accuracy, %",
        "separation",
        _separated("both", "opposite", "accuracy"),
        0.97,
        percents,
    ),
    Goal("face and voice, same sex: SI-SDRi, dB", "separation", _separated("both", "same", "si_sdri"), 2.0),
    Goal("face and voice, same sex: accuracy, %", "separation", _separated("both", "same", "accuracy"), 0.70, percents),
    Goal("face and voice, all: SI-SDRi, dB", "separation", _separated("both", "all", "si_sdri"), 4.0),
    Goal("face and voice, all: accuracy, %", "separation", _separated("both", "all", "accuracy"), 0.84, percents),
    Goal("wrong face (the other's): other talker kept, %", "separation", _other_kept("face_of_other"), 0.80, percents),
    Goal(
        "wrong face (a stranger's): other talker kept, %", "separation", _other_kept("face_of_stranger"), 0.80, percents
    ),
    *(
        Goal(
            f"over RNNoise at {snr} dB, no target: {text}", "noise", _over_rnnoise("no_target", snr, measure), 0.0, show
        )
        for snr in ("0", "5", "10")
        for measure, text, show in (
            ("si_sdr", "SI-SDR, dB", decibels),
            ("pesq", "PESQ", decibels),
            ("stoi", "STOI", lambda figure: decibels(figure, 3)),
        )
    ),
    Goal("target alone, face: PESQ", "alone", _alone("face", "pesq"), 4.0),
    Goal("target alone, face: level within 1 dB, %", "alone", _alone("face", "level_within_1_db"), 0.95, percents),
    Goal("target alone, voice: PESQ", "alone", _alone("voice", "pesq"), 4.0),
    Goal("target absent, face, opposite sex: suppression, dB", "absent", _absent("face"), 15.0),
    Goal("target absent, voice, opposite sex: suppression, dB", "absent", _absent("voice"), 15.0),
)


def goals_section(results: Results) -> str:
    """Returns a row for each goal."""
    rows = [_row(goal, results.trials.get(goal.trial)) for goal in GOALS]
    return table(("", "goal", "reached", "met"), [*rows, _same_sex_matching(results)])


def _row(goal: Goal, trial: Content | None) -> tuple[str, str, str, str]:
    figure = _found(goal, trial)
    wanted = f"{100 * goal.at_least:g}" if goal.show is percents else f"{goal.at_least:g}"
    if figure is None:
        return goal.text, wanted, ABSENT, ABSENT
    value = figure["share"] if "share" in figure else figure["mean"]
    return goal.text, wanted, goal.show(figure), "yes" if value >= goal.at_least else "no"


def _same_sex_matching(results: Results) -> tuple[str, str, str, str]:
    """Returns the one goal that is in standard errors."""
    text, trial = "matching, same sex: standard errors above 50 %", results.trials.get("matching")
    sure = above(_matched("same")(trial), 0.5) if trial else None
    if sure is None:
        return text, "3", ABSENT, ABSENT
    return text, "3", f"{sure:.1f}", "yes" if sure >= 3.0 else "no"


def _found(goal: Goal, trial: Content | None) -> Figure | None:
    if trial is None:
        return None
    try:
        figure = goal.find(trial)
    except KeyError:
        return None
    return figure if (figure.get("share") if "share" in figure else figure["mean"]) is not None else None
