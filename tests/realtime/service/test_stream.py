"""One client of ``/v1/stream``: the order of messages, the errors, and the audio that comes back."""

import asyncio
import json

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from realtime.errors import BadMessage
from realtime.service import stream
from tests.realtime.service.conftest import open_client

GAIN = {"name": "gain", "params": {"gain_db": 0.0}}


def noise(seconds: float, rate: int = 48_000) -> np.ndarray:
    return (np.random.default_rng(1).standard_normal(round(seconds * rate)) * 0.1).astype(np.float32)


async def test_audio_comes_back_unchanged_and_aligned_in_file_mode(serve):
    samples = noise(1.0)
    async with serve() as address, open_client(address) as client:
        updated = await client.update(GAIN, mode="file")
        assert updated["output"] == {"delay_samples": 0, "sample_rate": 48_000, "channels": 1}
        for start in range(0, samples.size, 700):
            await client.send(samples[start : start + 700].tobytes())
        await client.end()
    assert [len(audio) for audio in client.audio[:-1]] == [2800] * (len(client.audio) - 1)
    np.testing.assert_array_equal(np.frombuffer(b"".join(client.audio), np.float32), samples)


async def test_live_audio_comes_back_after_the_stated_delay(serve):
    samples = noise(0.5)
    async with serve() as address, open_client(address) as client:
        delay = (await client.update(GAIN, mode="live"))["output"]["delay_samples"]
        for count, start in enumerate(range(0, samples.size, 960), 1):
            await client.send(samples[start : start + 960].tobytes())
            while len(client.audio) < count:
                await client.next()
        summary = await client.end()
    received = np.frombuffer(b"".join(client.audio), np.float32)
    assert summary["deadline_misses"] == 0
    assert received.size == samples.size + delay
    np.testing.assert_array_equal(received[delay:], samples)


async def test_a_bad_frame_is_left_out_and_the_stream_goes_on(serve):
    samples = noise(0.1)
    async with serve() as address, open_client(address) as client:
        await client.update(GAIN, mode="file")
        await client.send(samples.tobytes())
        await client.send(b"abc")
        error = await client.until("error")
        await client.send(samples.tobytes())
        summary = await client.end()
    assert (error["code"], summary["received_samples"]) == ("bad_frame", 2 * samples.size)
    assert "multiple of 4 bytes" in error["message"]


async def test_events_are_numbered_without_a_gap(serve):
    async with serve() as address, open_client(address) as client:
        await client.send("nonsense")
        await client.update(GAIN, mode="file")
        for _ in range(60):
            await client.send(noise(0.05).tobytes())
        await client.end()
    assert [event["seq"] for event in client.events] == list(range(len(client.events)))
    assert {"levels", "stats"} <= {event["type"] for event in client.events}


async def test_a_wrong_first_update_can_be_corrected(serve):
    async with serve() as address, open_client(address) as client:
        for plugin, code in (
            ({"name": "nothing"}, "unknown_plugin"),
            ({"name": "gain", "params": {"gain_db": 100}}, "bad_param"),
            ({"name": "gain", "params": {"loudness": 1}}, "bad_param"),
        ):
            assert (await client.update(plugin, mode="file"))["code"] == code
        assert (await client.update(GAIN, mode="file"))["type"] == "session.updated"


async def test_parameters_change_in_mid_session_and_glide(serve):
    tone = np.full(4_800, 0.5, np.float32)
    async with serve() as address, open_client(address) as client:
        await client.update(GAIN, mode="file")
        await client.send(tone.tobytes())
        while len(client.audio) < 1:
            await client.next()
        updated = await client.update({"name": "gain", "params": {"gain_db": -6}})
        await client.send(tone.tobytes())
        await client.end()
    received = np.frombuffer(b"".join(client.audio), np.float32)
    assert updated["plugins"][0]["params"] == {"gain_db": -6.0}
    assert received[-1] == pytest.approx(0.5 * 10 ** (-6 / 20), rel=1e-5)
    assert np.abs(np.diff(received)).max() < 0.001


