"""The seven LSTMs of paper 000: each trained on its own genres, then scored alone and together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from models.baselines.hierarchy import TREE, Node, multiply, new_node, route

from .division import Division
from .fit import Fitted, Task, fit, predict
from .flat import Measured, Watch, training_figures
from .recipes import Recipe
from .score import Probs
from .segments import Indices

_NOTE = (
    "accuracy is of the products of posteriors, hard routing is in combinations (by clip: the vote of its segments); "
    "each node is trained and scored on its own genres; curve is that of LSTM1"
)


class _Heard(NamedTuple):
    """One node, and its posteriors on all of valid and test, whatever their genre."""

    fitted: Fitted
    valid: Probs
    test: Probs


def measure_tree(recipe: Recipe, division: Division, seed: int, folder: Path, watch: Watch) -> Measured:
    """Trains the seven nodes; arguments as of ``measure_flat``, ``watch`` is called with the node's name."""
    heard = [_train_node(node, recipe, division, seed, folder, watch) for node in TREE]
    names = division.label_names
    valid = [torch.from_numpy(node.valid) for node in heard]
    test = [torch.from_numpy(node.test) for node in heard]
    soft, hard = division.score(multiply(test, names).numpy()), division.score(route(test, names).numpy())
    trained = [training_figures(node.fitted) for node in heard]
    result = {
        **soft,
        "combinations": {"product": soft, "hard": hard},
        "nodes": {node.name: _node_figures(node, said, division) for node, said in zip(TREE, heard, strict=True)},
        "curve": trained[0]["curve"],
        "parameters": sum(figures["parameters"] for figures in trained),
        "seconds": sum(figures["seconds"] for figures in trained),
        "note": f"{_NOTE}; {recipe.note}",
    }
    return Measured(result, multiply(valid, names).numpy(), multiply(test, names).numpy())


def _train_node(node: Node, recipe: Recipe, division: Division, seed: int, folder: Path, watch: Watch) -> _Heard:
    segments, parts = division.segments, division.parts
    targets = _branches(node, division.label_names)[segments.labels]
    own = [part[targets[part] >= 0] for part in (parts.train, parts.valid)]
    torch.manual_seed(seed)
    net = new_node(node)
    fitted = fit(
        net, Task(segments, targets, *own), recipe, seed, folder / node.name, lambda point: watch(node.name, point)
    )
    return _Heard(fitted, predict(fitted.net, segments, parts.valid), predict(fitted.net, segments, parts.test))


def _node_figures(node: Node, heard: _Heard, division: Division) -> dict[str, Any]:
    scored = division.score_branches(heard.test, _branches(node, division.label_names))
    return {**scored, "epochs": len(heard.fitted.curve), "curve": training_figures(heard.fitted)["curve"]}


def _branches(node: Node, label_names: tuple[str, ...]) -> Indices:
    return np.array([node.branch_of(label) for label in label_names], dtype=np.int64)
