"""What became of every mixture, under one condition: the raw material of the tables, kept on disk.

Invariant: a row is one mixture judged towards one of its two talkers; observations of another model, or of other
sexes, are never read back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from ..waveforms import SAMPLE_RATE
from .cues import Condition, Gallery, People
from .evidence import Talker, numbers_of
from .measures import Decibels, Samples, level_db, sdr, si_sdr
from .mixing import Mixture, draw_mixtures
from .subject import CONFIDENCE, PRESENT, Subject, cut_to, frames_in, in_batches, padded

MIXTURES = 600
"""A seed."""

SEEDS = (0, 1, 2)

CONDITIONS: dict[str, Condition] = {
    "face": Condition(face="target"),
    "face_of_stranger": Condition(face="stranger"),
    "no_target": Condition(),
    "voice": Condition(voice="target"),
    "both": Condition(face="target", voice="target"),
    "voice_against_face": Condition(face="other", voice="target"),
}
"""What is run. That the other talker's face was given is no condition of its own: it is ``face``, judged the other way
round."""

CONTROLS = ("face_of_stranger", "no_target", "voice_against_face")
"""What needs no more than the mixtures of the first seed."""

WITH_SDR = ("face", "no_target", "voice", "both")
"""BSS Eval costs as much as the separator does: it is for what the papers measure."""

SETTLED_S = 1.0
"""Confidence is read off the last second of a mixture, when all there is to hear was heard."""


class Observations(NamedTuple):
    """N mixtures, each judged towards a target.

    Attributes:
        target: int64 ``[N]``, the target's position among the talkers.
        other: int64 ``[N]``, the other talker's.
        si_sdri: float64 ``[N]`` dB, output against target less mixture against target.
        sdri: float64 ``[N]`` dB, the same with BSS Eval's SDR; NaN where it was not measured.
        other_si_sdri: float64 ``[N]`` dB, output against the other talker less mixture against the other talker.
        nearer: bool ``[N]``, whether the output is nearer the target than the other talker, by SI-SDR.
        confidence: float64 ``[N]``, as reported.
        present: float64 ``[N]``, probability that the target is there, as reported.
        quieter_db: float64 ``[N]``, how far the output's energy is below the mixture's.
    """

    target: NDArray[np.int64]
    other: NDArray[np.int64]
    si_sdri: Decibels
    sdri: Decibels
    other_si_sdri: Decibels
    nearer: NDArray[np.bool_]
    confidence: Decibels
    present: Decibels
    quieter_db: Decibels

    def where(self, chosen: NDArray[np.bool_]) -> Observations:
        """Returns the rows ``chosen`` ``[N]``."""
        return Observations(*(column[chosen] for column in self))


@dataclass(frozen=True)
class Bench:
    """Runs conditions over the mixtures of a set of talkers and remembers what came out.

    Attributes:
        subject: The model.
        talkers: Who is mixed.
        folder: Where observations are kept.
        mixtures: How many a seed.
    """

    subject: Subject
    talkers: tuple[Talker, ...]
    folder: Path
    mixtures: int = MIXTURES
    _mixed: dict[int, Before] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def gallery(self) -> Gallery:
        """The talkers' embeddings."""
        return Gallery.of(self.subject, self.talkers)

    @cached_property
    def people(self) -> NDArray[np.int64]:
        """A number for each talker, the same for recordings of one person."""
        return numbers_of([talker.person for talker in self.talkers])

    def clusters(self, observations: Observations) -> NDArray[np.int64]:
        """Returns who is in each observation ``[N, 2]``, for clustered errors."""
        return np.stack([self.people[observations.target], self.people[observations.other]], 1)

    def observe(self, name: str, seeds: Sequence[int] | None = None) -> Observations:
        """Returns what became of all mixtures of ``seeds``, by default its own, under the condition ``name``."""
        if seeds is None:
            seeds = SEEDS[:1] if name in CONTROLS else SEEDS
        parts = [self._seed(name, seed) for seed in seeds]
        return Observations(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _seed(self, name: str, seed: int) -> Observations:
        path = self.folder / f"{name}-{seed}-{self._digest}.npz"
        if path.is_file():
            with np.load(path) as kept:
                return Observations(**kept)
        found = self._run(name, seed)
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npz")  # written whole or not at all
        np.savez(partial, **found._asdict())
        partial.replace(path)
        return found

    @cached_property
    def _digest(self) -> str:
        # A stranger is chosen by sex, so observations are of these sexes alone.
        names = ",".join(f"{talker.name}{talker.sex}" for talker in self.talkers)
        return hashlib.sha256(f"{self.subject.digest} {self.mixtures} {names}".encode()).hexdigest()[:12]

    def _run(self, name: str, seed: int) -> Observations:
        rng = np.random.default_rng(seed)
        rows = [Row(mixture, side) for mixture in draw_mixtures(self.talkers, self.mixtures, rng) for side in (0, 1)]
        strangers = [self._stranger(row, rng) for row in rows]
        before = self._before(seed, rows)
        found: list[Observations | None] = [None] * len(rows)
        for batch in track(list(_batches(rows)), description=f"{name}, seed {seed}"):
            measured = self._measure(name, [rows[i] for i in batch], [strangers[i] for i in batch], before.rows(batch))
            for i, values in zip(batch, zip(*measured, strict=True), strict=True):
                found[i] = Observations(*values)
        return Observations(*(np.array(column) for column in zip(*(one for one in found if one), strict=True)))

    def _before(self, seed: int, rows: Sequence[Row]) -> Before:
        """Returns what the mixtures of a seed are worth as they are: the same for every condition."""
        if seed not in self._mixed:
            values = np.full((3, len(rows)), np.nan)
            for batch in track(list(_batches(rows)), description=f"mixtures, seed {seed}"):
                signals = _signals([rows[i] for i in batch])
                values[:, batch] = (
                    si_sdr(signals.audio, signals.wanted),
                    si_sdr(signals.audio, signals.unwanted),
                    sdr(signals.audio, signals.wanted),
                )
            self._mixed[seed] = Before(*values)
        return self._mixed[seed]

    def _stranger(self, row: Row, rng: np.random.Generator) -> int:
        """Draws somebody of the other talker's sex who is not in the mixture; anybody where there is none."""
        inside = {self.talkers[i].person for i in row.mixture.talkers}
        sex = self.talkers[row.other].sex
        outside = [i for i, talker in enumerate(self.talkers) if talker.person not in inside]
        alike = [i for i in outside if self.talkers[i].sex == sex]
        return int(rng.choice(alike or outside or [row.other]))

    def _measure(self, name: str, rows: Sequence[Row], strangers: Sequence[int], before: Before) -> Observations:
        targets, others = [row.target for row in rows], [row.other for row in rows]
        signals = _signals(rows)
        cues = self.gallery.cues(CONDITIONS[name], People(targets, others, strangers))
        kept = self.subject.keep(signals.audio, cues)
        wet = cut_to(kept.wet, signals.lengths)
        near, far = si_sdr(wet, signals.wanted), si_sdr(wet, signals.unwanted)
        after = sdr(wet, signals.wanted) if name in WITH_SDR else np.full(len(rows), np.nan)
        return Observations(
            target=np.array(targets, dtype=np.int64),
            other=np.array(others, dtype=np.int64),
            si_sdri=near - before.si_sdr,
            sdri=after - before.sdr,
            other_si_sdri=far - before.other_si_sdr,
            nearer=near > far,
            confidence=_confidence(kept.report, signals.lengths),
            present=_settled(kept.report[:, :, PRESENT], signals.lengths),
            quieter_db=np.array([-level_db(one, all_) for one, all_ in zip(wet, signals.audio, strict=True)]),
        )


class Row(NamedTuple):
    """A mixture, judged towards its talker ``side``."""

    mixture: Mixture
    side: int

    @property
    def target(self) -> int:
        """The wanted one."""
        return self.mixture.talkers[self.side]

    @property
    def other(self) -> int:
        """The unwanted one."""
        return self.mixture.talkers[1 - self.side]


class Before(NamedTuple):
    """What N mixtures are worth as they are, float64 ``[N]`` dB each: towards the target, and towards the other."""

    si_sdr: Decibels
    other_si_sdr: Decibels
    sdr: Decibels

    def rows(self, chosen: NDArray[np.int64]) -> Before:
        """Returns those of some mixtures."""
        return Before(*(column[chosen] for column in self))


class Signals(NamedTuple):
    """B mixtures with their two parts, float32 ``[B, T]`` each, zeros from each one's length on."""

    audio: Samples
    wanted: Samples
    unwanted: Samples
    lengths: list[int]


def _signals(rows: Sequence[Row]) -> Signals:
    return Signals(
        audio=padded([row.mixture.audio for row in rows]),
        wanted=padded([row.mixture.parts[row.side] for row in rows]),
        unwanted=padded([row.mixture.parts[1 - row.side] for row in rows]),
        lengths=[row.mixture.parts.shape[1] for row in rows],
    )


def _batches(rows: Sequence[Row]) -> Iterator[NDArray[np.int64]]:
    return in_batches([row.mixture.parts.shape[1] for row in rows])


def _confidence(report: Samples, lengths: Sequence[int]) -> Decibels:
    """Returns the confidence over the last second, frames weighted by the probability that the target speaks.

    It is about who is kept, and means nothing while nobody is.
    """
    weighted = _settled(report[:, :, PRESENT] * report[:, :, CONFIDENCE], lengths)
    weight = _settled(report[:, :, PRESENT], lengths)
    plain = _settled(report[:, :, CONFIDENCE], lengths)
    return np.where(weight > 1e-3, weighted / np.maximum(weight, 1e-3), plain)


def _settled(column: Samples, lengths: Sequence[int]) -> Decibels:
    """Returns the mean of a report's column ``[B, F]`` over the last second of each stream."""
    last = round(SETTLED_S * SAMPLE_RATE)
    return np.array(
        [
            float(row[max(0, frames_in(length - last)) : frames_in(length)].mean())
            for row, length in zip(column, lengths, strict=True)
        ]
    )
