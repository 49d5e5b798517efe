"""The wire protocol ``tectum.v1``: what websocket messages mean. Bytes and text in, values out.

Text messages are JSON objects with a ``type``; binary messages are interleaved PCM, except behind a ``target.set``.
Nothing here knows a socket.

Whom to keep, where a plugin of the session takes a target::

    client  {"type":"target.set","kind":"face","bytes":183402,"index":1}     index: which face from the left, if several
            183,402 bytes in binary messages of at most 64 KiB
    server  {"type":"target.updated","kind":"face","targets":{"facefilter":["face"]},"box":[..],"faces":[[..],[..]]}
    client  {"type":"target.set","kind":"voice","bytes":96044}               a sound file, or raw samples with
            96,044 bytes                                                     "audio":{"format","sample_rate","channels"}
    server  {"type":"target.updated","kind":"voice","targets":{"facefilter":["face","voice"]},"seconds":2.4,"cut":false}
    client  {"type":"target.clear","kind":"face"}                            without kind: both
    server  {"type":"target.updated","kind":"face","targets":{"facefilter":["voice"]}}

- The binary messages behind a ``target.set`` are its content and not audio until its ``bytes`` have come, whether it
  was refused or not; only a message that is malformed (``bad_message``) announces nothing. A client sends them at once,
  with no audio among them, and waits for nothing. Text may come between; ``target.set``, ``target.clear`` and
  ``end_of_stream`` give an unfinished upload up.
- At most 10 MiB; 5 s from one part to the next and 60 s in all: then it is given up and binary is audio again.
- Audio goes on while a target is encoded; it is in force from the hop after ``target.updated``. A later ``target.set``
  of the same kind takes the place of one that is still being encoded. Whoever needs it from the first sample on
  waits for ``target.updated`` before sending audio.
- What is wrong with an upload, a picture or a sample is an ``error`` and counts as a bad message; whom the session
  kept before is still kept. A target lives in memory, until it is cleared, its plugin leaves, or the session ends.
- ``plugin`` in both messages names the one that is meant; without it all that take a target are.

Invariant: whatever comes in, a valid value or a ``BadInput`` comes out.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from .errors import BadFrame, BadMessage
from .frames import AudioFrame, Samples
from .plugin import Event
from .session_config import PluginConfig

SUBPROTOCOL = "tectum.v1"
TOKEN_PREFIX = "tectum.token."
MAX_TEXT_BYTES = 64 * 1024
MAX_FRAME_BYTES = 64 * 1024
MAX_PLUGINS = 16

TargetKind = Literal["face", "voice"]


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class PcmFormat(_Message):
    """How bytes hold PCM.

    Attributes:
        format: ``s16le`` or ``f32le``, interleaved.
        sample_rate: Hz, 8,000 to 48,000.
        channels: 1 or 2.
    """

    format: Literal["s16le", "f32le"] = "s16le"
    sample_rate: int = Field(ge=8_000, le=48_000)
    channels: int = Field(1, ge=1, le=2)

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of one sample of all channels."""
        return (2 if self.format == "s16le" else 4) * self.channels

    def samples_of(self, data: bytes) -> Samples:
        """Returns the samples ``[C, T]`` in ``data``; raises BadFrame unless they are whole."""
        if len(data) % self.bytes_per_sample:
            raise BadFrame(
                f"expected a multiple of {self.bytes_per_sample} bytes ({self.format}, {self.channels} channels), "
                f"got {len(data)}"
            )
        if self.format == "s16le":
            interleaved = np.frombuffer(data, dtype="<i2").astype(np.float32) * np.float32(1 / 32768)
        else:
            interleaved = np.frombuffer(data, dtype="<f4").astype(np.float32)
        return np.ascontiguousarray(interleaved.reshape(-1, self.channels).T)


