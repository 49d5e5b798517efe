"""The wire protocol ``tectum.v1``: what websocket messages mean. Bytes and text in, values out.

Text messages are JSON objects with a ``type``; binary messages are interleaved PCM. Nothing here knows a
socket. Invariant: whatever comes in, a valid value or a ``BadInput`` comes out.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from .errors import BadFrame, BadMessage
from .frames import AudioFrame, Samples
from .plugin import Event
from .session_config import PluginConfig

SUBPROTOCOL = "tectum.v1"
TOKEN_PREFIX = "tectum.token."
MAX_TEXT_BYTES = 64 * 1024
MAX_FRAME_BYTES = 64 * 1024
MAX_PLUGINS = 16


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class AudioFormat(_Message):
    """How binary messages hold PCM.

    Attributes:
        format: ``s16le`` or ``f32le``, interleaved.
        sample_rate: Hz, 8,000 to 48,000.
        channels: 1 or 2.
        mode: ``live``: the sender sets the pace, and what cannot be done in time is dropped and counted.
            ``file``: the server sets the pace by back-pressure, and nothing is lost.
    """

    format: Literal["s16le", "f32le"] = "s16le"
    sample_rate: int = Field(ge=8_000, le=48_000)
    channels: int = Field(1, ge=1, le=2)
    mode: Literal["live", "file"] = "live"

    @property
    def bytes_per_sample(self) -> int:
        """Bytes of one sample of all channels."""
        return (2 if self.format == "s16le" else 4) * self.channels

    def decode(self, data: bytes, pts: int) -> AudioFrame:
        """Returns the frame that ``data`` holds.

        Raises:
            BadFrame: When it is empty, over 64 KB, not whole samples, or holds NaN or infinity.
        """
        if not 0 < len(data) <= MAX_FRAME_BYTES:
            raise BadFrame(f"expected an audio frame of 1 to {MAX_FRAME_BYTES} bytes, got {len(data)}")
        if len(data) % self.bytes_per_sample:
            raise BadFrame(
                f"expected a multiple of {self.bytes_per_sample} bytes ({self.format}, {self.channels} channels), "
                f"got {len(data)}"
            )
        if self.format == "s16le":
            interleaved = np.frombuffer(data, dtype="<i2").astype(np.float32) * np.float32(1 / 32768)
        else:
            interleaved = np.frombuffer(data, dtype="<f4").astype(np.float32)
        samples = np.ascontiguousarray(interleaved.reshape(-1, self.channels).T)
        return AudioFrame(samples, self.sample_rate, pts)

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


class EndOfStream(_Message):
    """``end_of_stream``: no more audio comes; what is inside is flushed."""

    type: Literal["end_of_stream"]


class Ping(_Message):
    """``ping``: answered by a ``pong`` with the same id, to measure the way there and back."""

    type: Literal["ping"]
    id: int = 0


ClientMessage = SessionUpdate | EndOfStream | Ping

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
