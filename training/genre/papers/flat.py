"""A network with one output for each genre: trained, and what it says of valid and test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from .division import Division
from .fit import Fitted, Point, Task, fit, predict
from .recipes import Recipe
from .score import Probs

Watch = Callable[[str, Point], None]


class Measured(NamedTuple):
    """A run that was trained and scored.

    Attributes:
        result: What goes into the result file, less the name of the run.
        valid: Posteriors of the segments of valid, ``[V, L]``.
        test: Those of test, ``[T, L]``.
    """

    result: dict[str, Any]
    valid: Probs
    test: Probs


def measure_flat(recipe: Recipe, division: Division, seed: int, folder: Path, watch: Watch) -> Measured:
    """Trains and scores one network.

    Args:
        recipe: Which, and how.
        division: On what.
        seed: Of the weights, the order of the segments and dropout.
        folder: For the checkpoint.
        watch: Called with ``""`` after every epoch.
    """
    segments, parts = division.segments, division.parts
    torch.manual_seed(seed)
    net = recipe.build(len(division.label_names), segments.mel.shape[1])
    task = Task(segments, segments.labels, parts.train, parts.valid)
    fitted = fit(net, task, recipe, seed, folder, lambda point: watch("", point))
    valid, test = predict(fitted.net, segments, parts.valid), predict(fitted.net, segments, parts.test)
    result = {**division.score(test), **training_figures(fitted), "note": recipe.note}
    return Measured(result, valid, test)


def training_figures(fitted: Fitted) -> dict[str, Any]:
    """Returns ``curve``, ``parameters`` and ``seconds`` as a result holds them."""
    return {
        "curve": [point._asdict() for point in fitted.curve],
        "parameters": sum(parameter.numel() for parameter in fitted.net.parameters()),
        "seconds": fitted.seconds,
    }
