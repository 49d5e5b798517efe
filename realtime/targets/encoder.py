"""From a picture of a face, or a sample of a voice, to the embedding that stands for the person.

Invariant: the event loop decodes and computes nothing here, and nothing of the person is kept, written or logged: what
comes back is all there is.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor

from ..artifacts import load_artifact, models_from
from ..errors import ArtifactError
from ..frames import Samples, check_format
from ..inference_worker import InferenceWorker
from .confined import ConfinedJobs
from .faces import Box, check_visible, choose_face, list_faces, pixels_of
from .limits import NICE
from .pictures import Picture, decode_picture
from .speech import MAX_SAMPLE_S, VoiceSample, find_speech, to_mono
from .target import Embedding, own_embedding
from .voices import decode_voice

METHODS = {"face": ("detect", "crop"), "voice": ()}
"""What each network must be able to do besides embedding."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedFace:
    """What became of a picture.

    Attributes:
        embedding: Of the face, float32 ``[128]`` of length 1.
        box: Where it is in the picture.
        faces: Where all are that could have been chosen, by index.
    """

    embedding: Embedding = field(repr=False)
    box: Box
    faces: tuple[Box, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedVoice:
    """What became of a voice sample.

    Attributes:
        embedding: Of the voice, float32 ``[128]`` of length 1.
        seconds: Of speech that it was made from.
        cut: Whether the sample was longer than a minute, and its rest was not heard.
    """

    embedding: Embedding = field(repr=False)
    seconds: float
    cut: bool


class FaceModule(Protocol):
    """The artifact ``face``."""

    def detect(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the boxes ``[n, 4]`` of the faces in ``picture``, uint8 ``[3, H, W]``, and their scores ``[n]``."""
        ...

    def crop(self, picture: Tensor, box: Tensor) -> Tensor:
        """Returns the face in ``box [4]`` as the encoder wants it, float32 ``[3, 224, 224]``."""
        ...

    def __call__(self, pictures: Tensor) -> Tensor:
        """Returns the embeddings ``[B, 128]`` of ``pictures [B, 3, 224, 224]``."""
        ...


class VoiceModule(Protocol):
    """The artifact ``voice``."""

    def __call__(self, audio: Tensor) -> Tensor:
        """Returns the embeddings ``[B, 128]`` of ``audio [B, S]`` at 16 kHz, a second or more."""
        ...


class TargetEncoder:
    """Makes embeddings, as an asynchronous context manager; one serves a whole process.

    The two networks are loaded when they are first needed, and run one after the other on a thread of their own, which
    stands back behind those that play audio. Every call may be cancelled.

    Args:
        models: Folder of models that replace the packaged ones of the same name.
        max_processes: Pictures and samples decoded at the same time; more wait.
    """

    def __init__(self, models: Path | None = None, *, max_processes: int = 2) -> None:
        self._models = models
        self._jobs = ConfinedJobs(max_processes)
        self._worker = InferenceWorker("target encoder")
        self._loaded: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the thread after what it is doing. Safe to call twice."""
        self._worker.stop()

    async def encode_face(self, content: bytes, index: int | None = None) -> EncodedFace:
        """Finds the face in a picture.

        Args:
            content: A JPEG, PNG or WEBP of at most 10 MiB and 16 Mi pixels.
            index: Which face, counted from the left, from 0; None where one is clearly meant, see ``choose_face``.

        Raises:
            BadPicture, PictureTooLarge: It cannot be decoded.
            NoFace, SeveralFaces, FaceTooSmall, PictureTooDark, PictureTooFlat: What is wrong with what it shows.
            BadParam: There is no face of that index.
            ArtifactError: The model ``face`` cannot be loaded or run.
        """
        picture = await decode_picture(content, self._jobs)
        return await self._on_thread(partial(self._embed_face, picture, index))

    async def encode_voice(self, content: bytes) -> EncodedVoice:
        """Hears the voice in a sound file, or in the sound of a video.

        Args:
            content: A file of at most 10 MiB; no more than its first minute is heard.

        Raises:
            BadVoice: It cannot be decoded.
            VoiceSilent, VoiceTooShort: There is less than a second of speech in it.
            ArtifactError: The model ``voice`` cannot be loaded or run.
        """
        sample = await decode_voice(content, self._jobs)
        return await self._on_thread(partial(self._embed_voice, sample))

    async def encode_samples(self, samples: Samples, sample_rate: int) -> EncodedVoice:
        """Hears the voice in audio that needs no decoding.

        Args:
            samples: float32 ``[C, T]``, finite; no more than the first minute is heard.
            sample_rate: Hz, 8,000 to 192,000.

        Raises:
            BadFormat: A rate or a number of channels out of range.
            VoiceSilent, VoiceTooShort: There is less than a second of speech in it.
            ArtifactError: The model ``voice`` cannot be loaded or run.
        """
        check_format(sample_rate, samples.shape[0])
        cut = samples.shape[1] > MAX_SAMPLE_S * sample_rate
        return await self._on_thread(lambda: self._embed_voice(VoiceSample(to_mono(samples, sample_rate), cut)))

    async def _on_thread(self, call: Callable[[], T]) -> T:
        return await self._worker.submit(call)

    def _embed_face(self, picture: Picture, index: int | None) -> EncodedFace:
        module: FaceModule = self._module("face")
        pixels = torch.from_numpy(picture).permute(2, 0, 1).contiguous()
        with _faults_of("face"):
            boxes, _ = module.detect(pixels)
        faces = list_faces(boxes.numpy(), picture)
        chosen = choose_face(faces, picture.shape[1], index)
        check_visible(pixels_of(chosen, picture))
        with _faults_of("face"):
            embedding = own_embedding(module(module.crop(pixels, boxes[chosen.row])[None])[0].numpy(), "face")
        return EncodedFace(embedding, chosen.box, tuple(face.box for face in faces))

    def _embed_voice(self, sample: VoiceSample) -> EncodedVoice:
        speech = find_speech(sample.samples)
        module: VoiceModule = self._module("voice")
        with _faults_of("voice"):
            embedding = own_embedding(module(torch.from_numpy(speech.samples)[None])[0].numpy(), "voice")
        return EncodedVoice(embedding, speech.seconds, sample.cut)

    def _module(self, name: str) -> Any:
        """Returns an artifact, loaded the first time; called on the thread only."""
        if not self._loaded:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)  # of this thread alone, on Linux
        if name not in self._loaded:
            with models_from(self._models):
                self._loaded[name] = load_artifact(name, "cpu", methods=METHODS[name]).module
        return self._loaded[name]


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """Turns what a network of the wrong kind raises into ArtifactError."""
    try:
        yield
    except (RuntimeError, AttributeError, ValueError, IndexError) as error:
        raise ArtifactError(f"expected a {name} model of this version, got one that fails: {error}") from error
