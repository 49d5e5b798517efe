"""``evaluate``: runs the trials on the model that ships and writes ``results/<name>.json``, one file a trial.

Invariant: a result names the model it was measured on, and is measured again only when that is another one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console

from models.export import ARTIFACTS

from ..corpus import CorpusError
from ..embeddings import EmbeddingsMissing
from ..reporting.document import section_of
from . import (
    absent,
    alone,
    calibration,
    examples,
    lock_on,
    matching,
    noise,
    robustness,
    separation,
    served,
    voice_targets,
)
from .evidence import Evidence
from .observations import Bench
from .spread import Figure
from .subject import Subject

DATA = Path(os.path.relpath(Path(__file__).parents[4] / "shared" / "data"))
RUNS = Path("runs") / "facefilter"
LEARNERS = 200
"""Mixtures a seed of the people of speechocean762: there are 15."""

console = Console()


@dataclass(frozen=True)
class Setting:
    """What a trial is made with.

    Attributes:
        subject: The model.
        evidence: The held-out people and noises.
        runs: Where observations are kept.
    """

    subject: Subject
    evidence: Evidence
    runs: Path

    @cached_property
    def faces(self) -> Bench:
        """Mixtures of the people who have a picture."""
        return Bench(self.subject, self.evidence.faces, self.runs / "observations" / "facevoice")

    @cached_property
    def learners(self) -> Bench:
        """Mixtures of the people who say several sentences."""
        return Bench(self.subject, self.evidence.learners, self.runs / "observations" / "speechocean762", LEARNERS)


TRIALS: Mapping[str, Callable[[Setting], Figure]] = {
    "matching": lambda setting: matching.run(setting.subject, setting.evidence),
    "separation": lambda setting: separation.run(setting.faces),
    "calibration": lambda setting: calibration.run(setting.faces),
    "examples": lambda setting: examples.run(setting.faces),
    "voice_targets": lambda setting: voice_targets.run(setting.learners),
    "absent": lambda setting: absent.run(setting.subject, setting.evidence),
    "alone": lambda setting: alone.run(setting.subject, setting.evidence),
    "noise": lambda setting: noise.run(setting.subject, setting.evidence),
    "robustness": lambda setting: robustness.run(setting.subject, setting.evidence),
    "lock_on": lambda setting: lock_on.run(setting.subject, setting.evidence),
    "served": lambda setting: served.run(setting.subject, setting.evidence),
}
"""Every trial by the name of its file."""


def evaluate(
    trial: Annotated[list[str] | None, typer.Argument(help=f"Of {', '.join(TRIALS)}; all without.")] = None,
    data: Annotated[
        Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, show_default=True)
    ] = DATA,
    runs: Annotated[Path, typer.Option(help="Results go to its folder results.", file_okay=False)] = RUNS,
    artifacts: Annotated[Path, typer.Option(help="Folder of the models to try.", file_okay=False)] = ARTIFACTS,
    again: Annotated[bool, typer.Option("--again", help="Also what was measured on these models before.")] = False,
) -> None:
    """Tries the facefilter that ships on people it has never met: matching, separation, noise, lock-on and more."""
    torch.set_num_threads(1)
    names = trial or list(TRIALS)
    if unknown := sorted(set(names) - set(TRIALS)):
        raise typer.BadParameter(f"expected of {', '.join(TRIALS)}, got {', '.join(unknown)}")
    try:
        evidence = Evidence.load(data, runs)
    except (CorpusError, EmbeddingsMissing) as error:
        raise typer.BadParameter(str(error)) from error
    run_trials(Setting(Subject.load(artifacts), evidence, runs), runs / "results", names, again=again)


def run_trials(setting: Setting, folder: Path, names: Sequence[str], *, again: bool) -> None:
    """Runs the trials ``names``, writes their results into ``folder`` and prints what they came to."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.json"
        if not again and _measured_on(path) == setting.subject.digest:
            console.print(f"{name}: measured before, see {path}")
        else:
            begun_s = time.perf_counter()
            figures = TRIALS[name](setting)
            took_s = round(time.perf_counter() - begun_s, 1)
            _write(path, {"trial": name, "model_sha256": setting.subject.digest, "took_s": took_s, **figures})
            console.print(f"{name}: {took_s:.0f} s, see {path}")
        console.print(section_of(name, json.loads(path.read_text())), markup=False, highlight=False, soft_wrap=True)


def _measured_on(path: Path) -> str | None:
    return json.loads(path.read_text()).get("model_sha256") if path.is_file() else None


def _write(path: Path, figures: Figure) -> None:
    # Written whole or not at all: a trial that was cut is run again.
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
    os.replace(partial, path)
