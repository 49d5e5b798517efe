"""``WS /v1/stream``: audio and control in, events and processed audio out, as ``tectum.v1``.

Invariant: a connection ends with a close code that says why, and whatever its client does, its session is
closed and nothing of it stays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from .. import __version__
from ..clock import Clock
from ..engine import Engine
from ..errors import BadFrame, BadInput, BadMessage, ClientTooSlow, TectumError
from ..frames import AudioFrame
from ..plugin import Event
from ..protocol import (
    MAX_FRAME_BYTES,
    MAX_TEXT_BYTES,
    AudioFormat,
    EndOfStream,
    Ping,
    SessionUpdate,
    TargetClear,
    TargetSet,
    encode_event,
    parse_message,
)
from ..session import Session
from ..session_config import SessionConfig
from ..targets.encoder import TargetEncoder
from .pacing import LivePacer
from .target_intake import TargetIntake
from .upload import MAX_UPLOAD_BYTES
from .websocket_protocol import ABORT_EXTENSION

MAX_BAD_INPUTS = 32
"""Bad messages and frames after which a client is beyond help."""
UPDATE_DEADLINE_S = 15.0
"""How long a client may take to say what it wants."""

_log = logging.getLogger(__name__)


class StreamConnection:
    """One client of ``/v1/stream``, from accept to close.

    Args:
        websocket: Accepted.
        engine: Serves the session.
        encoder: Of whom clients want kept.
        clock: Paces live audio.
        send_deadline_s: A client that leaves a message unread for so long is cut off.
    """

    def __init__(
        self, websocket: WebSocket, engine: Engine, encoder: TargetEncoder, clock: Clock, send_deadline_s: float
    ) -> None:
        self._websocket = websocket
        self._engine = engine
        self._encoder = encoder
        self._clock = clock
        self._send_deadline_s = send_deadline_s
        self._bad_inputs = 0
        self._seq = 0
        self._session: Session | None = None

    async def run(self) -> None:
        """Serves the client until it leaves, ends its stream, or must be closed."""
        try:
            await self._serve()
        except WebSocketDisconnect:
            pass
        except ClientTooSlow as error:
            _log.warning("cut off: %s", error.message)
            self._abort()
        except TectumError as error:
            await self._close(error)
        except Exception:  # A fault of ours ends this connection, says so, and no other notices.
            _log.exception("the session of one client failed")
            await self._close(TectumError("the service failed; its log says how"))

    async def _serve(self) -> None:
        limits = {"text_bytes": MAX_TEXT_BYTES, "frame_bytes": MAX_FRAME_BYTES, "target_bytes": MAX_UPLOAD_BYTES}
        await self._greet({"type": "session.created", "version": __version__, "limits": limits})
        try:
            async with asyncio.timeout(UPDATE_DEADLINE_S):
                audio, config = await self._first_update()
        except TimeoutError:
            raise BadMessage(f"expected a session.update within {UPDATE_DEADLINE_S:.0f} s, got none") from None
        async with self._engine.open_session(config, first_seq=self._seq) as session:
            self._session = session
            _emit_updated(session, audio)
            await self._stream(session, audio)

    async def _first_update(self) -> tuple[AudioFormat, SessionConfig]:
        """Waits for a valid ``session.update``; what comes before it gets an error each."""
        while True:
            message = await self._receive()
            try:
                if isinstance(message, bytes):
                    raise BadMessage("expected a session.update before audio, got a binary message")
                update = parse_message(message)
                if isinstance(update, Ping):
                    await self._greet({"type": "pong", "id": update.id})
                    continue
                if not isinstance(update, SessionUpdate):
                    raise BadMessage(f"expected a session.update first, got {update.type}")
                if update.audio is None:
                    raise BadMessage("expected audio in the first session.update, got none", param="audio")
                config = SessionConfig(
                    update.audio.sample_rate,
                    update.audio.channels,
                    update.plugin_configs,
                    live=update.audio.mode == "live",
                    reports=True,
                )
                self._engine.check(config)
            except BadInput as error:
                self._count_bad_input()
                await self._greet(error.to_event())
            else:
                return update.audio, config

    async def _stream(self, session: Session, audio: AudioFormat) -> None:
        """Reads and writes at the same time until both are done."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._write(session, audio), name=f"write {session.id[:8]}")
                intake = TargetIntake(session, self._encoder, tasks, self._clock, self._refuse)
                try:
                    await self._read(session, audio, intake)
                finally:
                    intake.close()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
        await self._send(self._websocket.close, 1000)

    async def _read(self, session: Session, audio: AudioFormat, intake: TargetIntake) -> None:
        """Takes messages until ``end_of_stream``. Raises WebSocketDisconnect when the client leaves first."""
        pacer = LivePacer(self._clock.now_s()) if audio.mode == "live" else None
        pts = 0
        warned = False
        while True:
            message = await self._receive_in_time(intake)
            try:
                if isinstance(message, str):
                    if self._control(session, audio, intake, message):
                        await session.end()
                        return
                    continue
                if intake.uploading:
                    intake.add(message)
                    continue
                frame = audio.decode(message, pts)
                pts = frame.end_pts
                if pacer is None or pacer.admits(frame.duration_s, self._clock.now_s()):
                    await session.write(frame)
                elif not warned:
                    warned = True
                    raise BadFrame("expected live audio at its own pace, got seconds too much; use mode 'file'")
            except BadInput as error:
                self._refuse(error)

    def _control(self, session: Session, audio: AudioFormat, intake: TargetIntake, text: str) -> bool:
        """Acts on a control message; returns whether it ends the stream."""
        match parse_message(text):
            case EndOfStream():
                intake.give_up("end_of_stream")
                return True
            case Ping(id=number):
                session.emit({"type": "pong", "id": number})
            case TargetSet() as request:
                intake.begin(request)
            case TargetClear() as request:
                intake.clear(request)
            case SessionUpdate() as update:
                if update.audio is not None and update.audio != audio:
                    raise BadMessage("expected the same audio format: it cannot change in a session", param="audio")
                if update.plugins is not None:
                    session.configure(update.plugin_configs)
                _emit_updated(session, audio)
        return False

    async def _write(self, session: Session, audio: AudioFormat) -> None:
        async for output in session.outputs():
            if isinstance(output, AudioFrame):
                await self._send(self._websocket.send_bytes, audio.encode(output.samples))
            else:
                await self._send(self._websocket.send_text, encode_event(output))
        summary = {"type": "summary", "seq": session.next_seq, "pts": session.pts, **session.report()}
        await self._send(self._websocket.send_text, encode_event(summary))

    async def _receive_in_time(self, intake: TargetIntake) -> str | bytes:
        """Waits for the next message: for one of an upload, as long as that may take."""
        while intake.uploading:
            try:
                async with asyncio.timeout(intake.patience_s):
                    return await self._receive()
            except TimeoutError:
                intake.give_up("nothing more in time")
        return await self._receive()

    async def _receive(self) -> str | bytes:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code") or 1005)
        data: str | bytes = message["bytes"] if message.get("text") is None else message["text"]
        return data

    async def _greet(self, event: Event) -> None:
        """Sends an event outside the session's queue: before there is a session, or as the last word after it."""
        seq, pts = (self._seq, 0) if self._session is None else (self._session.next_seq, self._session.pts)
        await self._send(
            self._websocket.send_text, encode_event({"type": event["type"], "seq": seq, "pts": pts} | event)
        )
        self._seq += 1

    async def _send(self, send: Callable[[Any], Any], data: str | bytes | int) -> None:
        try:
            async with asyncio.timeout(self._send_deadline_s):
                await send(data)
        except TimeoutError:
            raise ClientTooSlow(
                f"expected the client to read, got nothing read for {self._send_deadline_s} s"
            ) from None

    def _refuse(self, error: TectumError) -> None:
        """Tells the client of a running session what was wrong, and counts it if that was the client's doing."""
        assert self._session is not None, "before the session errors are greeted with"
        self._session.emit(error.to_event())
        if isinstance(error, BadInput):
            self._count_bad_input()

    def _count_bad_input(self) -> None:
        self._bad_inputs += 1
        if self._bad_inputs >= MAX_BAD_INPUTS:
            raise _TooManyErrors(f"expected fewer than {MAX_BAD_INPUTS} bad messages, got {self._bad_inputs}")

    async def _close(self, error: TectumError) -> None:
        """Says why, and closes with the code that belongs to it."""
        try:
            await self._greet(error.to_event())
            await self._send(partial(self._websocket.close, error.close_code), close_reason(error))
        except (ClientTooSlow, WebSocketDisconnect, RuntimeError):
            self._abort()

    def _abort(self) -> None:
        abort = self._websocket.scope.get("extensions", {}).get(ABORT_EXTENSION)
        if abort is not None:
            abort()


def close_reason(error: TectumError) -> str:
    """Returns what of the message fits into a close frame: 123 bytes of UTF-8 (RFC 6455, section 5.5)."""
    return error.message.encode()[:123].decode(errors="ignore")


class _TooManyErrors(TectumError):
    """Not a BadInput: it must not be counted as one more."""

    code = "too_many_errors"
    close_code = 1008


def _emit_updated(session: Session, audio: AudioFormat) -> None:
    """Answers with the settings in force."""
    plugins = [
        {
            "name": name,
            "version": session.specs[name].version,
            "kind": session.specs[name].kind,
            "params": params.model_dump(mode="json"),
            "target": list(session.targets[name].kinds) if name in session.targets else None,
        }
        for name, params in session.params.items()
    ]
    output = {"delay_samples": session.delay_samples, "sample_rate": audio.sample_rate, "channels": audio.channels}
    session.emit(
        {
            "type": "session.updated",
            "session_id": session.id,
            "audio": audio.model_dump(),
            "plugins": plugins,
            "output": output if session.has_audio else None,
        }
    )
