"""The README of the report.

Invariant: its headings are always the same; under one without results it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...genre.reporting.markdown import picture
from .results import Content, Results
from .sections.absent import absent_section
from .sections.alone import alone_section
from .sections.calibration import calibration_section
from .sections.goals import goals_section
from .sections.lock_on import lock_on_section
from .sections.matching import matching_section
from .sections.noise import noise_section
from .sections.papers import papers_section
from .sections.robustness import robustness_section
from .sections.separation import separation_section
from .sections.served import served_section
from .sections.voice_targets import voice_targets_section

Section = Callable[[Content], str]

NOT_MEASURED = "Not measured."

SECTIONS: Mapping[str, tuple[str, Section]] = {
    "matching": ("Matching faces and voices", matching_section),
    "separation": ("Two people at once", separation_section),
    "calibration": ("Confidence", calibration_section),
    "voice_targets": ("A voice known by another sentence", voice_targets_section),
    "lock_on": ("Lock-on", lock_on_section),
    "absent": ("The target says nothing", absent_section),
    "alone": ("The target alone", alone_section),
    "noise": ("One talker in noise, against RNNoise", noise_section),
    "robustness": ("Streams that go wrong", robustness_section),
    "served": ("Through `tectum process`", served_section),
}
"""Heading and section by name of the trial."""

PICTURES = {
    "matching": ("similarities.webp", "Similarities of the same person, the same sex and the other sex"),
    "calibration": ("confidence.webp", "SI-SDRi and accuracy against confidence"),
}

INTRODUCTION = """\
# Facefilter, measured

Written by `python -m training.facefilter report` from [`results.json`](results.json); do not edit. The figures come
from `python -m training.facefilter evaluate`, which loads the artifacts that ship and streams audio through them, hop
by hop, each stream from a fresh start.

**People.** Everybody is held out: the `valid` people of `facevoice` (one picture and one recording of 3 to 6 s each;
a few have two), LibriSpeech, speechocean762 and noises of the valid part. With one recording a person, the voice sample
is its first 40 % (2 s at most) and the mixture is made of the rest, so **sample and mixture share a recording**, its
room and its microphone; speechocean762, where the sample is another sentence, shows how far that matters.

**Sex.** `facevoice` does not give the sex of the people that are measured here: it is estimated from the voice, as f or
m. That is wrong for some people, and says nothing of how they would name it themselves. In `M-F` the target is a man
and the other talker a woman.

**Errors** are standard errors clustered by person: a person is in many mixtures, as target and as the other talker, so
observations that have a person in common are not independent (dyadic clustering; Aronow, Samii and Assenova, 2015). In
noise they are clustered by talker and noise. Seeds draw other mixtures of the same people; they are pooled.

**Measures.** SI-SDRi and SDRi are gains over the mixture in dB. *Accuracy* is how often the output is nearer to the
target than to the other talker, by SI-SDR; 50 % is chance."""


def render(results: Results, drawn: frozenset[str]) -> str:
    """Returns the README.

    Args:
        results: Condensed.
        drawn: Names of the pictures that exist beside it.
    """
    parts = [INTRODUCTION, _models(results), "## Goals", goals_section(results)]
    for name, (heading, section) in SECTIONS.items():
        trial = results.trials.get(name)
        parts += [f"## {heading}", section(trial) if trial else NOT_MEASURED]
        if trial and name in PICTURES:
            parts.append(picture(*PICTURES[name], drawn))
        if name == "separation":
            parts.append(_spectrograms(results, drawn))
    parts += ["## The paper's network", papers_section(results) or NOT_MEASURED]
    parts.append(picture("paper_curves.webp", "Training of the paper's four rows", drawn))
    parts += ["## Training of the separator", _training(drawn)]
    return "\n\n".join(part for part in parts if part) + "\n"


def section_of(name: str, trial: Content) -> str:
    """Returns a trial's part of the report, for those who just ran it; nothing of one that is a picture alone."""
    return SECTIONS[name][1](trial) if name in SECTIONS else ""


def _training(drawn: frozenset[str]) -> str:
    return picture("training.webp", "Training of the separator", drawn) or NOT_MEASURED


def _spectrograms(results: Results, drawn: frozenset[str]) -> str:
    shown = picture("spectrograms.webp", "Target, mixture and output for every pair of sexes", drawn)
    if not shown:
        return ""
    return (
        "Two seconds of a mixture of every kind, as in the paper's Figure 2, told the target by its face: of all "
        f"mixtures of the kind the one whose SI-SDRi is the median.\n\n{shown}"
    )


def _models(results: Results) -> str:
    """Returns which artifacts the trials were made with; which ones each, where they differ."""
    by_model: dict[str, list[str]] = {}
    for name, trial in results.trials.items():
        if trial.get("model_sha256"):
            by_model.setdefault(trial["model_sha256"][:12], []).append(name)
    if len(by_model) < 2:
        return "".join(f"Measured on the artifacts with the common SHA-256 `{model}...`." for model in by_model)
    lines = (f"- `{model}...`: {', '.join(names)}" for model, names in sorted(by_model.items()))
    return "Not all of this was measured on the same artifacts. By SHA-256:\n\n" + "\n".join(lines)
