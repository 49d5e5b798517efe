"""Everything that training and measuring facefilter start from, made when first needed and kept under one folder.

Invariant: a stage that is on disk is used as it is; delete its file to make it again.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import nn

from models.face import Face
from models.face_encoder import CLIP, FaceEncoder, FaceHead
from models.face_finder import FaceFinder
from models.separator import Separator
from models.voice_encoder import VoiceEncoder

from . import public_weights
from .corpus import Recording, read_corpus, read_manifest
from .embeddings import Embeddings, load_embeddings, save_embeddings
from .faces import Seen, list_pictures, load_seen
from .matching import MatchingOptions, Pairs, embed_faces, fit_face_head, fit_voice_head
from .mixtures import Material
from .rooms import load_rooms
from .separation import CHECKPOINT, SeparationOptions, train_separator
from .sexes import sex_scores
from .voices import Readings, load_readings, public_voice_encoder
from .waveforms import Waveforms, load_waveforms

NUM_HEADS = 3
NUM_FOLDS = 5
LEAST_DEVIATION = 1e-3
VOICE_DEVIATION = 0.02

Array = NDArray[np.float32]


class Study:
    """The stages, from recordings to the separator.

    Args:
        data: The data folder.
        folder: Where stages are kept.
        public: Where the packages with public weights were unpacked: ``package`` and ``resemblyzer`` below it.
        console: Where progress is told.
    """

    def __init__(self, data: Path, folder: Path, public: Path, console: Console) -> None:
        self.data = data
        self.folder = folder
        self.public = public
        self.console = console

    @cached_property
    def recordings(self) -> tuple[Recording, ...]:
        """All recordings."""
        return read_corpus(self.data)

    @cached_property
    def waveforms(self) -> Waveforms:
        """Their samples."""
        return load_waveforms(self.data, self.recordings, self.folder)

    @cached_property
    def rooms(self) -> Array:
        """Impulse responses."""
        return load_rooms(self.folder)

    @cached_property
    def embeddings(self) -> Embeddings:
        """As ``train_matching`` left them."""
        return load_embeddings(self.folder, self.recordings)

    @cached_property
    def material(self) -> Material:
        """What mixtures are made of."""
        return Material(self.recordings, self.waveforms, self.embeddings, self.rooms)

    @cached_property
    def readings(self) -> Readings:
        """What the voice encoder reads."""
        encoder = public_voice_encoder(self.public)
        return load_readings(self.recordings, self.waveforms, self.rooms, encoder, self.folder / "voices.npz")

    @cached_property
    def seen(self) -> Seen:
        """What the public networks see in faces."""
        pictures = list_pictures(self.data, self.recordings)
        encoder = self._face_encoder([], np.zeros(1), np.ones(1))
        return load_seen(self.data, pictures, self._finder(), encoder, self.folder / "faces.npz")

    def train_matching(self) -> dict[str, Any]:
        """Trains the heads of faces and voices, embeds everything, and returns how well faces and voices match."""
        scores, accuracy = sex_scores(self.recordings, self.readings)
        head, mean, scale = self._voice_head(scores)
        windows, starts = self._embed_voices(head, mean, scale)
        clips = [i for i, r in enumerate(self.recordings) if r.face and i in windows]
        pairs, seen_mean, seen_scale = self._pairs(clips, windows, scores)
        rows = np.arange(len(clips))
        trained = np.array([self.recordings[i].part == "train" for i in clips])
        heads = [fit_face_head(pairs.take(rows[trained]), MatchingOptions(), seed) for seed in range(NUM_HEADS)]
        faces = embed_faces(heads, pairs.seen)
        folds = np.array([_fold(self.recordings[i].person) for i in clips])
        for fold in range(NUM_FOLDS):
            strangers = trained & (folds == fold)
            crossed = fit_face_head(pairs.take(rows[trained & ~strangers]), MatchingOptions(), NUM_HEADS + fold)
            faces[strangers] = embed_faces([crossed], pairs.seen[strangers])
            self.console.print(f"fold {fold}: {int(strangers.sum())} people that its head did not see")
        voices = np.stack([_unit(windows[i].mean(axis=0)) for i in clips])
        names = [self.recordings[i].name for i in clips]
        embeddings = Embeddings(
            dict(zip(names, faces, strict=True)),
            dict(zip(names, voices, strict=True)),
            windows,
            starts,
            {name: scores[i] for name, i in zip(names, clips, strict=True)},
        )
        save_embeddings(embeddings, self.recordings, self.folder)
        torch.save(
            {
                "heads": [one.state_dict() for one in heads],
                "mean": torch.from_numpy(seen_mean),
                "scale": torch.from_numpy(seen_scale),
            },
            self.folder / "face_heads.pt",
        )
        male = pairs.male > 0.5
        figures = {
            "held_out": match_accuracy(faces[~trained], voices[~trained], male[~trained]),
            "crossed": match_accuracy(faces[trained], voices[trained], male[trained]),
            "sex_of_voice_accuracy": accuracy,
        }
        (self.folder / "matching.json").write_text(json.dumps(figures, indent=1))
        return figures

    def train_separator(self, options: SeparationOptions) -> Separator:
        """Trains the separator, from its checkpoint where there is one."""
        return train_separator(self.material, self.folder / "separator", options, self.console)

    def face(self) -> Face:
        """Returns the trained face network."""
        state = torch.load(self.folder / "face_heads.pt", weights_only=True)
        heads = []
        for weights in state["heads"]:
            head = FaceHead()
            head.load_state_dict(weights)
            heads.append(head)
        return Face(self._finder(), self._face_encoder(heads, state["mean"].numpy(), state["scale"].numpy())).eval()

    def voice(self) -> VoiceEncoder:
        """Returns the trained voice network."""
        encoder = public_voice_encoder(self.public)
        state = torch.load(self.folder / "voice_head.pt", weights_only=True)
        encoder.head.load_state_dict(state["head"])
        encoder.mean.copy_(state["mean"])
        encoder.scale.copy_(state["scale"])
        return encoder.eval()

    def separator(self) -> Separator:
        """Returns the separator of the last checkpoint."""
        state = torch.load(self.folder / "separator" / CHECKPOINT, weights_only=True)
        options = state["options"]
        net = Separator(options["width"], options["hidden"], options["num_blocks"])
        net.load_state_dict(state["net"])
        return net.eval()

    def _voice_head(self, scores: dict[int, float]) -> tuple[nn.Linear, Array, Array]:
        path = self.folder / "voice_head.pt"
        if not path.is_file():
            readings = self.readings
            mean = readings.clean.mean(axis=0)
            scale = (1.0 / (readings.clean.std(axis=0) + VOICE_DEVIATION)).astype(np.float32)
            speakers: dict[str, list[int]] = {}
            for k, i in enumerate(readings.owners):
                if self.recordings[i].part == "train":
                    speakers.setdefault(self.recordings[i].person, []).append(k)
            several = [np.array(rows) for rows in speakers.values() if len(rows) > 1]
            male = np.array([_probability(scores[int(i)]) for i in readings.owners], np.float32)
            trained = np.isin(np.arange(len(male)), np.concatenate(several))
            own = np.cumsum(trained) - 1
            head = fit_voice_head(
                ((readings.clean - mean) * scale)[trained], [own[rows] for rows in several], male[trained]
            )
            torch.save(
                {"head": head.state_dict(), "mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}, path
            )
        state = torch.load(path, weights_only=True)
        head = nn.Linear(*reversed(state["head"]["weight"].shape))
        head.load_state_dict(state["head"])
        return head.requires_grad_(False), state["mean"].numpy(), state["scale"].numpy()

    def _embed_voices(self, head: nn.Linear, mean: Array, scale: Array) -> tuple[dict[int, Array], dict[int, Array]]:
        readings = self.readings
        embed = lambda x: _unit(head(torch.from_numpy((x - mean) * scale)).numpy())  # noqa: E731
        clean, noisy = embed(readings.clean), embed(readings.noisy)
        windows, starts = {}, {}
        for i in np.unique(readings.owners):
            rows = readings.owners == i
            windows[int(i)] = np.concatenate((clean[rows], noisy[rows]))
            starts[int(i)] = np.tile(readings.starts_s[rows], 2)
        return windows, starts

    def _pairs(
        self, clips: list[int], windows: dict[int, Array], scores: dict[int, float]
    ) -> tuple[Pairs, Array, Array]:
        seen = self.seen
        mean = seen.values.mean(axis=0)
        scale = (1.0 / (seen.values.std(axis=0) + LEAST_DEVIATION)).astype(np.float32)
        values = np.clip((seen.values - mean) * scale, -CLIP, CLIP)
        place = {path: k for k, path in enumerate(seen.paths)}
        manifest = read_manifest(self.data / "lfw")
        pairs = Pairs(
            values[[place[self.recordings[i].face] for i in clips]],
            [windows[i] for i in clips],
            np.array([_probability(scores[i]) for i in clips], np.float32),
            values[[place[f"lfw/{row['file']}"] for row in manifest]],
            np.array([row["sex"] == "m" for row in manifest], np.float32),
        )
        return pairs, mean, scale

    def _finder(self) -> FaceFinder:
        return public_weights.face_finder(self.public / "package")

    def _face_encoder(self, heads: list[FaceHead], mean: NDArray[Any], scale: NDArray[Any]) -> FaceEncoder:
        package = self.public / "package"
        encoder = FaceEncoder(
            public_weights.face_recognition(package), public_weights.face_attributes(package), heads
        ).eval()
        encoder.mean.copy_(torch.from_numpy(mean))
        encoder.scale.copy_(torch.from_numpy(scale))
        return encoder


def match_accuracy(faces: Array, voices: Array, male: NDArray[np.bool_]) -> dict[str, float]:
    """Returns how often the right one of two is chosen, voice to face and face to voice, over all pairs.

    Args:
        faces: Unit length ``[N, E]``.
        voices: Of the same people, ``[N, E]``.
        male: ``[N]``.
    """
    similarity = faces @ voices.T
    own = np.diag(similarity)
    apart = ~np.eye(len(own), dtype=bool)
    opposite = male[:, None] != male[None]
    kinds = {"opposite": opposite, "same": apart & ~opposite, "all": apart}
    right = ((own[:, None] > similarity) + 0.0 + (own[None] > similarity)) / 2
    return {kind: float(right[where].mean()) for kind, where in kinds.items()}


def _fold(person: str) -> int:
    return int(hashlib.sha256(person.encode()).hexdigest(), 16) // 7 % NUM_FOLDS


def _probability(log_odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-log_odds)))


def _unit(x: Array) -> Array:
    unit: Array = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return unit
