"""The README of the report.

Invariant: its headings are always the same; under one without results it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .estimates import binomial_error
from .markdown import percent, picture
from .networks import ordered, title
from .results import Results
from .runs import PROTOCOLS
from .sections.after import after_section
from .sections.calibration import calibration_section
from .sections.long_stream import long_stream_section
from .sections.non_music import non_music_section
from .sections.served import real_audio_section, robustness_section
from .sections.speed import speed_section
from .tables import hierarchy_table, network_table, segment_table

Section = Callable[[Results, frozenset[str]], str]

NOT_MEASURED = "Not measured."

SECTIONS: tuple[tuple[str, Section], ...] = (
    ("After 1 to 30 seconds", after_section),
    ("Calibration", calibration_section),
    ("A long stream", long_stream_section),
    ("What is not music", non_music_section),
    ("Real audio", real_audio_section),
    ("Degraded audio", robustness_section),
    ("Speed", speed_section),
)

INTRODUCTION = f"""\
# The genre networks, measured

Written by `python -m training.genre report`; do not edit. [`results.json`](results.json) holds every run behind it.

Paper 000 is "Research on music genre classification algorithm based on deep learning" (Zhang), paper 004 "Music
Information Retrieval and Classification using Deep Learning" (Jain et al.). Their networks are in
[`models/baselines`](../../../models/baselines), which says where the papers contradict themselves.

Three protocols, all on GTZAN. *The paper's own* deals segments at random, so that a second of a song is tested with
its neighbours in training: it leaks, and is here to be compared with the papers alone. *10-fold by track* keeps a song
on one side; but GTZAN has songs twice and artists in many folds (Sturm, 2013), so it flatters. *Fault-filtered* trains
on 443 clips, stops and chooses on 197, and is scored on 290 with no fault and no artist in two parts: the figure to
believe.

Figures are per cent, `mean ± standard error (runs)`: over runs, deviation / √runs; for a single run, marked †, the
binomial error of its items as if they were independent (of clips and not segments where a clip stays whole). Seeds
share their test clips, so their spread does not hold what other clips would have given: for 290 clips that is
{percent(binomial_error(0.65, 290))} points at 65 %."""


def render(results: Results, drawn: frozenset[str]) -> str:
    """Returns the README.

    Args:
        results: Condensed.
        drawn: Names of the pictures that exist beside it.
    """
    parts = [INTRODUCTION, *_networks(results, drawn), *_hierarchy(results), *_learning(results, drawn)]
    parts += ["## The network that ships", _models(results)]
    for heading, section in SECTIONS:
        parts += [f"### {heading}", section(results, drawn) or NOT_MEASURED]
    return "\n\n".join(part for part in parts if part) + "\n"


def _networks(results: Results, drawn: frozenset[str]) -> Iterator[str]:
    yield "## Every network of the two papers"
    yield network_table(results)
    yield picture("accuracy.webp", "Accuracy of every network under every protocol", drawn)
    yield (
        "By track and fault-filtered a clip is named by the mean posterior of its segments. The papers score segments; "
        "the same runs by segment:"
    )
    yield segment_table(results)
    yield from _notes(results)


def _notes(results: Results) -> Iterator[str]:
    """Yields what was cut short or chosen, once for each network and protocol that has something of its own to say."""
    lines = []
    for network in ordered(results):
        by_note: dict[str, list[str]] = {}
        for protocol in PROTOCOLS:
            for note in dict.fromkeys(run.note for run in results.of(network, protocol) if run.note):
                by_note.setdefault(note, []).append(protocol)
        lines += [f"- {title(network)} ({', '.join(protocols)}): {note}" for note, protocols in by_note.items()]
    if lines:
        yield "<details><summary>What was chosen or cut short</summary>"
        yield "\n".join(lines)
        yield "</details>"


def _models(results: Results) -> str:
    """Returns which artifact the trials were made with; which one each, where they differ."""
    by_model: dict[str, list[str]] = {}
    for name, trial in results.trials.items():
        if "model_sha256" in trial:
            by_model.setdefault(trial["model_sha256"][:12], []).append(name)
    if len(by_model) < 2:
        return "".join(f"Measured on the artifact with SHA-256 `{model}...`." for model in by_model)
    lines = (f"- `{model}...`: {', '.join(names)}" for model, names in sorted(by_model.items()))
    return "Not all of this was measured on one artifact. By SHA-256:\n\n" + "\n".join(lines)


def _hierarchy(results: Results) -> Iterator[str]:
    yield "## The hierarchy of paper 000"
    yield "Each node is scored on the music of its own genres, whatever the nodes above it would have said."
    yield hierarchy_table(results)


def _learning(results: Results, drawn: frozenset[str]) -> Iterator[str]:
    yield "## Confusions and learning curves"
    shown = [
        picture("confusion.webp", "Confusion matrix of the network that ships", drawn),
        picture("confusion_baselines.webp", "Confusion matrices of the papers' networks", drawn),
        picture("learning_curves.webp", "Accuracy on valid and training loss by epoch", drawn),
    ]
    yield "\n\n".join(part for part in shown if part) or NOT_MEASURED
