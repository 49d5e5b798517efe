"""Many live clients at once, in a process of their own: ``python -m tests.benchmarks.load ADDRESS [options]``.

Each sends frames at the pace of the clock and notes when events and audio come back. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from realtime.testing.signals import programme

RATE = 48_000


@dataclass
class Seen:
    """What one client saw; latencies in seconds."""

    event_s: list[float] = field(default_factory=list)
    audio_s: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    returned_samples: int = 0


async def stream(address: str, plugin: str, seconds: float, frame_s: float, seed: int) -> Seen:
    """Runs one client to its summary."""
    seen, sent_s = Seen(), []
    num_samples = round(frame_s * RATE)
    pcm = (programme(1, RATE, RATE, seed % 8)[0] * 32767).astype("<i2")
    frames = [pcm[start : start + num_samples].tobytes() for start in range(0, RATE - num_samples + 1, num_samples)]
    options: dict[str, Any] = {"proxy": None, "compression": None, "open_timeout": 30}
    await asyncio.sleep(random.Random(seed).random())  # They do not all press the button at the same moment.
    async with connect(f"ws://{address}/v1/stream", subprotocols=["tectum.v1"], **options) as connection:
        audio = {"format": "s16le", "sample_rate": RATE, "channels": 1, "mode": "live"}
        await connection.send(json.dumps({"type": "session.update", "audio": audio, "plugins": [{"name": plugin}]}))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_read(connection, plugin, num_samples, sent_s, seen))
            begun_s = time.monotonic()
            for index in range(round(seconds / frame_s)):
                due_s = begun_s + index * frame_s
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                seen.late_s.append(time.monotonic() - due_s)
                sent_s.append(time.monotonic())
                await connection.send(frames[index % len(frames)])
            await connection.send('{"type":"end_of_stream"}')
    return seen


async def _read(connection: ClientConnection, plugin: str, num_samples: int, sent_s: list[float], seen: Seen) -> None:
    returned = 0
    async for message in connection:
        now_s = time.monotonic()
        if isinstance(message, bytes):
            if returned < len(sent_s):
                seen.audio_s.append(now_s - sent_s[returned])
            returned += 1
            seen.returned_samples += len(message) // 2
            continue
        event = json.loads(message)
        if event["type"] == plugin:
            frame = min((event["pts"] - 1) // num_samples, len(sent_s) - 1)
            seen.event_s.append(now_s - sent_s[frame])
        elif event["type"] == "error":
            seen.errors.append(event["message"])
        elif event["type"] == "summary":
            seen.summary = event


async def run(address: str, plugin: str, sessions: int, seconds: float, frame_s: float) -> dict[str, Any]:
    """Runs all clients and returns what they saw together."""
    async with asyncio.TaskGroup() as tasks:
        clients = [tasks.create_task(stream(address, plugin, seconds, frame_s, seed)) for seed in range(sessions)]
    seen = [client.result() for client in clients]

    def total(name: str) -> int:
        return sum(int(one.summary[name]) for one in seen)

    def quantiles_ms(name: str) -> dict[str, float] | None:
        values = np.concatenate([getattr(one, name) for one in seen])
        return (
            dict(zip(("p50", "p99"), (np.quantile(values, [0.5, 0.99]) * 1000).tolist(), strict=True))
            if values.size
            else None
        )

    counted = ("received_frames", "deadline_misses", "dropped_samples", "dropped_hops", "dropped_events")
    return {
        "sessions": sessions,
        "seconds": seconds,
        **{name: total(name) for name in counted},
        "returned_samples": sum(one.returned_samples for one in seen),
        "errors": [error for one in seen for error in one.errors],
        "inside_p50_ms": float(np.median([one.summary["latency_ms"]["p50"] for one in seen])),
        "inside_p99_ms": max(one.summary["latency_ms"]["p99"] for one in seen),
        "events_ms": quantiles_ms("event_s"),
        "audio_ms": quantiles_ms("audio_s"),
        "sender_late_ms": quantiles_ms("late_s"),
    }


def main() -> None:
    """Parses the command line and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address", help="HOST:PORT")
    parser.add_argument("--plugin", default="genre")
    parser.add_argument("--sessions", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--frame-s", type=float, default=0.02)
    options = parser.parse_args()
    print(json.dumps(asyncio.run(run(**vars(options)))))


if __name__ == "__main__":
    main()
