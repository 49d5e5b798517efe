"""What is trained on what, and measured on what.

``filtered``: learned on 443 clips, chosen and calibrated on 197; then the same recipe on all 640, measured on 290 (no
faults, no artist in two parts). ``tracks``: 10-fold by track over all 1,000 clips. A run trains ``MEMBERS`` networks
and merges them into one, which is what it measures.

Invariant: the test clips decide nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.genre import GenreNet

from .corpus import Corpus, fold_of_tracks, load_gtzan, load_split
from .fit import FitSettings, Point
from .members import MEMBERS, STATISTICS_STATE, train_members
from .music import MusicSettings, fit_music
from .readings import Readings, fit_statistics, load_readings
from .recordings import Recordings, load_recordings
from .score import accuracy, accuracy_after, clip_probs, confusion, fit_temperature, reliability, served_probs
from .streams import StreamMaker, Streams

NUM_FOLDS = 10
NUM_SEEDS = 5


NOTES = {
    "filtered": "Trained on train and valid after every choice was made by networks trained on train alone; the last "
    "posterior of whole clips. accuracy_as_served: where the network may begin again as the music changes.",
    "tracks": "What whitens and standardises the statistics, without labels, is of the filtered train split.",
}


class Study:
    """The data, loaded once, and the protocols over it.

    Args:
        data: The data folder.
        runs: Where checkpoints, caches and results go.
        settings: How to train.
    """

    def __init__(self, data: Path, runs: Path, settings: FitSettings | None = None) -> None:
        self.runs = runs
        self.settings = settings or FitSettings()
        self.corpus: Corpus = load_gtzan(data)
        self.parts = {name: self.corpus.index(load_split(data, name)) for name in ("train", "valid", "test")}
        self._data = data
        self._template = self._measured_net()
        self.readings: Readings = load_readings(self._template, self.corpus, runs / "readings")

    def run_seed(self, seed: int) -> dict[str, Any]:
        """Runs the filtered protocol, or reads its result back; the network is then at ``load_seed(seed)``."""
        return self._result("filtered", f"seed{seed}", lambda: self._filtered(seed))

    def run_fold(self, fold: int) -> dict[str, Any]:
        """Trains on nine folds of tracks and measures the tenth, or reads the result back."""
        return self._result("tracks", f"fold{fold}", lambda: self._fold(fold))

    def load_seed(self, seed: int) -> GenreNet:
        """Returns the network of a finished seed, with music.

        Raises:
            FileNotFoundError: When that seed was not trained.
        """
        net = self.corpus.new_net(hidden=MEMBERS * self._template.embedding_size)
        net.load_state_dict(torch.load(self.runs / "networks" / f"seed{seed}.pt", weights_only=True))
        return net.eval()

    def load_trial(self, seed: int) -> GenreNet:
        """Returns the network of a finished seed that learned from the train clips alone: to choose by valid."""
        net, _ = self._train(self.parts["train"], seed, f"seed{seed}-trial", None)
        net.temperature.fill_(self.run_seed(seed)["valid"]["temperature"])
        self.fit_music(net)
        return net

    def recordings(self) -> Recordings:
        """Returns speech, ambience and opus takes of the train clips; decoding them the first time takes minutes."""
        train_ids = frozenset(self.corpus.ids[i] for i in self.parts["train"])
        return load_recordings(self._data, train_ids, self._template.bands, self.runs / "recordings.npz")

    def fit_music(self, net: GenreNet) -> dict[str, float]:
        """Gives ``net`` its music output; returns its figures on valid."""
        return fit_music(net, self._streams, MusicSettings(), self.runs / "music.pt")

    def _streams(self, part: str, count: int, seed: int) -> Streams:
        maker = StreamMaker(self.corpus, self.parts[part], self.recordings(), part)
        return maker.make(self._template, count, seed)

    def _filtered(self, seed: int) -> dict[str, Any]:
        train, valid, test = self.parts["train"], self.parts["valid"], self.parts["test"]
        labels = self.corpus.labels
        trial, curve = self._train(train, seed, f"seed{seed}-trial", valid)
        probs = clip_probs(trial, self.readings, valid)
        temperature = fit_temperature(probs, labels[valid])
        chosen_on = {"accuracy_after_s": accuracy_after(trial, self.corpus, valid, probs), "temperature": temperature}

        net, _ = self._train(np.concatenate([train, valid]), seed, f"seed{seed}-final", None)
        raw = clip_probs(net, self.readings, test)
        net.temperature.fill_(temperature)
        self.fit_music(net)
        path = self.runs / "networks" / f"seed{seed}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(net.state_dict(), path)
        served = served_probs(net, self.corpus, test)[:, -1]
        return self._figures(net, test, curve) | {
            "accuracy_as_served": accuracy(served, labels[test]),
            "valid": chosen_on,
            "ece_uncalibrated": reliability(raw[:, -1], labels[test])[0],
        }

    def _fold(self, fold: int) -> dict[str, Any]:
        folds = fold_of_tracks(self.corpus, NUM_FOLDS, seed=0)
        held_out = np.flatnonzero(folds == fold)
        net, curve = self._train(np.flatnonzero(folds != fold), fold, f"fold{fold}", held_out)
        return self._figures(net, held_out, curve)

    def _train(
        self, clips: NDArray[np.int64], seed: int, name: str, watched: NDArray[np.int64] | None
    ) -> tuple[GenreNet, list[Point]]:
        path = self.runs / "members" / name
        return train_members(self._template, self.corpus, self.readings, clips, self.settings, seed, path, watched)

    def _figures(self, net: GenreNet, clips: NDArray[np.int64], curve: list[Point]) -> dict[str, Any]:
        labels = self.corpus.labels[clips]
        probs = clip_probs(net, self.readings, clips)
        error, bins = reliability(probs[:, -1], labels)
        return {
            "unit": "clip",
            "n": len(clips),
            "accuracy": accuracy(probs[:, -1], labels),
            "accuracy_after_s": accuracy_after(net, self.corpus, clips, probs),
            "labels": list(self.corpus.label_names),
            "confusion": confusion(probs[:, -1], labels),
            "ece": error,
            "reliability": bins,
            "curve": [asdict(point) for point in curve],
            "parameters": sum(value.numel() for value in net.parameters()),
        }

    def _result(self, protocol: str, run: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        path = self.runs / "results" / "shipped" / protocol / f"{run}.json"
        if not path.is_file():
            begun_s = time.perf_counter()
            result = {"network": "shipped", "protocol": protocol, "run": run, **measure()}
            result |= {"seconds": round(time.perf_counter() - begun_s, 1), "note": NOTES[protocol]}
            path.parent.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            partial.write_text(json.dumps(result, indent=1))
            partial.replace(path)
        result = json.loads(path.read_text())
        return result

    def _measured_net(self) -> GenreNet:
        """Returns a network whose statistics are standardised on the train clips; no label is looked at."""
        net = self.corpus.new_net().eval()
        path = self.runs / "statistics.pt"
        if not path.is_file():
            fit_statistics(net, self.corpus, self.parts["train"])
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({name: net.state_dict()[name] for name in STATISTICS_STATE}, path)
        net.load_state_dict(torch.load(path, weights_only=True), strict=False)
        return net
