"""What is trained on what, and measured on what.

``filtered``: train on 443 clips, stop and choose on 197, test once on 290 (fault-filtered, artists disjoint).
``folds``: 10-fold by track over all 1,000 clips, a fixed number of steps, nothing chosen.

Invariant: the test clips decide nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.genre import GenreNet

from .augment import Augmentation
from .batches import Batches, BatchSettings
from .corpus import Corpus, fold_of_tracks, load_gtzan, load_split
from .fit import FitSettings, fit
from .recordings import Recordings, load_recordings
from .score import carried_accuracy, clip_accuracy, clip_nll, music_shares, per_label, tag_clips

NUM_FOLDS = 10


class Study:
    """The data, loaded once, and the protocols over it.

    Args:
        data: The data folder.
        runs: Where checkpoints, caches and figures go.
    """

    def __init__(self, data: Path, runs: Path) -> None:
        self.runs = runs
        self.gtzan: Corpus = load_gtzan(data)
        self.parts = {name: self.gtzan.index(load_split(data, name)) for name in ("train", "valid", "test")}
        train_ids = frozenset(self.gtzan.ids[i] for i in self.parts["train"])
        self.recordings: Recordings = load_recordings(
            data, train_ids, self.gtzan.new_net().bands, runs / "recordings.npz"
        )

    def train_seed(self, seed: int, settings: FitSettings) -> GenreNet:
        """Trains on the filtered train clips, choosing on the valid clips; resumes what was begun."""
        net = self._new_net(self.parts["train"], seed, settings)
        batches = self._batches(self.parts["train"], BatchSettings())
        return fit(net, batches, settings, seed, self.runs / f"seed{seed}", self.validate)

    def load_seed(self, seed: int) -> GenreNet:
        """Returns the chosen weights of a finished seed.

        Raises:
            FileNotFoundError: When that seed was not trained.
        """
        net = self.gtzan.new_net()
        net.load_state_dict(torch.load(self.runs / f"seed{seed}" / "best.pt", weights_only=True))
        return net.eval()

    def validate(self, net: GenreNet) -> float:
        """Returns what training minimises on valid: clip log-likelihood, plus errors about music and speech."""
        tagged = tag_clips(net, self.gtzan, self.parts["valid"])
        missed = 1.0 - float((tagged.music[:, 11:] > 0.5).mean())
        others = self.recordings.select("valid", "speech", "ambience")
        false = float(music_shares(net, self.recordings, others[::8]).mean())
        return clip_nll(tagged, self.gtzan.labels[self.parts["valid"]]) + missed + false

    def figures(self, net: GenreNet, part: str) -> dict[str, Any]:
        """Returns every figure of ``net`` on ``valid`` or ``test``; shares are of 1."""
        clips = self.parts[part]
        tagged, labels = tag_clips(net, self.gtzan, clips), self.gtzan.labels[clips]
        by_time = {str(s): round(clip_accuracy(tagged, labels, s), 4) for s in (1, 3, 5, 10, 30)}
        figures: dict[str, Any] = {
            "clips": len(clips),
            "accuracy_after_s": by_time,
            "accuracy_in_one_stream": round(carried_accuracy(net, self.gtzan, clips), 4),
            "nll": round(clip_nll(tagged, labels), 4),
            "confusion": per_label(tagged, labels),
            "music_missed_frames": round(1.0 - float((tagged.music[:, 11:] > 0.5).mean()), 4),
            "music_missed_clips": round(float((tagged.music[:, 11:].mean(axis=1) < 0.5).mean()), 4),
        }
        for kind in ("speech", "ambience"):
            shares = music_shares(net, self.recordings, self.recordings.select(part, kind))
            figures[f"{kind}_recordings"] = len(shares)
            figures[f"{kind}_called_music_frames"] = round(float(shares.mean()), 4)
            figures[f"{kind}_called_music_recordings"] = round(float((shares > 0.5).mean()), 4)
        return figures

    def run_fold(self, fold: int, settings: FitSettings) -> float:
        """Trains on nine folds of tracks and returns the accuracy on the tenth; a finished fold is read back."""
        folder = self.runs / f"fold{fold}"
        result = folder / "accuracy.json"
        if result.is_file():
            return float(json.loads(result.read_text()))
        folds = fold_of_tracks(self.gtzan, NUM_FOLDS, seed=0)
        clips, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        # The opus copies are of clips that may be held out here: leave them aside. And with nothing asked about music
        # or not, fewer sequences do.
        net = fit(
            self._new_net(clips, fold, settings),
            self._batches(clips, BatchSettings(music=48, other=8, num_frames=200, opus=0.0)),
            settings,
            fold,
            folder,
        )
        accuracy = clip_accuracy(tag_clips(net, self.gtzan, held_out), self.gtzan.labels[held_out])
        result.write_text(json.dumps(accuracy))
        return accuracy

    def _new_net(self, clips: NDArray[np.int64], seed: int, settings: FitSettings) -> GenreNet:
        torch.manual_seed(seed)
        net = self.gtzan.new_net(settings.dropout)
        mel = torch.from_numpy(self.gtzan.mel[clips, :343]).float() * 0.5 - 100.0
        mfcc = net.mfcc(mel).flatten(0, 1)
        net.set_standardisation(mfcc.mean(0), mfcc.std(0))
        return net

    def _batches(self, clips: NDArray[np.int64], settings: BatchSettings) -> Batches:
        return Batches(self.gtzan, clips, self.recordings, settings, Augmentation())
