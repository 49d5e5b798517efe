"""Processes that may do little: their limits hold, and none of them stays."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from realtime.errors import BadPicture, PictureTooLarge, TectumError
from realtime.targets import confined
from realtime.targets.confined import ConfinedJobs

JOB = """
import os, sys, time
from realtime.errors import BadPicture, PictureTooLarge
from realtime.targets.limits import Limits
LIMITS = Limits(memory_bytes=256 * 2**20, output_bytes=4096, cpu_s=1)
def run():
    content = sys.stdin.buffer.read()
{body}
"""

Job = Callable[[str], str]


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """Makes a job of the lines given, and returns its name."""
    package = tmp_path / "realtime" / "targets"
    package.mkdir(parents=True)
    root = Path(confined.__file__).parents[1]
    for source in (root / "__init__.py", root / "errors.py"):
        (tmp_path / "realtime" / source.name).symlink_to(source)
    for name in ("__init__.py", "limits.py"):
        (package / name).symlink_to(root / "targets" / name)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def write(body: str) -> str:
        (package / "made_up_job.py").write_text(JOB.format(body="\n".join(f"    {line}" for line in body.split("\n"))))
        return "made_up_job"

    return write


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


async def run(name: str, content: bytes = b"") -> confined.Confined:
    return await ConfinedJobs().run(name, content, raises=(BadPicture, PictureTooLarge))


async def test_a_job_gets_the_content_and_gives_a_header_and_a_payload(job: Job) -> None:
    done = await run(job("return {'length': len(content)}, content[::-1]"), b"abc")
    assert (done.header, done.payload.tobytes()) == ({"length": 3}, b"cba")
    done.payload[0] = 0  # it is the caller's


async def test_an_error_of_the_job_is_raised_here(job: Job) -> None:
    with pytest.raises(PictureTooLarge, match="expected less, got more") as caught:
        await run(job("raise PictureTooLarge('expected less, got more', param='picture')"))
    assert caught.value.param == "picture"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "x = bytearray(2**30); return {}, b''",
        "os.kill(os.getpid(), 11)",
        "os._exit(0)",
        "os.write(1, b'[1]\\n'); os._exit(0)",
        "os.write(1, b'{' * 4096); os._exit(0)",
    ],
    ids=["computes for ever", "takes all memory", "crashes", "says nothing", "says no object", "says no JSON"],
)
async def test_a_job_that_goes_wrong_is_the_fault_of_what_it_decoded(job: Job, body: str) -> None:
    with pytest.raises(BadPicture, match="but it took more"):
        await run(job(body))
    assert not children()


async def test_a_job_that_sleeps_is_killed(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "DEADLINE_S", 0.5)
    with pytest.raises(BadPicture):
        await run(job("time.sleep(60)"))
    assert not children()


@pytest.mark.parametrize(
    "body",
    ["open('/etc/hostname')", "import socket; socket.socket()", "os.write(1, bytes(8192)) == 4096 or 1 / 0; 1 / 0"],
    ids=["opens a file", "opens a socket", "writes too much"],
)
async def test_a_job_can_reach_nothing(job: Job, body: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TectumError, match="the log of the service says why") as caught:
        await run(job(body))
    assert caught.value.code == "internal"
    [record] = [record for record in caplog.records if record.name == confined.__name__]
    assert record.levelno == logging.ERROR
    assert any(reason in record.message for reason in ("Too many open files", "File too large", "ZeroDivisionError"))


async def test_where_no_process_can_be_started_the_service_is_at_fault(
    job: Job, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name = job("return {}, b''")
    monkeypatch.setattr(sys, "executable", "/none/python")
    with pytest.raises(TectumError, match="the log of the service says why"):
        await run(name)
    assert "/none/python" in caplog.text


async def test_a_job_sees_nothing_of_our_environment(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECTUM_TOKEN", "a-secret-token")
    done = await run(job("return {'names': sorted(os.environ)}, b''"))
    assert "TECTUM_TOKEN" not in done.header["names"]


async def test_a_job_has_no_torch_and_no_pillow_unless_it_asks(job: Job) -> None:
    done = await run(job("return {'names': sorted({'torch', 'PIL', 'numpy', 'asyncio'} & set(sys.modules))}, b''"))
    assert done.header["names"] == []


async def test_cancelling_kills_the_process_and_closes_what_was_open(job: Job) -> None:
    name = job("time.sleep(60)")
    before = len(os.listdir("/proc/self/fd"))
    task = asyncio.create_task(run(name))
    async with asyncio.timeout(20):
        while not children():  # noqa: ASYNC110 (nobody tells that a process has started)
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not children()
    assert len(os.listdir("/proc/self/fd")) <= before + 1  # the thread that watches children may keep one


async def test_no_more_processes_run_than_there_is_room_for(job: Job) -> None:
    name = job("time.sleep(0.2); return {}, b''")
    jobs = ConfinedJobs(max_processes=2)
    most = 0
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(jobs.run(name, b"", raises=(BadPicture,))) for _ in range(5)]
        while not all(task.done() for task in running):
            most = max(most, len(children()))
            await asyncio.sleep(0.01)
    assert most == 2


async def test_the_loop_goes_on_meanwhile(job: Job) -> None:
    task = asyncio.create_task(run(job("time.sleep(0.3); return {}, b''")))
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.001)
    assert turns > 50
