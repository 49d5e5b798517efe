"""A client that stops reading is cut off, and costs little until then."""

import asyncio
import re
import time
import urllib.request

import numpy as np
import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.realtime.service.conftest import open_client
from tests.realtime.service.witness import witnessing
from tests.web.service_process import Service

GAIN = {"name": "gain", "params": {"gain_db": 0.0}}
CUT_WITHIN_S = 5.0
COSTS_AT_MOST_BYTES = 8 * 1024 * 1024


@pytest.fixture
def service(tmp_path):
    service = Service(tmp_path / "serve.log", "--plugin", "gain", "--device", "cpu")
    service.start()
    yield service
    service.stop()


def open_sessions(service: Service) -> int:
    with urllib.request.urlopen(f"{service.url}/metrics", timeout=5) as response:
        return int(float(re.search(rb"^tectum_sessions (\S+)", response.read(), re.M)[1]))


async def flood(client, frame: bytes) -> None:
    """Sends for ever, until the connection is no more."""
    try:
        while True:
            await client.send(frame)
    except (ConnectionClosed, OSError):
        pass


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mode", "samples"), [("file", 16_384), ("live", 16_384), ("live", 480)], ids=["file", "live-64k", "live-2k"]
)
async def test_a_client_that_stops_reading_is_cut_off_and_costs_little(service, mode, samples):
    address = service.url.removeprefix("http://")
    process = psutil.Process(service.pid)
    frame = np.random.default_rng(0).uniform(-1, 1, samples).astype(np.float32).tobytes()
    async with witnessing(address) as witness:
        async with open_client(address) as client:  # What the first session of a process costs is not the reader's.
            await client.update(GAIN, mode=mode)
            await client.send(frame)
            await client.end()
        await witness.hears(20)
        before, largest = process.memory_info().rss, 0
        async with open_client(address, max_queue=1) as client:
            await client.update(GAIN, mode=mode)
            client.connection.transport.pause_reading()
            stopped_s = time.monotonic()
            sending = asyncio.create_task(flood(client, frame))
            while await asyncio.to_thread(open_sessions, service) > 1:
                largest = max(largest, process.memory_info().rss)
                assert time.monotonic() - stopped_s < 2 * CUT_WITHIN_S, "the client was not cut off"
                await asyncio.sleep(0.05)
            cut_after_s = time.monotonic() - stopped_s
            client.connection.transport.abort()
            await sending
        await witness.hears(20)
    print(f"cut after {cut_after_s:.2f} s, at a cost of {(largest - before) / 2**20:.1f} MiB")
    assert cut_after_s <= CUT_WITHIN_S
    assert largest - before <= COSTS_AT_MOST_BYTES


@pytest.mark.slow
async def test_a_stop_ends_within_ten_seconds_though_a_client_reads_nothing(service):
    address = service.url.removeprefix("http://")
    async with open_client(address, max_queue=1) as client:
        await client.update(GAIN, mode="file")
        client.connection.transport.pause_reading()
        sending = asyncio.create_task(flood(client, np.zeros(16_384, np.float32).tobytes()))
        await asyncio.sleep(0.5)
        begun_s = time.monotonic()
        await asyncio.to_thread(service.stop)
        took_s = time.monotonic() - begun_s
        client.connection.transport.abort()
        await sending
    print(f"stopped after {took_s:.2f} s")
    assert took_s <= 10.0


async def test_a_stop_tells_clients_that_read(service):
    address = service.url.removeprefix("http://")
    async with open_client(address) as client:
        await client.update(GAIN, mode="live")
        stopping = asyncio.create_task(asyncio.to_thread(service.stop))
        with pytest.raises(ConnectionClosed) as closed:
            await client.until("never")
        await stopping
    assert closed.value.rcvd.code in {1001, 1012}
