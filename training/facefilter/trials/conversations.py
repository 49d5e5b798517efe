"""Two people talking for a while, sometimes at once, made of short recordings.

Invariant: nobody's voice sample is heard in a conversation. Where there is one recording a person, its pieces come
again: what is said repeats, the voice and the moment of it do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..waveforms import SAMPLE_RATE
from .evidence import Talker
from .measures import Samples
from .mixing import levelled

PIECE_S = (1.0, 2.0)
PAUSE_S = (0.3, 1.5)
LOUDNESS_DB = 2.0
"""A piece is up to so much louder or softer than the person is on average."""

FADE_SAMPLES = SAMPLE_RATE // 200


class Conversation(NamedTuple):
    """Two tracks.

    Attributes:
        talkers: Whose, as positions among the talkers.
        parts: float32 ``[2, T]``, each alone as it is in the conversation.
    """

    talkers: tuple[int, int]
    parts: Samples

    @property
    def audio(self) -> Samples:
        """The two together, ``[T]``."""
        together: Samples = self.parts.sum(0)
        return together


def converse(
    talkers: Sequence[Talker], pair: tuple[int, int], length_s: float, rng: np.random.Generator
) -> Conversation:
    """Lets two people talk for ``length_s``, each in pieces with pauses, without heed of the other."""
    length = round(length_s * SAMPLE_RATE)
    tracks = [_track(pieces_of(talkers, i, rng), length, rng) for i in pair]
    return Conversation(pair, np.stack(tracks))


def pieces_of(talkers: Sequence[Talker], i: int, rng: np.random.Generator) -> list[Samples]:
    """Returns what there is of a person: other sentences where there are, else disjoint pieces of the recording."""
    mine = talkers[i]
    sentences = [
        levelled(talker.speech)
        for j, talker in enumerate(talkers)
        if talker.person == mine.person and (j == i or not _heard(talker.speech, mine.sample))
    ]
    if len(sentences) > 2:
        return sentences
    speech, pieces, start = levelled(mine.speech), [], 0
    while start < len(speech):
        end = start + round(float(rng.uniform(*PIECE_S)) * SAMPLE_RATE)
        # What would be left over for a last piece too short to say anything is said in this one.
        end = len(speech) if len(speech) - end < PIECE_S[0] * SAMPLE_RATE else end
        pieces.append(speech[start:end])
        start = end
    return pieces


def _heard(speech: Samples, sample: Samples) -> bool:
    """Whether the voice sample was cut from this recording."""
    shared = min(len(speech), len(sample))
    return bool(np.array_equal(speech[:shared], sample[:shared]))


def _track(pieces: list[Samples], length: int, rng: np.random.Generator) -> Samples:
    track = np.zeros(length, dtype=np.float32)
    at, order = round(float(rng.uniform(0.0, PAUSE_S[1])) * SAMPLE_RATE), list[int]()
    while at < length:
        order = order or rng.permutation(len(pieces)).tolist()
        gain = 10 ** (float(rng.uniform(-LOUDNESS_DB, LOUDNESS_DB)) / 20)
        piece = _faded(pieces[order.pop()])[: length - at] * np.float32(gain)
        track[at : at + len(piece)] = piece
        at += len(piece) + round(float(rng.uniform(*PAUSE_S)) * SAMPLE_RATE)
    return track


def _faded(piece: Samples) -> Samples:
    """Takes the clicks off both ends."""
    faded = piece.copy()
    ramp = np.linspace(0.0, 1.0, FADE_SAMPLES, dtype=np.float32)
    faded[:FADE_SAMPLES] *= ramp
    faded[-FADE_SAMPLES:] *= ramp[::-1]
    return faded
