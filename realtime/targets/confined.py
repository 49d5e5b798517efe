"""Decoders of what strangers send, each run in a process of its own that may do little and not for long.

Invariant: a process that was started has ended when the call returns, however it returns; what goes in and what comes
out lies in memory files, never on a disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import mmap
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import BadTarget, TectumError

DEADLINE_S = 20.0
"""Time on the clock after which a process is killed; its own limits stop it earlier unless the machine is overrun."""
MAX_HEADER_BYTES = 2_048

_MAIN = Path(__file__).with_name("confined_main.py")
_ROOT = Path(__file__).parents[2]
_ENVIRONMENT = ("LD_LIBRARY_PATH",)
"""All that the process sees of our environment, which may hold a token."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Confined:
    """What a job gave.

    Attributes:
        header: Its JSON object. It comes from a process that strangers' data may have taken over: check it.
        payload: uint8 ``[N]``, writable.
    """

    header: dict[str, Any]
    payload: NDArray[np.uint8]


class ConfinedJobs:
    """Runs jobs, at most ``max_processes`` at a time; more wait.

    Args:
        max_processes: Bounds what all the jobs together take of the machine.
    """

    def __init__(self, max_processes: int = 2) -> None:
        self._room = asyncio.Semaphore(max_processes)

    async def run(self, job: str, content: bytes, *, raises: Sequence[type[BadTarget]]) -> Confined:
        """Hands ``content`` to ``job``; when cancelled, kills its process.

        Args:
            job: Name of a module of this package, with ``LIMITS`` and a ``run()`` that decodes standard input.
            content: What to decode.
            raises: The errors that the job may raise; the first stands for a job that went beyond its limits, too.

        Raises:
            BadTarget: One of ``raises``.
            TectumError: The job could not start; the log says why.
        """
        async with self._room:
            try:
                return await _run(job, content, raises)
            except OSError as error:
                raise _failed(job, str(error)) from error


async def _run(job: str, content: bytes, raises: Sequence[type[BadTarget]]) -> Confined:
    with _memory_file(content) as given, _memory_file() as result, _memory_file() as complaints:
        status = await _run_process(job, given, result, complaints)
        if status > 0:
            raise _failed(job, _tail(complaints))
        if status < 0:
            raise _overrun(raises[0])
        return _read(result, raises)


async def _run_process(job: str, given: int, result: int, complaints: int) -> int:
    """Runs ``job`` from memory file to memory file; returns its exit status, negative where it had to be killed."""
    # Isolated and without site: the paths are ours, and nothing but the job is imported, which takes 50 ms.
    paths = os.pathsep.join([*filter(None, sys.path), str(_ROOT)])
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_MAIN), paths, job),
        stdin=given,
        stdout=result,
        stderr=complaints,
        env=environment | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await process.wait()
    except TimeoutError:
        return -1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@contextmanager
def _memory_file(content: bytes = b"") -> Iterator[int]:
    """Yields the descriptor of a file that lives in memory and holds ``content``."""
    descriptor = os.memfd_create("tectum", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _read(result: int, raises: Sequence[type[BadTarget]]) -> Confined:
    """Returns what the job wrote: a line of JSON, then the payload. Raises the error that it wrote instead."""
    try:
        # Should something of the process live on, it cannot cut off what is mapped, which would kill this one.
        fcntl.fcntl(result, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
        # Copy on write: the caller may change the payload, and it lives as long as somebody looks at it.
        memory = mmap.mmap(result, 0, access=mmap.ACCESS_COPY)
        header = json.loads(memory.readline()[:MAX_HEADER_BYTES])
    except (OSError, ValueError):  # OSError: it is being written to. ValueError: empty, or no JSON.
        raise _overrun(raises[0]) from None
    if not isinstance(header, dict) or "overrun" in header:
        raise _overrun(raises[0])
    for error in raises:
        if header.get("error") == error.code:
            raise error(str(header.get("message")), param=str(header.get("param")))
    return Confined(header, np.frombuffer(memory, np.uint8, offset=memory.tell()))


def _overrun(error: type[BadTarget]) -> BadTarget:
    return error("expected to decode it in a few seconds and little memory, but it took more")


def _failed(job: str, why: str) -> TectumError:
    """Logs what is no fault of the sender, and returns the error that says only that much."""
    _log.error("the job %s failed: %s", job, why)
    return TectumError(f"the job {job} could not be done; the log of the service says why")


def _tail(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, 2_000, max(0, size - 2_000)).decode(errors="replace").strip()
