"""The target says nothing and somebody else speaks: how far that is turned down.

Two passages: the other one alone from the start of the stream, and the other one after three seconds of the target,
when the separator has heard whom it shall keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..waveforms import SAMPLE_RATE
from .cues import Condition, Gallery, People
from .evidence import Evidence, Talker, numbers_of
from .measures import Samples, level_db
from .mixing import cut, draw_pairs, levelled
from .pairs import in_pairs
from .spread import Figure, mean_of, share_of
from .subject import Subject

PASSAGES = 300
FIRST_S = 3.0
PAUSE_S = 0.3
ONSET_S = 0.5
"""What a separator may take to notice; suppression is given with it and without it."""

GOAL_DB = 15.0
CONDITIONS = {
    "face": Condition(face="target"),
    "voice": Condition(voice="target"),
    "both": Condition(face="target", voice="target"),
}


class Passage(NamedTuple):
    """A stream in which only ``other`` speaks from sample ``start`` on."""

    target: int
    other: int
    audio: Samples
    start: int


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``absent.json``."""
    talkers = evidence.faces
    gallery = Gallery.of(subject, talkers)
    rng = np.random.default_rng(0)
    pairs = draw_pairs(talkers, PASSAGES, rng)
    passages = {
        "alone": [_alone(talkers, *pair) for pair in pairs],
        "after_target": [_after_target(talkers, *pair, rng) for pair in pairs],
    }
    return {
        "passages": PASSAGES,
        "onset_s": ONSET_S,
        **{
            kind: {name: _suppressed(subject, gallery, talkers, found, name) for name in CONDITIONS}
            for kind, found in passages.items()
        },
    }


def _alone(talkers: Sequence[Talker], target: int, other: int) -> Passage:
    return Passage(target, other, levelled(talkers[other].speech), 0)


def _after_target(talkers: Sequence[Talker], target: int, other: int, rng: np.random.Generator) -> Passage:
    speech = talkers[target].speech
    first = levelled(cut(speech, min(len(speech), round(FIRST_S * SAMPLE_RATE)), rng))
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE), dtype=np.float32)
    audio = np.concatenate([first, pause, levelled(talkers[other].speech)])
    return Passage(target, other, audio, len(first) + len(pause))


def _suppressed(
    subject: Subject, gallery: Gallery, talkers: Sequence[Talker], passages: list[Passage], name: str
) -> Figure:
    targets, others = [one.target for one in passages], [one.other for one in passages]
    cues = gallery.cues(CONDITIONS[name], People(targets, others, others))
    kept = subject.keep_all([one.audio for one in passages], cues, f"absent, {name}")
    wet = [one.wet for one in kept]
    whole = np.array([quieter_db(x, passage, 0.0) for x, passage in zip(wet, passages, strict=True)])
    settled = np.array([quieter_db(x, passage, ONSET_S) for x, passage in zip(wet, passages, strict=True)])
    number = numbers_of([talker.person for talker in talkers])
    people = np.stack([number[targets], number[others]], 1)
    groups = in_pairs([talkers[i].sex for i in targets], [talkers[i].sex for i in others])
    return {
        pair: {
            "suppressed_db": mean_of(whole[chosen], people[chosen]),
            "after_onset_db": mean_of(settled[chosen], people[chosen]),
            "reached_15_db": share_of(whole[chosen] >= GOAL_DB, people[chosen]),
        }
        for pair, chosen in groups.items()
        if chosen.any()
    }


def quieter_db(wet: Samples, passage: Passage, after_s: float) -> float:
    """Returns how many dB of energy the passage lost, its first ``after_s`` not counted."""
    start = passage.start + round(after_s * SAMPLE_RATE)
    return -level_db(wet[start:], passage.audio[start:])
