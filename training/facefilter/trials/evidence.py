"""The held-out people and noises that trials are made with.

Invariant: what a voice sample is cut from and what is heard in a trial never overlap, and both are of people of the
valid part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..corpus import Recording, read_corpus
from ..embeddings import load_embeddings
from ..waveforms import SAMPLE_RATE, Waveforms, load_waveforms
from .measures import Samples, rms

SAMPLE_S = 2.0
SAMPLE_SHARE = 0.4
"""Of a person's only recording the first so much, at most two seconds, is the voice sample; the rest is heard."""

LONGEST_SAMPLE_S = 6.0
AUDIBLE = 1e-3
"""A noise below -60 dBFS is no noise."""


@dataclass(frozen=True, slots=True)
class Talker:
    """Somebody who was never trained on.

    Attributes:
        name: Of the recording.
        person: Whose it is.
        sex: ``f`` or ``m``, estimated from the voice where nobody says; empty where neither is known.
        sample: The voice sample, 16 kHz.
        speech: What trials are made of, 16 kHz.
        picture: Of the face; None without one.
    """

    name: str
    person: str
    sex: str
    sample: Samples
    speech: Samples
    picture: Path | None = None


class Noise(NamedTuple):
    """A recording without speech; ``source`` is what it was cut from."""

    name: str
    source: str
    samples: Samples


@dataclass(frozen=True)
class Evidence:
    """Everything below one data folder that was held out.

    Attributes:
        data: The data folder.
        recordings: All of ``read_corpus``.
        waveforms: Their samples, in the same order.
        sexes: ``f`` or ``m`` by name of the clip, for those whose corpus does not say.
    """

    data: Path
    recordings: tuple[Recording, ...]
    waveforms: Waveforms
    sexes: Mapping[str, str]

    @classmethod
    def load(cls, data: Path, runs: Path) -> Evidence:
        """Reads the data folder; decodes it into ``runs`` unless that was done before.

        Raises:
            CorpusError: A folder of recordings is missing.
            EmbeddingsMissing: ``runs`` does not have the sexes, which come with the embeddings of training.
        """
        recordings = read_corpus(data)
        sexes = load_embeddings(runs, recordings).sex
        return cls(data, recordings, load_waveforms(data, recordings, runs), sexes)

    @cached_property
    def faces(self) -> tuple[Talker, ...]:
        """People of ``facevoice``: a picture each; sample and speech are of one recording, for there is no other."""
        return tuple(self._split_talker(i) for i in self._held_out("facevoice"))

    @cached_property
    def readers(self) -> tuple[Talker, ...]:
        """People of LibriSpeech: no picture; sample and speech are of one recording."""
        return tuple(self._split_talker(i) for i in self._held_out("librispeech"))

    @cached_property
    def learners(self) -> tuple[Talker, ...]:
        """People of speechocean762, an entry a sentence: no picture; the sample is the person's next sentence."""
        by_person: dict[str, list[int]] = {}
        for i in self._held_out("speechocean762"):
            by_person.setdefault(self.recordings[i].person, []).append(i)
        return tuple(
            self._talker(i, self._samples(other)[: round(LONGEST_SAMPLE_S * SAMPLE_RATE)], self._samples(i))
            for sentences in by_person.values()
            for i, other in zip(sentences, (*sentences[1:], sentences[0]), strict=True)
        )

    @cached_property
    def noises(self) -> tuple[Noise, ...]:
        """Noises, the silent ones left out."""
        found = (
            Noise(recording.name, recording.person, self._samples(i))
            for i, recording in enumerate(self.recordings)
            if recording.kind == "noise" and recording.part == "valid"
        )
        return tuple(noise for noise in found if rms(noise.samples) > AUDIBLE)

    def _held_out(self, corpus: str) -> Iterator[int]:
        for i, recording in enumerate(self.recordings):
            if recording.corpus == corpus and recording.part == "valid":
                yield i

    def _split_talker(self, i: int) -> Talker:
        samples = self._samples(i)
        length = min(round(SAMPLE_S * SAMPLE_RATE), int(SAMPLE_SHARE * len(samples)))
        return self._talker(i, samples[:length], samples[length:])

    def _talker(self, i: int, sample: Samples, speech: Samples) -> Talker:
        recording = self.recordings[i]
        return Talker(
            name=recording.name,
            person=recording.person,
            sex=recording.sex or self.sexes.get(recording.name, ""),
            sample=sample,
            speech=speech,
            picture=self.data / recording.face if recording.face else None,
        )

    def _samples(self, i: int) -> Samples:
        return self.waveforms.read(i)


def numbers_of(names: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Returns a number for each name ``[N]``, the same for the same name."""
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([order[name] for name in names], dtype=np.int64)
