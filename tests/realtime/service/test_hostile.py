"""Whatever a client sends, it gets a typed error, and a session beside it does not lose a sample."""

import asyncio
import json
import struct

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from realtime.protocol import MAX_FRAME_BYTES, MAX_TEXT_BYTES
from tests.realtime.service.conftest import open_client
from tests.realtime.service.witness import witnessing

GAIN = {"name": "gain"}
GENRE = {"name": "genre"}
GOOD = np.full(960, 0.25, np.float32).tobytes()


def poisoned(value: float) -> bytes:
    samples = np.full(960, 0.25, np.float32)
    samples[500] = value
    return samples.tobytes()


def update(**fields) -> str:
    audio = {"format": "f32le", "sample_rate": 48_000, "channels": 1, "mode": "file"}
    return json.dumps({"type": "session.update", "audio": audio, "plugins": [GAIN]} | fields)


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (poisoned(np.nan), "bad_frame", "got NaN or infinity"),
        (poisoned(np.inf), "bad_frame", "got NaN or infinity"),
        (poisoned(-np.inf), "bad_frame", "got NaN or infinity"),
        (poisoned(3e38), "bad_frame", "expected"),
        (poisoned(1e9), "bad_frame", "expected samples within"),
        (GOOD[:-1], "bad_frame", "expected a multiple of 4 bytes"),
        (b"", "bad_frame", "expected an audio frame of 1 to 65536 bytes, got 0"),
        (b"\0" * (MAX_FRAME_BYTES + 4), "bad_frame", "got 65540"),
        ("", "bad_message", "expected a JSON object"),
        ("{", "bad_message", "expected a JSON object"),
        ("[]", "bad_message", "got []"),
        ("null", "bad_message", "got None"),
        ("[" * 30_000, "bad_message", "expected a JSON object"),
        ("9" * 5_000, "bad_message", "expected"),
        ('{"type": NaN}', "bad_message", "NaN is not JSON"),
        ('{"type": "shutdown"}', "bad_message", "shutdown"),
        ('{"type": ["ping"]}', "bad_message", "type"),
        ('{"type": "ping", "id": "x"}', "bad_message", "id"),
        ('{"type": "ping", "id": 1, "more": 2}', "bad_message", "more"),
        ('{"type": "ping", "pad": "' + "x" * MAX_TEXT_BYTES + '"}', "bad_message", "at most 65536 bytes"),
        (update(audio=None, plugins=[{"name": "reverb"}]), "unknown_plugin", "expected one of"),
        (update(audio=None, plugins=[{"name": "gain", "params": {"loudness": 1}}]), "bad_param", "gain.loudness"),
        (update(audio=None, plugins=[{"name": "gain", "params": {"gain_db": 1e308}}]), "bad_param", "gain.gain_db"),
        (update(audio=None, plugins=[GAIN, GAIN]), "bad_param", "got 'gain' 2 times"),
        (update(audio=None, plugins=[GAIN] * 17), "bad_message", "plugins"),
        (update(audio=None, plugins=[]), "bad_message", "expected the same processors"),
        (update(audio={"sample_rate": 16_000}), "bad_message", "expected the same audio format"),
    ],
)
async def test_a_bad_message_gets_its_error_and_the_stream_goes_on(serve, data, code, says):
    async with serve() as address, witnessing(address), open_client(address) as client:
        await client.update(GAIN, mode="file")
        await client.send(GOOD)
        await client.send(data)
        error = await client.until("error")
        await client.send(GOOD)
        summary = await client.end()
    assert error["code"] == code
    assert says in f"{error['message']} {error['param']}"
    assert len(error["message"]) < 400
    assert b"".join(client.audio) == 2 * GOOD
    assert summary["received_frames"] == 2


