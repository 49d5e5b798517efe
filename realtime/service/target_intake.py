"""Takes in whom a client wants kept: gathers the upload, has it encoded, and turns the session to it.

Invariant: decoding and encoding never happen on the event loop, and audio flows meanwhile; whatever fails, the session
keeps whom it kept, and its client is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..clock import Clock
from ..errors import ArtifactError, BadUpload, BadVoice, PictureTooLarge, TectumError
from ..frames import Samples
from ..plugin import Event
from ..protocol import PcmFormat, TargetClear, TargetKind, TargetSet
from ..session import Session
from ..targets.encoder import EncodedVoice, TargetEncoder
from ..targets.target import Embedding
from .upload import MAX_UPLOAD_BYTES, Upload

_log = logging.getLogger(__name__)


class TargetIntake:
    """The targets of one connection.

    Args:
        session: To turn.
        encoder: Of the process.
        tasks: Of the connection; what is encoded here ends with it.
        clock: For the deadlines of uploads.
        on_error: Is given what goes wrong while nobody waits for it.
    """

    def __init__(
        self,
        session: Session,
        encoder: TargetEncoder,
        tasks: asyncio.TaskGroup,
        clock: Clock,
        on_error: Callable[[TectumError], None],
    ) -> None:
        self._session = session
        self._encoder = encoder
        self._tasks = tasks
        self._clock = clock
        self._on_error = on_error
        self._upload: Upload | None = None
        self._encoding: dict[TargetKind, asyncio.Task[None]] = {}

    @property
    def uploading(self) -> bool:
        """Whether binary messages are parts of an upload."""
        return self._upload is not None

    @property
    def patience_s(self) -> float:
        """How long the next part may take from now on."""
        assert self._upload is not None, "asked without an upload"
        return max(0.0, self._upload.due_s - self._clock.now_s())

    def begin(self, request: TargetSet) -> None:
        """Expects the bytes of ``request``; they are skipped where it is refused.

        Raises:
            BadParam: No plugin of the session takes a target, or not the one that is named.
            PictureTooLarge, BadVoice: It is longer than the limit.
        """
        self.give_up("another target.set")
        self._upload = Upload(request, self._clock.now_s())
        try:
            self._session.takers(request.plugin)
            if request.bytes > MAX_UPLOAD_BYTES:
                too_large = PictureTooLarge if request.kind == "face" else BadVoice
                raise too_large(f"expected at most {MAX_UPLOAD_BYTES} bytes, got {request.bytes}", param="bytes")
        except TectumError:
            self._upload.refuse()
            raise

    def add(self, part: bytes) -> None:
        """Takes the next part of the upload, and with the last one begins to encode.

        Raises:
            BadUpload: When it is not one; see ``Upload.add``.
        """
        upload = self._upload
        assert upload is not None, "a part without an upload"
        try:
            upload.add(part, self._clock.now_s())
        finally:
            if upload.complete:
                self._upload = None
        if upload.complete and not upload.refused:
            self._encode(upload)

    def give_up(self, why: str) -> None:
        """Ends an upload that is not complete, if there is one, and tells the client, unless it was refused before."""
        upload, self._upload = self._upload, None
        if upload is not None and not upload.refused:
            expected = f"the {upload.request.bytes} bytes of the {upload.request.kind}"
            self._on_error(BadUpload(f"expected {expected}, got {upload.received} and then {why}", param="bytes"))

    def clear(self, request: TargetClear) -> None:
        """Forgets the face, the voice or both, and what is on its way to be one.

        Raises:
            BadParam: No plugin of the session takes a target, or not the one that is named.
        """
        self.give_up("target.clear")
        names = self._session.takers(request.plugin)
        kinds: tuple[TargetKind, ...] = ("face", "voice") if request.kind is None else (request.kind,)
        for kind in kinds:
            self._cancel(kind)
        for name in names:
            target = replace(self._session.targets[name], **dict.fromkeys(kinds))
            self._session.retarget(target, name)
        self._emit(request.kind)

    def close(self) -> None:
        """Encodes no more. Safe to call twice."""
        self._upload = None
        for kind in list(self._encoding):
            self._cancel(kind)

    def _encode(self, upload: Upload) -> None:
        kind = upload.request.kind
        self._cancel(kind)
        name = f"encode {kind} {self._session.id[:8]}"
        self._encoding[kind] = self._tasks.create_task(self._turn(upload.request, upload.content), name=name)

    def _cancel(self, kind: TargetKind) -> None:
        if (task := self._encoding.pop(kind, None)) is not None:
            task.cancel()

    async def _turn(self, request: TargetSet, content: bytes) -> None:
        """Encodes ``content`` and turns the session to it."""
        try:
            embedding, found = await self._encoded(request, content)
            for name in self._session.takers(request.plugin):
                self._session.retarget(replace(self._session.targets[name], **{request.kind: embedding}), name)
        except ArtifactError as error:
            _log.error("no target can be set: %s", error.message)
            self._on_error(ArtifactError("the service cannot encode targets; its log says why", param=request.kind))
        except TectumError as error:
            self._on_error(error)
        else:
            self._emit(request.kind, found)
        finally:
            if self._encoding.get(request.kind) is asyncio.current_task():
                del self._encoding[request.kind]

    async def _encoded(self, request: TargetSet, content: bytes) -> tuple[Embedding, Event]:
        if request.kind == "face":
            face = await self._encoder.encode_face(content, request.index)
            return face.embedding, {"box": list(face.box), "faces": [list(box) for box in face.faces]}
        voice = await self._encoded_voice(request, content)
        return voice.embedding, {"seconds": round(voice.seconds, 2), "cut": voice.cut}

    async def _encoded_voice(self, request: TargetSet, content: bytes) -> EncodedVoice:
        if request.audio is None:
            return await self._encoder.encode_voice(content)
        samples = await asyncio.to_thread(_samples_of, request.audio, content)
        return await self._encoder.encode_samples(samples, request.audio.sample_rate)

    def _emit(self, kind: TargetKind | None, found: Event | None = None) -> None:
        targets = {name: list(target.kinds) for name, target in self._session.targets.items()}
        self._session.emit({"type": "target.updated", "kind": kind, "targets": targets, **(found or {})})


def _samples_of(audio: PcmFormat, content: bytes) -> Samples:
    samples = audio.samples_of(content)
    if not np.isfinite(samples).all():
        raise BadVoice("expected finite samples, got NaN or infinity", param="voice")
    return samples
