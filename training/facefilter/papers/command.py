"""What ``python -m training.facefilter train paper --row ROW`` calls: a bar while it trains, then the result."""

from __future__ import annotations

from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ..study import Study
from .fit import Point, Recipe
from .heard_voice import HeardVoice
from .rows import ROWS, RowName
from .run import NUM_EACH, Trial, run_row
from .talkers import Talkers


def train_row(
    name: RowName, study: Study, recipe: Recipe | None = None, num_each: int = NUM_EACH, console: Console | None = None
) -> dict[str, Any]:
    """Trains a row of paper 002's tables, judges it, and writes its result; what is there is read back.

    A run that was cut goes on from its last checkpoint.

    Args:
        name: Of the row.
        study: Has recordings, embeddings and the voice network; its folder receives checkpoints and results.
        recipe: How to train; as the committed figures were without.
        num_each: Mixtures for each pair of sexes that it is judged on.
        console: Where the bar is drawn.

    Returns:
        The result: ``row``, ``width``, ``parameters``, ``mixtures``, ``pairs``, ``griffin_lim``, ``curve``, ``seconds``
        and more; see ``run_row`` and ``evaluate``.

    Raises:
        EmbeddingsMissing: ``train matching`` has not run.
        CorpusError: The data folder has not the people that mixtures need.
        PublicWeightsError: The voice encoder's weights are not there (``srl`` alone needs them).
    """
    row, recipe = ROWS[name], recipe or Recipe()
    # Activations that saturate leave denormals behind, which slow everything after them.
    torch.set_flush_denormal(True)
    train, valid = (_talkers(study, part) for part in ("train", "valid"))
    trial, embed = Trial.draw(valid, num_each), HeardVoice(study.voice()) if row.speaker else None
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(row.title, total=recipe.steps)
        judging = progress.add_task("judging", total=len(trial.mixtures.people))

        def watch(step: int, point: Point | None) -> None:
            told = f"{row.title}: loss {point.loss:.3f}, held out {point.held_out:.3f}" if point else row.title
            progress.update(bar, completed=step, description=told)

        result = run_row(row, recipe, train, trial, embed, study.folder, watch, lambda n: progress.advance(judging, n))
    progress.console.print(f"{row.title}: {summary(result)}")
    return result


def summary(result: dict[str, Any]) -> str:
    """Returns SDR gained and accuracy with their standard errors, over all pairs and of opposite sexes."""
    return "; ".join(_told(kind, result["pairs"][kind]) for kind in ("all", "opposite"))


def _told(kind: str, figures: dict[str, float]) -> str:
    sdri = f"SDRi {figures['sdri']:.2f} +- {figures['sdri_se']:.2f} dB"
    return f"{kind} {sdri}, right {100 * figures['accuracy']:.1f} +- {100 * figures['accuracy_se']:.1f} %"


def _talkers(study: Study, part: str) -> Talkers:
    embeddings = study.embeddings
    return Talkers(study.recordings, study.waveforms, embeddings.face, embeddings.sex, part)
