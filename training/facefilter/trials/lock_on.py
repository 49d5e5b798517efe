"""What lock-on does in conversations of 30 s: for better or worse, and onto whom.

The same conversations are heard with and without it. People with a face have one recording each, so their
conversations repeat its pieces; the voices of speechocean762 say another sentence every time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..waveforms import SAMPLE_RATE
from .conversations import Conversation, converse
from .cues import Condition, Gallery, People
from .evidence import Evidence, Talker, numbers_of
from .measures import Decibels, Samples, rms, si_sdr
from .mixing import LEVEL, draw_pairs
from .pairs import in_pairs
from .spread import Figure, mean_of, share_of
from .subject import HOP, LOCKED, Kept, Subject

CONVERSATIONS = 80
"""Each is heard towards either of its talkers."""

LENGTH_S = 30.0
WINDOWS_S = ((0, 5), (5, 15), (15, 30))
MATTERS_DB = 0.5
"""Lock-on helped, or harmed, when the last window is so much better, or worse, than without."""

SETS: dict[str, dict[str, Condition]] = {
    "facevoice": {"face": Condition(face="target"), "both": Condition(face="target", voice="target")},
    "speechocean762": {"voice": Condition(voice="target")},
}
LOCKABLE = ("face",)
"""Who is known by a voice sample needs no lock: those conditions are heard once, for what there is to gain."""


class Row(NamedTuple):
    """A conversation, heard towards its talker ``side``."""

    conversation: Conversation
    side: int

    @property
    def target(self) -> int:
        """The wanted one."""
        return self.conversation.talkers[self.side]

    @property
    def other(self) -> int:
        """The unwanted one."""
        return self.conversation.talkers[1 - self.side]


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``lock_on.json``."""
    sets = {"facevoice": evidence.faces, "speechocean762": evidence.learners}
    return {
        "conversations": CONVERSATIONS,
        "length_s": LENGTH_S,
        "sets": {name: _tried(subject, talkers, SETS[name]) for name, talkers in sets.items()},
    }


def _tried(subject: Subject, talkers: tuple[Talker, ...], conditions: dict[str, Condition]) -> Figure:
    rng = np.random.default_rng(0)
    pairs = draw_pairs(talkers, CONVERSATIONS, rng)
    rows = [Row(converse(talkers, pair, LENGTH_S, rng), side) for pair in pairs for side in (0, 1)]
    targets, others = [row.target for row in rows], [row.other for row in rows]
    gallery = Gallery.of(subject, talkers)
    clips = [row.conversation.audio for row in rows]
    number = numbers_of([talker.person for talker in talkers])
    people = np.stack([number[targets], number[others]], 1)
    groups = in_pairs([talkers[i].sex for i in targets], [talkers[i].sex for i in others])
    found = {}
    for name, condition in conditions.items():
        cues = gallery.cues(condition, People(targets, others, others))
        heard = {
            how: subject.keep_all(clips, cues, f"lock-on {how}, {name}", lock_on=how == "on")
            for how in (("off", "on") if name in LOCKABLE else ("off",))
        }
        found[name] = {
            pair: _figures(rows, heard, people, chosen)
            for pair, chosen in groups.items()
            if chosen.any() and pair in ("opposite", "same", "all")
        }
    return found


def _figures(
    rows: Sequence[Row], heard: dict[str, list[Kept]], people: NDArray[np.int64], chosen: NDArray[np.bool_]
) -> Figure:
    who = people[chosen]
    gains = {
        how: np.array([gains_of(row, one.wet) for row, one in zip(rows, kept, strict=True)])[chosen]
        for how, kept in heard.items()
    }
    figures: Figure = {"si_sdri": {how: _by_window(gain, who) for how, gain in gains.items()}}
    if "on" not in heard:
        return figures
    locks = [lock_of(row, one) for row, one, in_ in zip(rows, heard["on"], chosen, strict=True) if in_]
    difference = gains["on"] - gains["off"]
    return {
        **figures,
        "difference": _by_window(difference, who),
        "locked": share_of([lock.after_s is not None for lock in locks], who),
        "first_lock_s": _median([lock.after_s for lock in locks]),
        "onto_target": share_of([lock.onto_target is True for lock in locks], who),
        "onto_other": share_of([lock.onto_target is False for lock in locks], who),
        "helped": share_of(difference[:, -1] > MATTERS_DB, who),
        "harmed": share_of(difference[:, -1] < -MATTERS_DB, who),
    }


class Lock(NamedTuple):
    """When a stream first locked, None for never, and onto whom: the one whom the output is nearer from then on."""

    after_s: float | None
    onto_target: bool | None


def gains_of(row: Row, wet: Samples) -> Decibels:
    """Returns the SI-SDRi ``[W]`` in each window; NaN where the target says too little in it to be judged by."""
    wanted, audio = row.conversation.parts[row.side], row.conversation.audio
    gains = []
    for begin_s, end_s in WINDOWS_S:
        inside = slice(begin_s * SAMPLE_RATE, end_s * SAMPLE_RATE)
        spoken = rms(wanted[inside]) > LEVEL / 4
        gain = si_sdr(wet[inside], wanted[inside]) - si_sdr(audio[inside], wanted[inside])
        gains.append(float(gain) if spoken else float("nan"))
    return np.array(gains)


def lock_of(row: Row, kept: Kept) -> Lock:
    """Reads the first lock of a stream off its reports."""
    locked = np.flatnonzero(kept.report[:, LOCKED] > 0.5)
    if not len(locked):
        return Lock(None, None)
    rest = slice(int(locked[0]) * HOP, None)
    wanted, unwanted = (row.conversation.parts[side][rest] for side in (row.side, 1 - row.side))
    near = si_sdr(kept.wet[rest], wanted) > si_sdr(kept.wet[rest], unwanted)
    return Lock(float(locked[0]) * HOP / SAMPLE_RATE, bool(near))


def _by_window(gains: Decibels, people: NDArray[np.int64]) -> Figure:
    return {f"{begin}-{end}": mean_of(gains[:, i], people) for i, (begin, end) in enumerate(WINDOWS_S)}


def _median(times: list[float | None]) -> float | None:
    known = [time for time in times if time is not None]
    return round(float(np.median(known)), 2) if known else None
