"""Whose voice goes with a face, and whose face with a voice, one of two: people who were never trained on.

Every ordered pair of different people is asked both ways. A perfect cue of sex alone would be right wherever the sexes
differ and half of the time elsewhere; what is above that is something else that a face tells of a voice.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...genre.trials.spread import rounded
from ..waveforms import SAMPLE_RATE
from .cues import Gallery
from .evidence import Evidence, Talker, numbers_of
from .pairs import in_pairs
from .spread import Figure, mean_of
from .subject import Subject

HEARD_S = 2.0
"""Of each voice, as in the paper."""

BIN_WIDTH = 0.05
Similarities = NDArray[np.float64]


class Asked(NamedTuple):
    """N questions: person ``one`` against person ``two``.

    Attributes:
        one: int64 ``[N]``, positions of the right answers.
        two: int64 ``[N]``, positions of the others.
    """

    one: NDArray[np.int64]
    two: NDArray[np.int64]


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``matching.json``."""
    talkers = evidence.faces
    faces = Gallery.of(subject, talkers).face.numpy().astype(np.float64)
    voices = {"2s": _voices(subject, talkers, HEARD_S), "whole": _voices(subject, talkers, None)}
    return {
        "people": len({talker.person for talker in talkers}),
        "recordings": len(talkers),
        "face_voice": {name: matched(faces @ voice.T, talkers) for name, voice in voices.items()},
        "voice_voice": _voice_voice(subject, evidence),
        "histograms": {
            "face_voice": histogram(faces @ voices["whole"].T, talkers),
            "voice_voice": _voice_histogram(subject, evidence.learners),
        },
    }


def matched(similarity: Similarities, talkers: tuple[Talker, ...]) -> Figure:
    """Returns how often the right one of two is chosen, and how high the right one of all is.

    Args:
        similarity: ``[N, N]``, a row a face, a column a voice.
        talkers: Whose they are.
    """
    asked = questions(talkers)
    own = np.diag(similarity)
    face_to_voice = _won(own[asked.one], similarity[asked.one, asked.two])
    voice_to_face = _won(own[asked.one], similarity[asked.two, asked.one])
    people = numbers_of([talker.person for talker in talkers])
    who = np.stack([people[asked.one], people[asked.two]], 1)
    groups = in_pairs([talkers[i].sex for i in asked.one], [talkers[i].sex for i in asked.two])
    return {
        "pairs": {
            name: {
                "both_ways": mean_of((face_to_voice + voice_to_face)[chosen] / 2, who[chosen]),
                "face_to_voice": mean_of(face_to_voice[chosen], who[chosen]),
                "voice_to_face": mean_of(voice_to_face[chosen], who[chosen]),
            }
            for name, chosen in groups.items()
            if chosen.any()
        },
        "sex_alone_would_give": rounded(float(groups["opposite"].mean() + groups["same"].mean() / 2)),
        "rank_of_the_right_voice": mean_of((similarity > own[:, None]).mean(1), people),
    }


def questions(talkers: tuple[Talker, ...]) -> Asked:
    """Returns every ordered pair of recordings of different people."""
    one, two = np.nonzero(
        np.array([[a.person != b.person for b in talkers] for a in talkers], dtype=bool).reshape(len(talkers), -1)
    )
    return Asked(one, two)


def histogram(similarity: Similarities, talkers: tuple[Talker, ...], own: NDArray[np.bool_] | None = None) -> Figure:
    """Returns the similarities' counts in bins of 0.05 over [-1, 1]: same person, same sex, other sex.

    Args:
        similarity: ``[N, N]``.
        talkers: Whose rows and columns are.
        own: bool ``[N, N]``, which are of the same person; the diagonal by default.
    """
    same = np.eye(len(talkers), dtype=bool) if own is None else own
    different = np.array([[a.person != b.person for b in talkers] for a in talkers], dtype=bool)
    sexes = np.array([talker.sex for talker in talkers])
    alike = (sexes[:, None] == sexes[None]) & (sexes[:, None] != "")
    unlike = (sexes[:, None] != sexes[None]) & (sexes[:, None] != "") & (sexes[None] != "")
    edges = np.round(np.arange(-1.0, 1.0 + BIN_WIDTH / 2, BIN_WIDTH), 6)
    kinds = {"same_person": same, "same_sex": different & alike, "other_sex": different & unlike}
    counts = {
        name: np.histogram(np.clip(similarity[chosen], -1.0, 1.0), edges)[0].tolist() for name, chosen in kinds.items()
    }
    return {"edges": edges.tolist(), "counts": counts}


def _voice_voice(subject: Subject, evidence: Evidence) -> Figure:
    """Returns how often a voice is told from another by a sample: of the same recording, and of another sentence."""
    found = {}
    for name, talkers in (("same_recording", evidence.faces), ("other_sentence", evidence.learners)):
        heard = _embedded(subject, [talker.speech for talker in talkers])
        samples = _embedded(subject, [talker.sample for talker in talkers])
        similarity = samples @ heard.T
        asked = questions(talkers)
        people = numbers_of([talker.person for talker in talkers])
        who = np.stack([people[asked.one], people[asked.two]], 1)
        right = _won(np.diag(similarity)[asked.one], similarity[asked.one, asked.two])
        groups = in_pairs([talkers[i].sex for i in asked.one], [talkers[i].sex for i in asked.two])
        found[name] = {pair: mean_of(right[chosen], who[chosen]) for pair, chosen in groups.items() if chosen.any()}
    return found


def _voice_histogram(subject: Subject, talkers: tuple[Talker, ...]) -> Figure:
    voices = _embedded(subject, [talker.speech for talker in talkers])
    names = [talker.person for talker in talkers]
    same = np.array([[a == b for b in names] for a in names], dtype=bool) & ~np.eye(len(names), dtype=bool)
    return histogram(voices @ voices.T, talkers, same)


def _voices(subject: Subject, talkers: tuple[Talker, ...], heard_s: float | None) -> Similarities:
    clips = [np.concatenate([talker.sample, talker.speech]) for talker in talkers]
    return _embedded(subject, [clip if heard_s is None else clip[: round(heard_s * SAMPLE_RATE)] for clip in clips])


def _embedded(subject: Subject, clips: list[NDArray[np.float32]]) -> Similarities:
    return torch.stack([subject.voice_of(clip) for clip in clips]).numpy().astype(np.float64)


def _won(right: Similarities, wrong: Similarities) -> Similarities:
    """Returns 1 where the right one is more similar, 0.5 on a tie."""
    won: Similarities = (right > wrong) + 0.5 * (right == wrong)
    return won
