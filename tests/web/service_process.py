"""``tectum serve`` in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
READY_WITHIN_S = 90
STOPPED_WITHIN_S = 20


class Service:
    """The service on a port of the loopback; can be stopped and started again on the same port."""

    def __init__(self, log: Path, *options: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "realtime", "serve", "--port", str(port), *options]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process; it must have been started."""
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Returns once the service says that it is ready."""
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=REPOSITORY, stdout=log, stderr=log, env=environment)
        deadline = time.monotonic() + READY_WITHIN_S
        while not answers(f"{self.url}/readyz"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                pytest.fail(f"the service did not become ready:\n{self._log.read_text()}")
            time.sleep(0.1)  # another process: there is nothing to wait on

    def freeze(self) -> None:
        """It neither answers nor closes its sockets until ``thaw``, like a machine whose network is gone."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                pytest.fail(f"the service did not stop within {STOPPED_WITHIN_S} s:\n{self._log.read_text()}")
        self._process = None


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Whether an HTTP GET gives 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
