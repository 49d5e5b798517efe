"""One talker in noise, at 0, 5 and 10 dB: facefilter against RNNoise, on the same files.

Speech and noises are held out. RNNoise is given its best alignment and 48 kHz; it knows of no target, so facefilter is
tried without one too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from ..waveforms import SAMPLE_RATE
from .cues import Condition, Gallery, People
from .evidence import Evidence, Noise, Talker, numbers_of
from .measures import Samples, rms
from .mixing import LEVEL, SHORTEST, cut, levelled
from .quality import columns, quality_of
from .rnnoise import denoise
from .spread import Figure, mean_of
from .subject import Subject

SNRS_DB = (0, 5, 10)
LONGEST_S = 4.0
FILES = {"facevoice": 40, "librispeech": 20, "speechocean762": 20}
"""Talkers of each corpus, heard once at every level."""

CONDITIONS = {
    "no_target": Condition(),
    "voice": Condition(voice="target"),
    "face": Condition(face="target"),
    "both": Condition(face="target", voice="target"),
}
WITHOUT_FACE = ("noisy", "rnnoise", "no_target", "voice")

Columns = Mapping[str, NDArray[np.float64]]


class File(NamedTuple):
    """Somebody in noise, float32 ``[T]`` each."""

    talker: int
    noise: Noise
    clean: Samples
    noisy: Samples


def run(subject: Subject, evidence: Evidence) -> Figure:
    """Returns the contents of ``noise.json``."""
    talkers = chosen_talkers(evidence)
    gallery = Gallery.of(subject, talkers)
    by_snr = {}
    for snr_db in SNRS_DB:
        files = draw_files(talkers, evidence.noises, snr_db, np.random.default_rng(0))
        by_snr[str(snr_db)] = _judged(subject, gallery, talkers, files, f"{snr_db} dB")
    return {"files": len(talkers), "by_corpus": dict(FILES), "noises": len(evidence.noises), "snr_db": by_snr}


def chosen_talkers(evidence: Evidence) -> tuple[Talker, ...]:
    """Returns the talkers of every corpus, spread over its people, those with a face first."""
    sets = (evidence.faces, evidence.readers, evidence.learners)
    found: list[Talker] = []
    for talkers, count in zip(sets, FILES.values(), strict=True):
        fit = [talker for talker in talkers if len(talker.speech) >= SHORTEST]
        found += [fit[i] for i in np.unique(np.linspace(0, len(fit) - 1, min(count, len(fit))).round().astype(int))]
    return tuple(found)


def draw_files(
    talkers: Sequence[Talker], noises: Sequence[Noise], snr_db: float, rng: np.random.Generator
) -> list[File]:
    """Puts every talker into a noise; the same draws for every level when ``rng`` is the same."""
    files = []
    for i, talker in enumerate(talkers):
        noise = noises[int(rng.integers(len(noises)))]
        clean = levelled(talker.speech[: round(LONGEST_S * SAMPLE_RATE)])
        around = fitted(noise.samples, len(clean), rng)
        around = around * np.float32(LEVEL * 10 ** (-snr_db / 20) / max(rms(around), 1e-9))
        files.append(File(i, noise, clean, clean + around))
    return files


def fitted(x: Samples, length: int, rng: np.random.Generator) -> Samples:
    """Returns ``length`` samples of ``x`` from a random place; ``x`` is repeated where it is shorter."""
    return cut(np.tile(x, -(-length // len(x))), length, rng)


def _judged(subject: Subject, gallery: Gallery, talkers: Sequence[Talker], files: list[File], what: str) -> Figure:
    heard = {"noisy": [file.noisy for file in files]}
    heard["rnnoise"] = [denoise(file.noisy) for file in track(files, description=f"RNNoise, {what}")]
    rows = [file.talker for file in files]
    for name, condition in CONDITIONS.items():
        cues = gallery.cues(condition, People(rows, rows, rows))
        heard[name] = [kept.wet for kept in subject.keep_all(heard["noisy"], cues, f"{name}, {what}")]
    has_face = np.array([talkers[i].picture is not None for i in rows])
    measured = {
        name: columns([quality_of(x, file.clean) for x, file in zip(track(xs, description=name), files, strict=True)])
        for name, xs in heard.items()
    }
    who = numbers_of([talkers[i].person for i in rows])
    clusters = np.stack([who, who.max() + 1 + numbers_of([file.noise.source for file in files])], 1)
    everyone = {name: measured[name] for name in WITHOUT_FACE}
    return {
        "all": _compared(everyone, clusters, np.ones(len(files), dtype=bool)),
        "with_face": _compared(measured, clusters, has_face),
    }


def _compared(measured: Mapping[str, Columns], clusters: NDArray[np.int64], chosen: NDArray[np.bool_]) -> Figure:
    """Returns every system's figures, improvements over the noisy file and differences to RNNoise, file by file."""
    people = clusters[chosen]
    noisy, rival = measured["noisy"], measured["rnnoise"]
    return {
        name: {
            "is": {key: mean_of(column[chosen], people) for key, column in of.items()},
            "gain": {key: mean_of((column - noisy[key])[chosen], people) for key, column in of.items()},
            "over_rnnoise": {key: mean_of((column - rival[key])[chosen], people) for key, column in of.items()},
        }
        for name, of in measured.items()
    }
