"""The service as its users meet it: ``tectum process`` on a file, ``tectum serve`` over a websocket.

``training`` imports nothing of ``realtime``, so a trial that wants the real resampler, chunker and batcher talks to
them from outside, in the words of ``tectum.v1``.

Invariant: no process that is started here outlives its ``with`` block.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from models.export import ARTIFACTS

from .degradations import Take

Event = dict[str, Any]

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 20.0
FRAME_S = 0.1
"""Longer frames cost less; this is 38 KB of the 64 KB a frame may have, in stereo at 48 kHz."""


class ServiceFailed(Exception):
    """The service did not start, or refused what a trial sent."""


def process_file(path: Path, artifacts: Path = ARTIFACTS) -> list[Event]:
    """Returns what ``tectum process PATH --plugin genre --json`` prints, its summary last.

    Raises:
        ServiceFailed: When it ends with an error.
    """
    command = _tectum("process", str(path), "--plugin", "genre", "--json", "--device", "cpu", *_models(artifacts))
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceFailed(f"tectum process {path} ended with {done.returncode}: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def serving(artifacts: Path = ARTIFACTS, max_sessions: int = 16) -> Iterator[str]:
    """Runs ``tectum serve`` with the genre plugin; yields the address of its websocket once it is ready.

    Raises:
        ServiceFailed: When it does not become ready.
    """
    port = _free_port()
    options = ("--port", str(port), "--device", "cpu", "--plugin", "genre", "--max-sessions", str(max_sessions))
    with tempfile.TemporaryFile() as log:
        command = _tectum("serve", *options, *_models(artifacts))
        service = subprocess.Popen(command, env=_environment(), stdout=log, stderr=log)
        try:
            deadline_s = time.monotonic() + READY_WITHIN_S
            while not _answers(f"http://127.0.0.1:{port}/readyz"):
                if service.poll() is not None or time.monotonic() > deadline_s:
                    log.seek(0)
                    raise ServiceFailed(f"tectum serve did not become ready:\n{log.read().decode(errors='replace')}")
                time.sleep(0.1)  # another process: there is nothing to wait on
            yield f"ws://127.0.0.1:{port}/v1/stream"
        finally:
            service.terminate()
            try:
                service.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                service.kill()
                service.wait()


async def stream(url: str, take: Take) -> list[Event]:
    """Sends audio to the service as a file, at the pace that the service sets, and returns all events of it.

    Raises:
        ServiceFailed: When an event says ``error``.
    """
    # Pings wait behind the audio that the service has not taken yet: on a busy machine longer than any timeout.
    async with connect(url, subprotocols=[Subprotocol("tectum.v1")], proxy=None, ping_interval=None) as websocket:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_send(websocket, take))
            events = [json.loads(message) async for message in websocket if isinstance(message, str)]
    for event in events:
        if event["type"] == "error":
            raise ServiceFailed(f"expected events, got an error: {event['message']}")
    return events


async def _send(websocket: ClientConnection, take: Take) -> None:
    audio = {
        "format": "f32le",
        "sample_rate": take.sample_rate,
        "channels": len(take.samples),
        "mode": "file",
    }
    update = {"type": "session.update", "audio": audio, "plugins": [{"name": "genre", "params": {}}]}
    step = round(take.sample_rate * FRAME_S)
    with suppress(ConnectionClosed):  # the service has had enough, and its events say why
        await websocket.send(json.dumps(update))
        for start in range(0, take.samples.shape[1], step):
            await websocket.send(take.samples[:, start : start + step].T.astype("<f4").tobytes())
        await websocket.send(json.dumps({"type": "end_of_stream"}))


def _tectum(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "realtime", *arguments]


def _models(artifacts: Path) -> tuple[str, ...]:
    return () if artifacts == ARTIFACTS else ("--models", str(artifacts))


def _environment() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
