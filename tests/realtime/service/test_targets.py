"""Targets over the wire: given, changed and forgotten in a stream that goes on, whatever else comes of them."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from websockets.exceptions import ConnectionClosed

from realtime.plugins.facefilter import FacefilterPlugin
from realtime.plugins.gain import GainPlugin
from realtime.protocol import MAX_FRAME_BYTES
from realtime.service import target_intake, upload
from realtime.service.stream import MAX_BAD_INPUTS
from realtime.targets.encoder import TargetEncoder
from tests.realtime.plugins.toy_separator import write_separator
from tests.realtime.service.conftest import Client, open_client
from tests.realtime.service.witness import witnessing
from tests.realtime.targets.made_up import RedFaces, as_file, babble, draw, encoded, write_models

FACEFILTER = {"name": "facefilter"}
HOP = np.ones(160, np.float32).tobytes()
NOBODY, FACE, VOICE, BOTH = 0.5, 0.25, 0.375, 0.125
ALL_BUT = 0.05 * 2
"""The toy separator minds whose face and voice it is by so little."""

ONE = encoded(draw(320, 240, (100, 60, 220, 200)))
TWO = encoded(draw(640, 240, (80, 60, 220, 200), (400, 60, 540, 200), seed=1))
GREEN = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8) * np.uint8([0, 1, 1])
NONE = encoded(Image.fromarray(GREEN))
SPEECH = babble(2.0)
SAMPLE = as_file(SPEECH)
RAW = {"format": "s16le", "sample_rate": 16_000, "channels": 1}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return write_models(write_separator(tmp_path_factory.mktemp("models")))


@pytest.fixture
def talk(serve, models, monkeypatch):
    """``async with talk() as client``: a session of facefilter at its own rate, in a service with one beside it."""
    monkeypatch.setattr("realtime.engine.discover", lambda: {"facefilter": FacefilterPlugin, "gain": GainPlugin})

    @asynccontextmanager
    async def connected(*plugins, folder=models):
        async with serve(models=folder) as address, witnessing(address), open_client(address) as client:
            await client.update(*(plugins or (FACEFILTER,)), sample_rate=16_000)
            yield client

    return connected


async def send_target(client: Client, content: bytes, kind: str = "face", size: int | None = None, **fields) -> None:
    """Sends ``target.set`` and its content, in parts."""
    size = len(content) if size is None else size
    await client.send({"type": "target.set", "kind": kind, "bytes": size, **fields})
    for start in range(0, len(content), MAX_FRAME_BYTES):
        await client.send(content[start : start + MAX_FRAME_BYTES])


async def answer(client: Client) -> dict:
    return await client.until("target.updated", "error")


async def hears(client: Client) -> float:
    """Sends three hops of ones and returns the level that came back last; fails unless all came back."""
    before = len(client.audio)
    for _ in range(3):
        await client.send(HOP)
    async with asyncio.timeout(10):
        while len(client.audio) < before + 2:  # The third is the plugin's latency, still inside.
            await client.next()
    return float(np.frombuffer(client.audio[-1], np.float32)[-1])


# Given and forgotten


async def test_a_face_in_several_messages_is_kept_from_the_next_hop_on(talk):
    picture = encoded(draw(1000, 1000, (300, 300, 700, 700)), "PNG", compress_level=0)
    assert len(picture) > 3 * MAX_FRAME_BYTES
    async with talk() as client:
        assert client.events[-1]["plugins"][0]["target"] == []
        assert await hears(client) == pytest.approx(NOBODY)
        await send_target(client, picture)
        updated = await answer(client)
        assert await hears(client) == pytest.approx(FACE, abs=ALL_BUT)
        session = await client.update(FACEFILTER)
    assert (updated["type"], updated["kind"]) == ("target.updated", "face")
    assert updated["targets"] == {"facefilter": ["face"]}
    assert (updated["box"], updated["faces"]) == ([300, 300, 700, 700], [[300, 300, 700, 700]])
    assert session["plugins"][0]["target"] == ["face"]


@pytest.mark.parametrize(
    ("content", "fields"),
    [(SAMPLE, {}), ((SPEECH * 32767).astype("<i2").tobytes(), {"audio": RAW})],
    ids=["file", "samples"],
)
async def test_a_voice_is_kept_too(talk, content, fields):
    async with talk() as client:
        await send_target(client, content, "voice", **fields)
        updated = await answer(client)
        assert await hears(client) == pytest.approx(VOICE, abs=ALL_BUT)
    assert (updated["kind"], updated["targets"], updated["cut"]) == ("voice", {"facefilter": ["voice"]}, False)
    assert updated["seconds"] > 1.0


async def test_face_and_voice_sent_in_one_go_are_both_kept_and_forgotten_one_by_one(talk):
    async with talk() as client:
        await send_target(client, ONE)
        await send_target(client, SAMPLE, "voice")
        assert {(await answer(client))["kind"], (await answer(client))["kind"]} == {"face", "voice"}
        assert await hears(client) == pytest.approx(BOTH, abs=ALL_BUT)
        await client.send({"type": "target.clear", "kind": "face"})
        assert (await answer(client))["targets"] == {"facefilter": ["voice"]}
        assert await hears(client) == pytest.approx(VOICE, abs=ALL_BUT)
        await client.send({"type": "target.clear"})
        assert (await answer(client))["targets"] == {"facefilter": []}
        assert await hears(client) == pytest.approx(NOBODY)


async def test_which_of_several_faces_can_be_said(talk):
    async with talk() as client:
        await send_target(client, TWO)
        error = await answer(client)
        await send_target(client, TWO, index=1)
        updated = await answer(client)
    assert (error["code"], len(error["faces"])) == ("several_faces", 2)
    assert updated["box"] == error["faces"][1] == [400, 60, 540, 200]


async def test_a_plugin_that_takes_a_target_can_be_named_and_another_says_that_it_takes_none(talk):
    async with talk(FACEFILTER, {"name": "gain"}) as client:
        plugins = {plugin["name"]: plugin["target"] for plugin in client.events[-1]["plugins"]}
        await send_target(client, ONE, plugin="facefilter")
        assert (await answer(client))["targets"] == {"facefilter": ["face"]}
    assert plugins == {"facefilter": [], "gain": None}


# What goes wrong


BAD_TARGETS = (
    (NONE, {}, "no_face", "expected"),
    (TWO, {"index": 2}, "bad_param", "got 2"),
    (b"no picture" * 1000, {}, "bad_picture", "expected"),
    (b"RIFF" + bytes(500), {"kind": "voice"}, "bad_voice", "expected"),
    (as_file(np.zeros(32_000, np.float32)), {"kind": "voice"}, "voice_silent", "expected"),
    (as_file(babble(0.5)), {"kind": "voice"}, "voice_too_short", "expected"),
    (bytes(1001), {"kind": "voice", "audio": RAW}, "bad_frame", "a multiple of 2 bytes"),
    (np.full(800, np.nan, "<f4").tobytes(), {"kind": "voice", "audio": RAW | {"format": "f32le"}}, "bad_voice", "NaN"),
    (bytes(200_000), {"plugin": "gain"}, "bad_param", "got 'gain'"),
    (bytes(200_000), {"plugin": "reverb"}, "bad_param", "got 'reverb'"),
    (bytes(1_000), {"size": 999}, "bad_upload", "999 more in all, got 1000"),
)


async def test_a_target_that_is_none_gets_its_error_and_whom_it_kept_is_kept(talk):
    async with talk() as client:
        await send_target(client, ONE)
        await answer(client)
        before = await hears(client)
        for content, fields, code, says in BAD_TARGETS:
            await send_target(client, content, **fields)
            error = await answer(client)
            assert (error["type"], error["code"], says in error["message"]) == ("error", code, True), error
            assert await hears(client) == pytest.approx(before)
        summary = await client.end()
    assert summary["received_frames"] == 3 * (1 + len(BAD_TARGETS))


BAD_MESSAGES = (
    ({"kind": "smell"}, "kind"),
    ({"bytes": 0}, "bytes"),
    ({"bytes": -1}, "bytes"),
    ({"bytes": 1.5}, "bytes"),
    ({"index": -1}, "index"),
    ({"kind": "voice", "index": 0}, "index"),
    ({"audio": RAW}, "audio"),
    ({"kind": "voice", "audio": RAW | {"sample_rate": 1}}, "audio.sample_rate"),
    ({"kind": "voice", "audio": RAW | {"mode": "live"}}, "audio.mode"),
    ({"url": "file:///etc/passwd"}, "url"),
)


async def test_a_message_that_announces_nothing_is_refused_by_name_and_what_follows_is_audio(talk):
    async with talk() as client:
        for fields, param in BAD_MESSAGES:
            await client.send({"type": "target.set", "kind": "face", "bytes": 10} | fields)
            error = await answer(client)
            assert (error["code"], error["param"].endswith(param)) == ("bad_message", True), error
            assert await hears(client) == pytest.approx(NOBODY)


async def test_a_session_without_a_plugin_that_takes_a_target_says_so_and_plays_nothing_of_the_picture(talk):
    async with talk({"name": "gain"}) as client:
        await send_target(client, ONE)
        error = await answer(client)
        await client.send(HOP)
        assert (await client.end())["received_samples"] == 160
        assert len(b"".join(client.audio)) == len(HOP)
    assert (error["code"], error["param"]) == ("bad_param", "plugin")
    assert "a plugin that takes a target" in error["message"]


async def test_more_than_the_limit_is_refused_at_once_and_skipped(talk, monkeypatch):
    monkeypatch.setattr(target_intake, "MAX_UPLOAD_BYTES", 200_000)
    async with talk() as client:
        await client.send({"type": "target.set", "kind": "face", "bytes": 200_001})
        error = await answer(client)
        for size in (MAX_FRAME_BYTES, MAX_FRAME_BYTES, MAX_FRAME_BYTES, 200_001 - 3 * MAX_FRAME_BYTES):
            await client.send(bytes(size))
        assert await hears(client) == pytest.approx(NOBODY)
    assert (error["code"], error["param"]) == ("picture_too_large", "bytes")
    assert error["message"] == "expected at most 200000 bytes, got 200001"


async def test_a_part_that_is_too_large_is_refused_once_and_the_rest_is_skipped(talk):
    async with talk() as client:
        await client.send({"type": "target.set", "kind": "face", "bytes": 200_000})
        for _ in range(2):
            await client.send(bytes(100_000))
        assert (await answer(client))["code"] == "bad_upload"
        assert await hears(client) == pytest.approx(NOBODY)
        assert [event["code"] for event in client.events if event["type"] == "error"] == ["bad_upload"]


async def test_text_may_come_between_the_parts(talk):
    async with talk() as client:
        await client.send({"type": "target.set", "kind": "face", "bytes": len(ONE)})
        await client.send(ONE[:100])
        await client.send({"type": "ping", "id": 7})
        assert (await client.until("pong"))["id"] == 7
        assert (await client.update(FACEFILTER | {"params": {"lock_on": False}}))["type"] == "session.updated"
        await client.send(ONE[100:])
        assert (await answer(client))["targets"] == {"facefilter": ["face"]}


async def test_a_second_target_gives_the_first_up(talk):
    async with talk() as client:
        await send_target(client, ONE[:100], size=len(ONE))
        await send_target(client, SAMPLE, "voice")
        error, updated = await answer(client), await answer(client)
    assert (error["code"], error["param"]) == ("bad_upload", "bytes")
    assert f"expected the {len(ONE)} bytes of the face, got 100 and then another target.set" in error["message"]
    assert updated["targets"] == {"facefilter": ["voice"]}


async def test_the_end_of_the_stream_gives_an_upload_up_and_flushes_the_sound(talk):
    async with talk() as client:
        await client.send(HOP)
        await send_target(client, ONE[:100], size=len(ONE))
        summary = await client.end()
    assert [event["code"] for event in client.events if event["type"] == "error"] == ["bad_upload"]
    assert summary["received_samples"] == 160
    assert len(b"".join(client.audio)) == len(HOP)


async def test_an_upload_that_stops_is_given_up_and_binary_is_audio_again(talk, monkeypatch):
    monkeypatch.setattr(upload, "PART_DEADLINE_S", 0.05)
    async with talk() as client:
        await send_target(client, ONE[:100], size=len(ONE))
        error = await answer(client)
        assert await hears(client) == pytest.approx(NOBODY)
    assert (error["code"], "got 100 and then nothing more in time" in error["message"]) == ("bad_upload", True)


async def test_a_refused_upload_that_stops_has_had_its_error(talk, monkeypatch):
    monkeypatch.setattr(upload, "PART_DEADLINE_S", 0.05)
    async with talk() as client:
        await client.send({"type": "target.set", "kind": "face", "bytes": 10**9})
        assert (await answer(client))["code"] == "picture_too_large"
        await asyncio.sleep(0.2)  # Its time is the service's, which nothing tells.
        assert await hears(client) == pytest.approx(NOBODY)
        assert len([event for event in client.events if event["type"] == "error"]) == 1


async def test_without_the_model_an_error_says_so_and_nothing_of_where_they_should_be(talk, tmp_path):
    folder = write_models(write_separator(tmp_path), face=RedFaces())
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "voice": "0" * 64}))
    async with talk(folder=folder) as client:
        await send_target(client, SAMPLE, "voice")
        error = await answer(client)
        assert await hears(client) == pytest.approx(NOBODY)
    assert error["code"] == "artifact_error"
    assert str(tmp_path) not in json.dumps(error)


async def test_bad_targets_count_as_bad_messages(talk):
    async with talk() as client:
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(2 * MAX_BAD_INPUTS):
                await send_target(client, b"x", plugin="gain")
                await answer(client)
    assert closed.value.rcvd.code == 1008
    assert client.events[-1]["code"] == "too_many_errors"


async def test_before_the_settings_a_target_is_refused(serve, models, monkeypatch):
    monkeypatch.setattr("realtime.engine.discover", lambda: {"facefilter": FacefilterPlugin})
    async with serve(models=models) as address, open_client(address) as client:
        await client.send({"type": "target.set", "kind": "face", "bytes": 10})
        assert "expected a session.update first, got target.set" in (await client.until("error"))["message"]


# While it is encoded


class Encoding:
    """Stands in for the encoder's face: waits until it is told what came of it, and says whether it was left."""

    def __init__(self, monkeypatch):
        self.begun, self.left = asyncio.Semaphore(0), asyncio.Semaphore(0)
        self.found = asyncio.Event()
        encode = TargetEncoder.encode_face

        async def encode_face(encoder, content, index=None):
            self.begun.release()
            try:
                await self.found.wait()
                return await encode(encoder, content, index)
            except asyncio.CancelledError:
                self.left.release()
                raise

        monkeypatch.setattr(TargetEncoder, "encode_face", encode_face)


