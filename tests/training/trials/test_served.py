import asyncio
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
import websockets.asyncio.server
from websockets.asyncio.server import ServerConnection

from training.genre.trials import served
from training.genre.trials.degradations import Take
from training.genre.trials.served import ServiceFailed, process_file, serving, stream


def noise(seconds: float, rate: int, channels: int) -> Take:
    samples = 0.1 * np.random.default_rng(0).standard_normal((channels, round(seconds * rate)))
    return Take(samples.astype(np.float32), rate)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_file_and_a_stream_of_it_have_the_same_events(tmp_path: Path) -> None:
    """``tectum process`` and ``tectum serve`` are one service by two doors."""
    take = noise(4.0, 24_000, 2)
    soundfile.write(tmp_path / "noise.wav", take.samples.T, take.sample_rate, subtype="FLOAT")
    by_file = process_file(tmp_path / "noise.wav")
    with serving() as url:
        by_socket = asyncio.run(stream(url, take))

    def genre(events: list[dict]) -> list[dict]:
        return [
            {name: event[name] for name in ("label", "top", "music")} for event in events if event["type"] == "genre"
        ]

    assert len(genre(by_file)) == 7
    assert genre(by_socket) == genre(by_file)
    assert by_file[-1]["type"] == by_socket[-1]["type"] == "summary"


def test_a_command_that_fails_is_a_failure_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "_tectum", lambda *arguments: [sys.executable, "-c", "exit('expected a sound file')"])
    with pytest.raises(ServiceFailed, match="ended with 1: expected a sound file"):
        process_file(tmp_path / "text.wav")


async def test_audio_is_sent_whole_interleaved_and_ended() -> None:
    heard: list[str | bytes] = []

    async def answer(websocket: ServerConnection) -> None:
        async for message in websocket:
            heard.append(message)
            if isinstance(message, str) and json.loads(message)["type"] == "end_of_stream":
                await websocket.send(json.dumps({"type": "summary"}))
                return

    take = noise(1.03, 16_000, 2)
    async with websockets.asyncio.server.serve(answer, "127.0.0.1", 0, subprotocols=["tectum.v1"]) as server:
        port = server.sockets[0].getsockname()[1]
        events = await stream(f"ws://127.0.0.1:{port}/v1/stream", take)
    assert events == [{"type": "summary"}]
    update = json.loads(heard[0])
    assert update["audio"] == {"format": "f32le", "sample_rate": 16_000, "channels": 2, "mode": "file"}
    sent = np.concatenate([np.frombuffer(data, "<f4") for data in heard[1:-1]])
    assert np.array_equal(sent.reshape(-1, 2).T, take.samples)
    assert max(len(data) for data in heard[1:-1]) <= 64 * 1024


async def test_an_error_event_is_a_failure() -> None:
    async def refuse(websocket: ServerConnection) -> None:
        await websocket.recv()
        await websocket.send(json.dumps({"type": "error", "code": "bad_frame", "message": "too loud"}))

    async with websockets.asyncio.server.serve(refuse, "127.0.0.1", 0, subprotocols=["tectum.v1"]) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ServiceFailed, match="too loud"):
            await stream(f"ws://127.0.0.1:{port}/v1/stream", noise(0.05, 8_000, 1))
