"""Everything that training and measuring facefilter start from, made when first needed and kept under one folder.

Invariant: a stage that is on disk is used as it is; delete its file to make it again.
"""

from __future__ import annotations

import shutil
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from models.face import Face
from models.face_encoder import FaceEncoder, FaceHead
from models.face_finder import FaceFinder
from models.separator import EMBEDDING_SIZE, Separator
from models.voice_encoder import VoiceEncoder

from . import public_weights
from .corpus import Recording, read_corpus
from .embeddings import Embeddings, load_embeddings
from .faces import Seen, list_pictures, load_seen
from .joint_space import FACE_HEADS, VOICE_HEAD, train_matching
from .mixtures import Material, Mixer
from .rooms import load_rooms
from .separation import CHECKPOINT, SeparationOptions, train_separator
from .voices import Readings, load_readings, public_voice_encoder
from .waveforms import Waveforms, load_waveforms

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
        recordings = self.recordings
        public_voice_encoder(self.public)  # Weights that are missing are told of now, not after minutes of reading.
        self._finder()
        return train_matching(recordings, self.readings, self.seen, self.data, self.folder, self.console)

    def train_separator(self, options: SeparationOptions) -> Separator:
        """Trains the separator, from its checkpoint where there is one."""
        # Without a compiler it is three times as slow, and the same.
        compiled = any(map(shutil.which, ("g++", "clang++", "c++")))
        return train_separator(self.material, self.folder / "separator", options, self.console, compiled)

    def face(self) -> Face:
        """Returns the trained face network."""
        state = torch.load(self.folder / FACE_HEADS, weights_only=True)
        heads = []
        for weights in state["heads"]:
            head = FaceHead()
            head.load_state_dict(weights)
            heads.append(head)
        return Face(self._finder(), self._face_encoder(heads, state["mean"].numpy(), state["scale"].numpy())).eval()

    def voice(self) -> VoiceEncoder:
        """Returns the trained voice network."""
        encoder = public_voice_encoder(self.public)
        state = torch.load(self.folder / VOICE_HEAD, weights_only=True)
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

    def examples(self, net: Separator, num: int = 16) -> tuple[Tensor, Tensor]:
        """Returns mixtures that ``net`` was trained on, ``[2 num, T]``, and its state once told of their targets."""
        mixer = iter(Mixer(self.material, "train", np.random.default_rng(0)))
        mixtures = [next(mixer) for _ in range(num)]
        audio = torch.from_numpy(np.repeat([mixture.audio for mixture in mixtures], 2, axis=0))
        targets = torch.from_numpy(np.concatenate([mixture.targets for mixture in mixtures]))
        face, voice, has = targets.split([EMBEDDING_SIZE, EMBEDDING_SIZE, 2], 1)
        return audio, net.with_target(net.init_state(len(audio)), face, voice, has)

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