class AudioFormat(PcmFormat):
    """How binary messages hold the audio of a session.

    Attributes:
        mode: ``live``: the sender sets the pace, and what cannot be done in time is dropped and counted.
            ``file``: the server sets the pace by back-pressure, and nothing is lost.
    """

    mode: Literal["live", "file"] = "live"

    def decode(self, data: bytes, pts: int) -> AudioFrame:
        """Returns the frame that ``data`` holds.

        Raises:
            BadFrame: When it is empty, over 64 KB, not whole samples, or holds NaN or infinity.
        """
        if not 0 < len(data) <= MAX_FRAME_BYTES:
            raise BadFrame(f"expected an audio frame of 1 to {MAX_FRAME_BYTES} bytes, got {len(data)}")
        return AudioFrame(self.samples_of(data), self.sample_rate, pts)

    def encode(self, samples: Samples) -> bytes:
        """Returns ``samples`` ``[channels, T]`` as this format; ``s16le`` clips at full scale."""
        interleaved = samples.T
        if self.format == "s16le":
            scaled = np.rint(np.clip(interleaved, -1.0, 32767 / 32768) * 32768)
            return scaled.astype("<i2").tobytes()
        return interleaved.astype("<f4").tobytes()


class PluginChoice(_Message):
    """A plugin by name, with the parameters to set."""

    name: str = Field(max_length=64)
    params: dict[str, Any] = Field(default_factory=dict)


class SessionUpdate(_Message):
    """``session.update``: the audio format, in the first one, and the plugins with their parameters."""

    type: Literal["session.update"]
    audio: AudioFormat | None = None
    plugins: list[PluginChoice] | None = Field(None, max_length=MAX_PLUGINS)

    @property
    def plugin_configs(self) -> tuple[PluginConfig, ...]:
        """The plugins as a session takes them."""
        return tuple(PluginConfig(plugin.name, plugin.params) for plugin in self.plugins or ())


class TargetSet(_Message):
    """``target.set``: a picture of a face or a sample of a voice follows, in binary messages.

    Attributes:
        kind: What follows.
        bytes: How long it is.
        index: Of the face that is meant, from the left and from 0, where a picture shows several.
        audio: How a voice sample holds PCM; without it, the sample is a sound file.
        plugin: The one to tell; None tells all that take a target.
    """

    type: Literal["target.set"]
    kind: TargetKind
    bytes: int = Field(ge=1)
    index: int | None = Field(None, ge=0)
    audio: PcmFormat | None = None
    plugin: str | None = Field(None, max_length=64)

    @field_validator("index", "audio")
    @classmethod
    def _fits_kind(cls, value: object, info: ValidationInfo) -> object:
        needed = "face" if info.field_name == "index" else "voice"
        if value is not None and info.data.get("kind") != needed:
            raise ValueError(f"only a {needed} has it")
        return value


class TargetClear(_Message):
    """``target.clear``: forget the face, the voice, or without a kind both."""

    type: Literal["target.clear"]
    kind: TargetKind | None = None
    plugin: str | None = Field(None, max_length=64)


class EndOfStream(_Message):
    """``end_of_stream``: no more audio comes; what is inside is flushed."""

    type: Literal["end_of_stream"]


class Ping(_Message):
    """``ping``: answered by a ``pong`` with the same id, to measure the way there and back."""

    type: Literal["ping"]
    id: int = 0


ClientMessage = SessionUpdate | TargetSet | TargetClear | EndOfStream | Ping

_CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(Annotated[ClientMessage, Field(discriminator="type")])


def parse_message(text: str) -> ClientMessage:
    """Returns the control message that ``text`` holds.

    Raises:
        BadMessage: When it is over 64 KB, not JSON, or not a message of ``tectum.v1``.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT_BYTES:
        raise BadMessage(f"expected a text message of at most {MAX_TEXT_BYTES} bytes, got {size}")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"expected a JSON object, got {text[:40]!r}: {str(error)[:120]}") from error
    try:
        return _CLIENT_MESSAGE.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        # The union puts the tag first; the client knows which message it sent.
        where = ".".join(str(part) for part in first["loc"][1:]) or "type"
        raise BadMessage(f"{where}: {first['msg']}, got {first['input']!r:.80}", param=where) from error


def encode_event(event: Event) -> str:
    """Returns ``event`` as strict JSON on one line; raises ValueError on NaN or infinity."""
    return json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
