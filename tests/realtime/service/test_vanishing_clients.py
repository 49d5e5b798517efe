"""Clients that vanish at any moment leave nothing behind."""

import asyncio
import socket
import struct

import numpy as np
import psutil
import pytest

from tests.realtime.service.conftest import open_client
from tests.realtime.service.witness import witnessing

CYCLES = 1_000
GAIN = {"name": "gain"}
FRAME = np.full(960, 0.25, np.float32).tobytes()


def reset_on_close(sock: socket.socket) -> None:
    """Makes closing send a reset, as a machine that is switched off and on again does."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def vanish(address: str, moment: int) -> None:
    """Goes as far as ``moment`` says, and vanishes without a goodbye."""
    if moment == 0:
        _, writer = await asyncio.open_connection(*address.split(":"))
        reset_on_close(writer.get_extra_info("socket"))
        writer.write(b"GET /v1/stream HTT")
        writer.transport.abort()
        return
    async with open_client(address) as client:
        if moment >= 2:
            await client.update(GAIN, {"name": "genre"}, mode="live" if moment % 2 else "file")
        if moment >= 4:
            for _ in range(5):
                await client.send(FRAME)
        if moment >= 6:
            await client.send({"type": "end_of_stream"})
        if moment % 2:
            reset_on_close(client.connection.transport.get_extra_info("socket"))
        client.connection.transport.abort()


async def settled(count, wanted: int) -> int:
    """Waits a while for ``count()`` to come down to ``wanted`` and returns it."""
    for _ in range(200):
        if count() <= wanted:
            break
        await asyncio.sleep(0.02)
    return count()


@pytest.mark.slow
async def test_a_thousand_clients_that_vanish_leave_tasks_and_descriptors_as_they_were(serve):
    process = psutil.Process()
    async with serve() as address, witnessing(address):
        for moment in range(8):
            await vanish(address, moment)
        await asyncio.sleep(0.2)
        tasks, descriptors = len(asyncio.all_tasks()), process.num_fds()
        for cycle in range(CYCLES // 8):
            await asyncio.gather(*(vanish(address, moment) for moment in range(8)))
            assert len(asyncio.all_tasks()) < tasks + 200, f"tasks pile up by cycle {cycle}"
        assert await settled(lambda: len(asyncio.all_tasks()), tasks) <= tasks
        assert await settled(process.num_fds, descriptors) <= descriptors
