"""``trials``: runs them on the model that ships and writes ``results/shipped/<name>.json``, one file a trial.

Invariant: a result names the model it was measured on, and is measured again only when that is another one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from models.export import ARTIFACTS

from . import calibration, long_stream, non_music, random_starts, real_audio, robustness
from .evidence import Evidence
from .listening import Subject
from .spread import Figure

TRIALS: dict[str, Callable[[Subject, Evidence], Figure]] = {
    "random_starts": random_starts.run,
    "calibration": calibration.run,
    "long_stream": long_stream.run,
    "non_music": non_music.run,
    "robustness": robustness.run,
    "real_audio": real_audio.run,
}
"""Every trial by the name of its file, the quick ones first; all together take about a quarter of an hour."""

DATA = Path(os.path.relpath(Path(__file__).parents[4] / "shared" / "data"))
RUNS = Path("runs") / "genre"

console = Console()


def trials(
    data: Annotated[
        Path, typer.Option(envvar="TECTUM_DATA", help="The data folder.", file_okay=False, exists=True)
    ] = DATA,
    runs: Annotated[Path, typer.Option(help="Results go to its folder results/shipped.", file_okay=False)] = RUNS,
    artifacts: Annotated[Path, typer.Option(help="Folder of the model to try.", file_okay=False)] = ARTIFACTS,
    only: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(TRIALS)}; may be repeated.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was measured on this model before.")] = False,
) -> None:
    """Tries the model that ships: long streams, non-music, real audio, damage, random starts, calibration."""
    if unknown := sorted(set(only or ()) - set(TRIALS)):
        raise typer.BadParameter(f"expected of {', '.join(TRIALS)}, got {', '.join(unknown)}")
    subject, evidence = Subject.load(artifacts), Evidence.load(data)
    run_trials(subject, evidence, runs / "results" / "shipped", only or list(TRIALS), again=again)


def run_trials(subject: Subject, evidence: Evidence, folder: Path, names: Sequence[str], *, again: bool) -> None:
    """Runs the trials ``names`` and writes their results into ``folder``.

    Raises:
        ValueError: When the model's labels are not those of the recordings.
    """
    if subject.labels != evidence.corpus.label_names:
        raise ValueError(f"expected a model of {evidence.corpus.label_names}, got one of {subject.labels}")
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.json"
        if not again and _measured_on(path) == subject.digest:
            console.print(f"{name}: measured before, see {path}")
            continue
        begun_s = time.perf_counter()
        figures = TRIALS[name](subject, evidence)
        took_s = round(time.perf_counter() - begun_s, 1)
        _write(path, {"trial": name, "model_sha256": subject.digest, "took_s": took_s, **figures})
        console.print(f"{name}: {took_s:.0f} s, see {path}")


def _measured_on(path: Path) -> str | None:
    return json.loads(path.read_text()).get("model_sha256") if path.is_file() else None


def _write(path: Path, figures: Figure) -> None:
    # Written whole or not at all: a trial that was cut is run again.
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
    os.replace(partial, path)
