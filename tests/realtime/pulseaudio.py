"""A real PulseAudio server of our own, whose null sink is a virtual microphone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

SINK = "tectum"
START_TIMEOUT_S = 10.0


class PulseAudio:
    """A sound server in its own runtime folder: what is played into it can be recorded from it.

    Its environment, for child processes, is ``env``; ``pulse`` is the PortAudio device that records it.
    """

    def __init__(self, folder: Path) -> None:
        runtime = folder / "run"
        runtime.mkdir(mode=0o700)
        socket = runtime / "native"
        self.settings = {
            "XDG_RUNTIME_DIR": str(runtime),
            "HOME": str(folder),
            "PULSE_SERVER": f"unix:{socket}",
            "PULSE_LATENCY_MSEC": "20",
        }
        self.env = {**os.environ, **self.settings}
        self._log = (folder / "pulseaudio.log").open("wb")
        self._players: list[subprocess.Popen[bytes]] = []
        self._server = subprocess.Popen(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1"),
                *("-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"),
                *("-L", f"module-null-sink sink_name={SINK} rate=48000 channels=2"),
            ],
            env=self.env,
            stdout=self._log,
            stderr=self._log,
        )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        command = ["pactl", "set-default-source", f"{SINK}.monitor"]
        while subprocess.run(command, env=self.env, capture_output=True).returncode != 0:
            if self._server.poll() is not None or time.monotonic() > deadline:
                self.close()
                pytest.fail(f"PulseAudio did not start: {Path(self._log.name).read_text()[-2000:]}")
            time.sleep(0.05)  # there is no event for it

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Starts playing a WAV file into the virtual microphone."""
        player = subprocess.Popen(["paplay", f"--device={SINK}", str(path)], env=self.env)
        self._players.append(player)
        return player

    def freeze(self) -> None:
        """Makes the server hang, as a driver may."""
        self._server.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Ends the server at once, without a word to its clients."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        for player in self._players:
            player.kill()
            player.wait()
        self.kill()
        self._log.close()


def require_pulseaudio() -> None:
    """Skips the test where PulseAudio or PyAudio is not installed."""
    for program in ("pulseaudio", "pactl", "paplay"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: apt-get install pulseaudio pulseaudio-utils libasound2-plugins")
    pytest.importorskip("pyaudio", reason="PyAudio is not installed: pip install 'tectum[mic]'")