@pytest.mark.parametrize(
    ("audio", "param"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_rate": -48_000}, "sample_rate"),
        ({"sample_rate": 10**12}, "sample_rate"),
        ({"sample_rate": 7_999}, "sample_rate"),
        ({"sample_rate": 48_001}, "sample_rate"),
        ({"sample_rate": "48000"}, "sample_rate"),
        ({"sample_rate": 44_100.5}, "sample_rate"),
        ({"sample_rate": True}, "sample_rate"),
        ({"channels": 0}, "channels"),
        ({"channels": 3}, "channels"),
        ({"channels": 10**9}, "channels"),
        ({"format": "mp3"}, "format"),
        ({"mode": "fast"}, "mode"),
        ({"bits": 24}, "bits"),
    ],
)
async def test_an_absurd_format_is_refused_by_name_and_can_be_corrected(serve, audio, param):
    async with serve() as address, witnessing(address), open_client(address) as client:
        error = await client.update(GENRE, **audio)
        assert (error["type"], error["code"]) == ("error", "bad_message")
        assert error["param"].endswith(param)
        assert (await client.update(GENRE, mode="file"))["type"] == "session.updated"
        await client.send(GOOD)
        assert (await client.end())["received_frames"] == 1


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (GOOD, "expected a session.update before audio"),
        (json.dumps({"type": "end_of_stream"}), "expected a session.update first, got end_of_stream"),
        (json.dumps({"type": "session.update", "plugins": [GAIN]}), "expected audio in the first session.update"),
    ],
)
async def test_what_comes_before_the_settings_is_refused(serve, first, says):
    async with serve() as address, witnessing(address), open_client(address) as client:
        await client.send(first)
        error = await client.until("error")
        assert (error["code"], says in error["message"]) == ("bad_message", True)
        assert (await client.update(GAIN, mode="file"))["type"] == "session.updated"


@pytest.mark.parametrize(
    ("message", "text", "close_code"),
    [
        (b"\0" * 300_000, False, 1009),
        (b"x" * 300_000, True, 1009),
        (b'{"type": "ping", "id": \xff}', True, 1007),
    ],
)
async def test_what_breaks_the_websocket_protocol_closes_with_its_code(serve, message, text, close_code):
    async with serve() as address, witnessing(address), open_client(address) as client:
        await client.update(GAIN, mode="file")
        with pytest.raises(ConnectionClosed) as closed:
            await client.connection.send(message, text=text)
            await client.until("never")
    assert closed.value.rcvd.code == close_code


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # A TLS greeting.
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 5_000,
        b"GET /v1/stream HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /v1/stream HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
        b"POST /v1/plugins HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999\r\n\r\n",
    ],
)
async def test_garbage_on_the_port_hurts_nobody(serve, garbage):
    async with serve() as address, witnessing(address) as witness:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(garbage)
        await witness.hears(5)
        writer.close()
        answer = await asyncio.wait_for(reader.read(), 10)
        assert not answer or answer.startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack("!BB", 0x82, 4) + b"soft",  # A client's frame that is not masked.
        struct.pack("!BBI", 0xF2, 0x84, 0) + b"soft",  # Reserved bits.
        struct.pack("!BBI", 0x83, 0x84, 0) + b"soft",  # An opcode that there is not.
        struct.pack("!BBQI", 0x82, 0xFF, 2**62, 0),  # 4 EiB to come.
        struct.pack("!BBI", 0x80, 0x84, 0) + b"soft",  # The end of a message that never began.
        struct.pack("!BBHI", 0x89, 0xFE, 126, 0) + bytes(126),  # A ping that is too long.
    ],
)
async def test_frames_that_break_the_websocket_protocol_end_that_connection_alone(serve, frame):
    async with serve() as address, witnessing(address) as witness, open_client(address) as client:
        await client.update(GAIN, mode="file")
        client.connection.transport.write(frame)
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(client.until("never"), 10)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code in {1002, 1009}
        await witness.hears(3)


async def test_a_thousand_random_messages_give_errors_and_a_close_at_worst(serve):
    random = np.random.default_rng(7)
    pieces = ['{"type":"session.update"', ',"audio":', '{"sample_rate":', "48000", "}", "[", "null", '"gain"', "-1e999"]
    async with serve() as address, witnessing(address):
        for _ in range(25):
            try:
                async with open_client(address) as client:
                    await client.update(GAIN, mode="file")
                    for _ in range(40):
                        if random.random() < 0.5:
                            await client.send(random.bytes(int(random.integers(0, 3_000))))
                        else:
                            await client.send("".join(random.choice(pieces, random.integers(0, 8))))
                    await client.end()
            except ConnectionClosed as closed:
                assert closed.rcvd is not None
                assert closed.rcvd.code == 1008
            codes = {event["code"] for event in client.events if event["type"] == "error"}
            assert codes <= {"bad_message", "bad_frame", "too_many_errors"}


async def test_a_session_beside_full_scale_noise_to_every_plugin_loses_nothing(serve):
    noise = np.random.default_rng(3).uniform(-1e6, 1e6, 12_000).astype(np.float32).tobytes()
    async with serve() as address, witnessing(address), open_client(address) as client:
        await client.update(GENRE, {"name": "gain", "params": {"gain_db": 20.0}}, mode="file")
        for _ in range(20):
            await client.send(noise)
        summary = await client.end()
    assert summary["received_frames"] == 20
    assert [event for event in client.events if event["type"] == "error"] == []
