"""One row of the table: trained, judged, written down; read back when that was done before.

Invariant: a result file is whole or not there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .evaluate import evaluate
from .fit import Fitted, Point, Recipe, fit
from .losses import Embed
from .mixing import Mixtures, draw_training, draw_trial
from .rows import Row
from .talkers import Talkers

TRIAL_SEED = 20_200
CURVE_SEED = 1_000_003
NUM_EACH = 160
NUM_WATCHED = 48

_NOTE = (
    "judged on facevoice valid people at 0 dB; pairs: phase of the mixture; griffin_lim: 32 iterations from it; sex of "
    "a person from the manifest, else estimated from the voice. Differs from the paper: width, 1,001 people and not "
    "5,994, the embeddings of our own joint space, one clip a person so that picture and voice are of one video, "
    "magnitudes floored in the loss"
)


@dataclass(frozen=True, slots=True)
class Trial:
    """What all rows are judged on.

    Attributes:
        talkers: People who are not trained on.
        mixtures: Of them, at 0 dB, the target first.
        watched: Other mixtures of them, for the learning curve.
    """

    talkers: Talkers
    mixtures: Mixtures
    watched: Mixtures

    @classmethod
    def draw(cls, talkers: Talkers, num_each: int = NUM_EACH, num_watched: int = NUM_WATCHED) -> Trial:
        """Draws ``num_each`` mixtures for each pair of sexes, and the watched ones."""
        mixtures = draw_trial(talkers, num_each, TRIAL_SEED)
        return cls(talkers, mixtures, draw_training(talkers, num_watched, CURVE_SEED, 0))


def run_row(
    row: Row,
    recipe: Recipe,
    talkers: Talkers,
    trial: Trial,
    embed: Embed | None,
    runs: Path,
    watch: Callable[[int, Point | None], None] = lambda step, point: None,
    tick: Callable[[int], None] = lambda count: None,
) -> dict[str, Any]:
    """Returns the result of a row, trained now if that was not done before.

    Args:
        row: Which.
        recipe: How it is trained.
        talkers: People to train on.
        trial: What it is judged on.
        embed: The frozen voice encoder, for ``srl``.
        runs: Where checkpoints (``paper/ROW``) and results (``results/paper/ROW.json``) go.
        watch: Called after every step of training.
        tick: Called with the number of mixtures just judged.
    """
    path = runs / "results" / "paper" / f"{row.name}.json"
    if path.is_file():
        stored: dict[str, Any] = json.loads(path.read_text())
        return stored
    fitted = fit(row, recipe, talkers, trial.watched, embed, runs / "paper" / row.name, watch)
    figures = evaluate(row, fitted.net, trial.mixtures, trial.talkers, tick)
    result = {"row": row.name, "title": row.title, **_training(fitted, recipe), **figures, "note": _NOTE}
    _write(path, json.dumps(result, indent=1))
    return result


def _training(fitted: Fitted, recipe: Recipe) -> dict[str, Any]:
    return {
        "width": recipe.width,
        "parameters": sum(parameter.numel() for parameter in fitted.net.parameters()),
        "recipe": asdict(recipe),
        "curve": [point._asdict() for point in fitted.curve],
        "seconds": round(fitted.seconds, 1),
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)
