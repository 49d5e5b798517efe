"""One run of one network under one protocol: trained, scored, written down; read back when that was done before.

Invariant: a result file is whole or not there.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from ..corpus import load_gtzan
from .division import Division
from .flat import Measured, Watch, measure_flat
from .recipes import RECIPES, Recipe
from .segments import Segments, cut
from .splits import NUM_FOLDS, PROTOCOLS, by_segment, by_track, filtered
from .tree import measure_tree

Network = Literal["lstm", "hierarchy", "crnn", "mlp", "lstm64", "cnn"]
NETWORKS = get_args(Network)
HIERARCHY = "hierarchy"

_NOTES = {
    "segments": "segments dealt at random, so parts of a clip are on both sides: it leaks, as in the paper",
    "tracks": "one tenth of the tracks for the test, one for early stopping, eight to train on",
    "filtered": "fault-filtered, artist-disjoint; trained on train alone, valid stops early",
}


def run_name(network: str, protocol: str, number: int) -> str:
    """Returns ``foldN`` where the runs of a protocol differ in what is tested, and ``seedN`` where they do not."""
    divided = protocol == "tracks" or (protocol == "segments" and recipe_of(network).test_tenths == 1)
    return f"{'fold' if divided else 'seed'}{number}"


def recipe_of(network: str) -> Recipe:
    """Returns how ``network`` is trained: the nodes of the hierarchy as the LSTM, which they are.

    Raises:
        ValueError: On a network that there is not.
    """
    if network not in NETWORKS:
        raise ValueError(f"expected one of {', '.join(NETWORKS)}, got {network!r}")
    return RECIPES["lstm" if network == HIERARCHY else network]


class Study:
    """The data, loaded once, and every run over it.

    Args:
        data: The data folder.
        runs: Where checkpoints (``papers/``) and results (``results/``) go.
    """

    def __init__(self, data: Path, runs: Path) -> None:
        self.data = data
        self.runs = runs
        self.corpus = load_gtzan(data)
        self._cut: dict[int, Segments] = {}

    def run(self, network: str, protocol: str, number: int, watch: Watch = lambda node, point: None) -> dict[str, Any]:
        """Returns the result of a seed or fold, trained now if that was not done before.

        Args:
            network: One of ``NETWORKS``.
            protocol: One of ``PROTOCOLS``.
            number: Of the seed or fold.
            watch: Called after every epoch with the name of the node (empty but in the hierarchy) and its figures.

        Raises:
            ValueError: On a network, protocol or fold that there is not.
        """
        place = Path(network, protocol, run_name(network, protocol, number))
        path = (self.runs / "results" / place).with_suffix(".json")
        if path.is_file():
            stored: dict[str, Any] = json.loads(path.read_text())
            return stored
        recipe, division = recipe_of(network), self.divide(network, protocol, number)
        measure = measure_tree if network == HIERARCHY else measure_flat
        measured = measure(recipe, division, number, self.runs / "papers" / place, watch)
        path.parent.mkdir(parents=True, exist_ok=True)
        if division.unit == "clip":
            self._save_posteriors(measured, division, path.with_suffix(".npz"))
        result = {
            "network": network,
            "protocol": protocol,
            "run": place.name,
            "labels": list(self.corpus.label_names),
            **measured.result,
            "note": f"{measured.result['note']}; {recipe.schedule}; {_NOTES[protocol]}",
        }
        _write(path, json.dumps(result))
        return result

    def divide(self, network: str, protocol: str, number: int) -> Division:
        """Returns the corpus cut for ``network`` and dealt for a run of ``protocol``."""
        recipe = recipe_of(network)
        if run_name(network, protocol, number).startswith("fold") and number >= NUM_FOLDS:
            raise ValueError(f"expected a fold in [0, {NUM_FOLDS - 1}], got {number}")
        segments = self._segments(recipe.num_segments)
        if protocol == "segments":
            parts = by_segment(len(segments.labels), recipe.test_tenths, number)
        elif protocol == "tracks":
            parts = by_track(self.corpus, segments, number)
        elif protocol == "filtered":
            parts = filtered(self.corpus, segments, self.data)
        else:
            raise ValueError(f"expected one of {', '.join(PROTOCOLS)}, got {protocol!r}")
        return Division(segments, parts, self.corpus.label_names, "segment" if protocol == "segments" else "clip")

    def _segments(self, num_segments: int) -> Segments:
        if num_segments not in self._cut:
            num_frames = int(self.corpus.frames.min())
            self._cut[num_segments] = cut(self.corpus.mel, self.corpus.labels, num_segments, num_frames)
        return self._cut[num_segments]

    def _save_posteriors(self, measured: Measured, division: Division, path: Path) -> None:
        """Writes ids and mean posteriors of the clips of valid and test, so that fusions of networks can be tried."""
        arrays: dict[str, Any] = {}
        for name, probs in (("valid", measured.valid), ("test", measured.test)):
            items, clips = division.items(probs, getattr(division.parts, name))
            arrays[f"{name}_ids"] = np.array([self.corpus.ids[clip] for clip in clips])
            arrays[f"{name}_labels"] = items.labels
            arrays[f"{name}_probs"] = items.probs
        np.savez(path, **arrays)


def _write(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    part.write_text(text)
    os.replace(part, path)