async def test_a_refused_change_leaves_the_session_as_it_was(serve):
    async with serve() as address, open_client(address) as client:
        await client.update(GAIN, mode="file")
        await client.send(noise(0.1).tobytes())
        for plugins, code in (([{"name": "nothing"}], "unknown_plugin"), ([], "bad_message")):
            assert (await client.update(*plugins))["code"] == code
        await client.send(noise(0.1).tobytes())
        await client.end()
    np.testing.assert_array_equal(np.frombuffer(b"".join(client.audio), np.float32), np.tile(noise(0.1), 2))


async def test_a_flood_of_live_audio_is_dropped_and_counted(serve):
    second = noise(1.0, 8_000)
    async with serve() as address, open_client(address) as client:
        await client.update(mode="live", sample_rate=8_000)
        for _ in range(30):
            await client.send(second.tobytes())
        summary = await client.end()
    assert summary["received_samples"] + summary["dropped_samples"] <= 30 * 8_000
    assert summary["received_samples"] <= 7 * 8_000
    assert [event["code"] for event in client.events if event["type"] == "error"] == ["bad_frame"]


async def test_too_many_bad_messages_close_the_connection(serve):
    async with serve() as address, open_client(address) as client:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(stream.MAX_BAD_INPUTS + 1):
                await client.send("{}")
                await client.next()
    assert closed.value.rcvd.code == 1008
    assert client.events[-1]["code"] == "too_many_errors"


async def test_too_many_bad_frames_end_a_session_with_the_last_number(serve):
    async with serve() as address, open_client(address) as client:
        await client.update(GAIN, mode="file")
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(stream.MAX_BAD_INPUTS + 1):
                await client.send(b"abc")
                await client.until("error")
    numbers = [event["seq"] for event in client.events]
    assert (closed.value.rcvd.code, client.events[-1]["code"]) == (1008, "too_many_errors")
    assert numbers == sorted(set(numbers))


async def test_a_fault_of_ours_is_said_and_hurts_no_other_client(serve, monkeypatch):
    parse = stream.parse_message

    def fail_on_request(text):
        if "fail" in text:
            raise RuntimeError("a fault of ours")
        return parse(text)

    monkeypatch.setattr(stream, "parse_message", fail_on_request)
    async with serve() as address, open_client(address) as client, open_client(address) as witness:
        await witness.update(GAIN, mode="file")
        await client.update(GAIN, mode="file")
        await client.send("fail")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await client.next()
        await witness.send(noise(0.1).tobytes())
        assert (await witness.end())["received_samples"] == 4_800
    assert (closed.value.rcvd.code, client.events[-1]["code"]) == (1011, "internal")


def test_a_close_reason_fits_its_frame_in_any_script():
    assert len(stream.close_reason(BadMessage("\u00fc" * 100)).encode()) <= 123
    assert stream.close_reason(BadMessage("short")) == "short"


async def test_a_client_that_says_nothing_is_closed(serve, monkeypatch):
    monkeypatch.setattr(stream, "UPDATE_DEADLINE_S", 0.05)
    async with serve() as address, open_client(address) as client:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await client.next()
    assert (closed.value.rcvd.code, client.events[-1]["code"]) == (1008, "bad_message")


async def test_ping_is_answered_before_and_in_a_session(serve):
    async with serve() as address, open_client(address) as client:
        await client.send({"type": "ping", "id": 7})
        assert (await client.next())["id"] == 7
        await client.update(mode="live")
        await client.send({"type": "ping", "id": 8})
        assert (await client.until("pong"))["id"] == 8


async def test_the_session_is_gone_when_its_client_is(serve):
    async with serve(max_sessions=1) as address:
        for _ in range(3):
            async with open_client(address) as client:
                assert (await client.update(GAIN, mode="live"))["type"] == "session.updated"
                client.connection.transport.abort()
            # The server notices within a few turns of the loop that both share.
            await asyncio.sleep(0.05)


async def test_a_full_service_says_try_again_later(serve):
    async with serve(max_sessions=1) as address, open_client(address) as first, open_client(address) as second:
        await first.update(GAIN, mode="live")
        await second.send(json.dumps({"type": "session.update", "audio": {"sample_rate": 8_000}}))
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                await second.next()
    assert (closed.value.rcvd.code, second.events[-1]["code"]) == (1013, "server_full")