@pytest.fixture
def encoding(monkeypatch) -> Encoding:
    return Encoding(monkeypatch)


async def test_sound_goes_on_meanwhile(talk, encoding):
    async with talk() as client:
        await send_target(client, ONE)
        await encoding.begun.acquire()
        assert await hears(client) == pytest.approx(NOBODY)
        encoding.found.set()
        await answer(client)
        assert await hears(client) == pytest.approx(FACE, abs=ALL_BUT)


async def test_clear_takes_back_what_is_on_its_way(talk, encoding):
    async with talk() as client:
        await send_target(client, ONE)
        await encoding.begun.acquire()
        await client.send({"type": "target.clear", "kind": "face"})
        assert (await answer(client))["targets"] == {"facefilter": []}
        await encoding.left.acquire()
        encoding.found.set()
        assert await hears(client) == pytest.approx(NOBODY)
        assert (await client.update(FACEFILTER))["plugins"][0]["target"] == []


async def test_a_later_picture_takes_the_place_of_one_that_is_not_done(talk, encoding):
    async with talk() as client:
        await send_target(client, NONE)
        await encoding.begun.acquire()
        await send_target(client, ONE)
        await encoding.left.acquire()
        encoding.found.set()
        assert (await answer(client))["targets"] == {"facefilter": ["face"]}
        assert [event for event in client.events if event["type"] == "error"] == []


@pytest.mark.parametrize("leaves", ["ends", "vanishes"])
async def test_nothing_goes_on_for_a_client_that_leaves(talk, encoding, leaves):
    async with talk() as client:
        await send_target(client, ONE)
        await encoding.begun.acquire()
        if leaves == "ends":
            await client.end()
        else:
            client.connection.transport.abort()
        await asyncio.wait_for(encoding.left.acquire(), 10)


async def test_an_error_of_the_encoder_s_own_ends_this_session_only(talk, monkeypatch):
    async def broken(encoder, content, index=None):
        raise ZeroDivisionError

    monkeypatch.setattr(TargetEncoder, "encode_face", broken)
    async with talk() as client:
        with pytest.raises(ConnectionClosed) as closed:
            await send_target(client, ONE)
            while True:
                await client.next()
    assert closed.value.rcvd.code == 1011
