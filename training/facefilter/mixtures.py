"""Mixtures made on the fly: two talkers, noise, rooms, gains, band limits and codecs; also one talker, or none.

Every mixture comes with two targets, most often its two talkers, so that the separator cannot learn to keep the louder,
the nearer or the cleaner voice: only what it is told of the target decides.

Invariant: the references add up with what is not wanted to the mixture, sample by sample, except after a codec.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from .corpus import Recording
from .distortions import coded, distort
from .embeddings import Embeddings
from .rooms import NUM_PLACES
from .waveforms import SAMPLE_RATE, Waveforms

Signal = NDArray[np.float32]

NOBODY = 0.2
"""How often the second target is nobody."""
SEGMENT_S = 2.5
NUM_TARGETS = 2
OPPOSITE = 0.6
"""Share of second talkers of the other sex, where both are known: a face tells more of those."""
SAME_AGAIN = 0.85
"""How often, where one person speaks, both targets are that person; otherwise the second is somebody absent."""
SHARES = {"two": 0.66, "one": 0.19, "clean": 0.07, "absent": 0.05, "noise": 0.03}
"""How often each kind of mixture comes: two talkers; one and noise; one alone; one who is not wanted; noise alone."""


class Mixture(NamedTuple):
    """One mixture and what is wanted of it.

    Attributes:
        audio: float32 ``[T]``.
        references: What each target asks for, ``[2, T]``; silence where the target does not speak.
        others: The talker that each target does not ask for, ``[2, T]``; silence where there is none.
        targets: Face, voice, and which of them there are, ``[2, 2 E + 2]``.
        voices: The voice embedding of who is asked for, ``[2, E]``; zeros where nobody is.
    """

    audio: Signal
    references: Signal
    others: Signal
    targets: Signal
    voices: Signal


@dataclass(frozen=True, slots=True)
class Material:
    """What mixtures are made of.

    Attributes:
        recordings: All recordings.
        waveforms: Their samples.
        embeddings: Of faces and voices.
        rooms: Impulse responses ``[R, 3, N]``.
    """

    recordings: Sequence[Recording]
    waveforms: Waveforms
    embeddings: Embeddings
    rooms: NDArray[np.float32]


class Mixer:
    """Makes mixtures of the people of one part.

    Args:
        material: What to mix.
        part: ``train`` or ``valid``.
        rng: Decides everything.
    """

    def __init__(self, material: Material, part: str, rng: np.random.Generator) -> None:
        self._material = material
        self._rng = rng
        self._people: dict[str, list[int]] = {}
        self._noise: dict[str, list[int]] = {}
        for i, recording in enumerate(material.recordings):
            if recording.part == part and recording.kind == "noise":
                self._noise.setdefault(recording.corpus, []).append(i)
            elif recording.part == part and i in material.embeddings.windows:
                self._people.setdefault(recording.person, []).append(i)
        self._sex = {person: self._sex_of(items[0]) for person, items in self._people.items()}
        self._faces = [p for p, items in self._people.items() if material.recordings[items[0]].face]
        self._corpora: dict[str, list[str]] = {}
        for person, items in self._people.items():
            self._corpora.setdefault(material.recordings[items[0]].corpus.split("/")[0], []).append(person)
        self._length = int(SEGMENT_S * SAMPLE_RATE)

    def __iter__(self) -> Iterator[Mixture]:
        while True:
            yield self.mixture(str(self._rng.choice(list(SHARES), p=list(SHARES.values()))))

    def mixture(self, kind: str) -> Mixture:
        """Returns a mixture of a kind of ``SHARES``."""
        rng = self._rng
        people = self._two_people(0.8 if kind != "two" else OPPOSITE)
        if kind in ("one", "clean") and rng.random() < SAME_AGAIN:
            people[1] = people[0]
        used = [int(rng.choice(self._people[person])) for person in people]
        room = self._room()
        talkers = np.zeros((NUM_TARGETS, self._length), np.float32)
        if kind != "noise":
            talkers[0] = self._placed(self._speech(people[0], used[0]), room, 0)
        if kind == "two":
            talkers[1] = self._placed(self._speech(people[1], used[1]), room, 1) * _gain(rng.uniform(-8.0, 8.0))
        noise = np.zeros(self._length, np.float32)
        if kind in ("one", "noise") or (kind in ("two", "absent") and rng.random() < 0.5):
            noise = self._placed(self._ambience(), room, 2) * _gain(-rng.uniform(0.0, 25.0))
        if kind == "absent":
            people = [self._somebody_else(people[0]), self._somebody_else(people[0])]
            used = [int(rng.choice(self._people[person])) for person in people]
            references, others = np.zeros_like(talkers), np.stack((talkers[0], talkers[0]))
        elif people[0] == people[1]:
            references, others = np.stack((talkers[0], talkers[0])), np.zeros_like(talkers)
            used[1] = used[0]
        else:
            references, others = talkers.copy(), talkers[::-1].copy()
        targets = np.stack([self._target(person, i) for person, i in zip(people, used, strict=True)])
        voices = np.stack([self._material.embeddings.mean_voice(i) for i in used])
        if rng.random() < NOBODY:  # nobody asked for: take out the noise, keep every voice
            targets[1], references[1], others[1] = 0.0, talkers.sum(axis=0), 0.0
        voices *= (np.abs(references).max(axis=1, keepdims=True) > 0) & (targets[:, -2:].max(axis=1, keepdims=True) > 0)
        stack = distort(np.concatenate((references, others, (talkers.sum(axis=0) + noise)[None])), rng)
        audio = coded(stack[-1], rng) if rng.random() < 0.08 else stack[-1]
        return Mixture(audio, stack[:2], stack[2:4], targets.astype(np.float32), voices.astype(np.float32))

    def _sex_of(self, i: int) -> str:
        recording = self._material.recordings[i]
        return recording.sex or self._material.embeddings.sex.get(recording.name, "")

    def _two_people(self, opposite: float) -> list[str]:
        rng = self._rng
        if rng.random() < 0.55:
            first = str(rng.choice(self._faces))
            pool = self._faces if rng.random() < 0.8 else self._any_corpus()
        else:
            pool = self._any_corpus()
            first = str(rng.choice(pool))
            if rng.random() < 0.3:
                pool = self._any_corpus()
        return [first, self._another(first, pool, opposite)]

    def _somebody_else(self, person: str) -> str:
        return self._another(person, self._faces if self._rng.random() < 0.6 else self._any_corpus(), 0.8)

    def _another(self, person: str, pool: list[str], opposite: float) -> str:
        """Returns somebody else of ``pool``, of the other sex with the given probability where that can be told."""
        wants_opposite = self._rng.random() < opposite
        for _ in range(20):
            other = str(self._rng.choice(pool))
            is_opposite = "" not in (self._sex[person], self._sex[other]) and self._sex[person] != self._sex[other]
            if other != person and is_opposite == wants_opposite:
                return other
        return str(self._rng.choice([one for one in pool if one != person]))

    def _any_corpus(self) -> list[str]:
        return self._corpora[str(self._rng.choice(list(self._corpora)))]

    def _speech(self, person: str, first: int) -> Signal:
        """Returns utterances of a person end to end with pauses, at an active level of -26 dB."""
        rng, waveforms, out = self._rng, self._material.waveforms, np.zeros(self._length, np.float32)
        at = int(rng.integers(0, SAMPLE_RATE)) if rng.random() < 0.3 else 0
        i = first
        while at < self._length - SAMPLE_RATE // 4:
            spare = waveforms.num_samples(i) - (self._length - at)
            start = int(rng.integers(0, spare + 1)) if spare > 0 else 0
            piece = level(waveforms.read(i, start, self._length - at))
            out[at : at + len(piece)] = piece
            at += len(piece) + int(rng.integers(0, SAMPLE_RATE))
            i = int(rng.choice(self._people[person]))
        return out

    def _ambience(self) -> Signal:
        rng, waveforms = self._rng, self._material.waveforms
        i = int(rng.choice(self._noise[str(rng.choice(list(self._noise)))]))
        sound = waveforms.read(i)
        if len(sound) < self._length + 1:
            sound = np.tile(sound, -(-(self._length + 1) // max(1, len(sound))))
        start = int(rng.integers(0, len(sound) - self._length))
        piece = sound[start : start + self._length]
        return piece * np.float32(0.05 / (np.sqrt(np.mean(piece**2)) + 1e-6))

    def _room(self) -> NDArray[np.float32] | None:
        rooms = self._material.rooms
        return rooms[int(self._rng.integers(len(rooms)))] if self._rng.random() < 0.35 else None

    def _placed(self, x: Signal, room: NDArray[np.float32] | None, place: int) -> Signal:
        if room is None or not x.any():
            return x
        wet = signal.oaconvolve(x, room[min(place, NUM_PLACES - 1)])[: self._length]
        return (wet / np.float32(np.linalg.norm(room[min(place, NUM_PLACES - 1)]))).astype(np.float32)

    def _target(self, person: str, used: int) -> Signal:
        """Returns face, voice and which of them there are: the voice of another utterance where there is one."""
        rng, embeddings = self._rng, self._material.embeddings
        face = embeddings.face.get(self._material.recordings[used].name)
        has_face = face is not None
        has_voice = not has_face or rng.random() < 0.55
        if has_face and has_voice and rng.random() < 0.4:
            has_face = False
        size = embeddings.size
        target = np.zeros(2 * size + 2, np.float32)
        if has_face and face is not None:
            target[:size] = _shaken(face, 0.15, rng)
        if has_voice:
            others = [i for i in self._people[person] if i != used]
            window = embeddings.any_window(int(rng.choice(others)) if others else used, rng)
            target[size : 2 * size] = _shaken(window, 0.1, rng)
        target[-2:] = has_face, has_voice
        return target


def level(x: Signal, rms: float = 0.05) -> Signal:
    """Returns ``x`` with the given RMS over its active parts (what lies within 30 dB of its loudest 20 ms)."""
    blocks = x[: len(x) // 320 * 320].reshape(-1, 320)
    if not len(blocks):
        return x
    powers = (blocks**2).mean(axis=1)
    active = powers[powers > powers.max() * 1e-3]
    return x * np.float32(rms / (np.sqrt(active.mean()) + 1e-6)) if len(active) else x


def _shaken(embedding: NDArray[np.float32], amount: float, rng: np.random.Generator) -> NDArray[np.float32]:
    shaken = embedding + rng.normal(size=embedding.shape).astype(np.float32) * amount / np.sqrt(len(embedding))
    moved: NDArray[np.float32] = shaken / np.linalg.norm(shaken)
    return moved


def _gain(db: float) -> np.float32:
    return np.float32(10 ** (db / 20))
