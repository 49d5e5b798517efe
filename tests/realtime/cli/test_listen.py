"""``tectum listen``: files as they play, and a real virtual microphone."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import soundfile

from realtime.cli.summary import StreamTotals
from tests.realtime.pulseaudio import PulseAudio

from .conftest import Tectum

RATE = 48_000


def write_tone(path: Path, seconds: float, level: float = 0.5) -> None:
    times = np.arange(round(RATE * seconds)) / RATE
    soundfile.write(path, level * np.sin(2 * np.pi * 1000 * times), RATE)


@contextmanager
def listening(env: dict[str, str], *arguments: str, stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """Runs ``tectum listen`` in a process of its own, which ends with the block at the latest."""
    command = [sys.executable, "-m", "realtime", "listen", *arguments]
    with subprocess.Popen(command, env=env, stdout=stdout, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def events_of(lines: IO[str] | None) -> Iterator[dict[str, Any]]:
    assert lines is not None
    return (json.loads(line) for line in lines)


def test_a_file_is_heard_as_it_plays(tectum: Tectum, tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 5.0)
    outcome = tectum("listen", "a.wav", "--duration", "1.5", "--json")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    levels = [event for event in outcome.events if event["type"] == "levels"]
    assert len(levels) == 15
    assert all(event["rms_db"] == pytest.approx(-9.0, abs=0.2) for event in levels)
    assert [event["type"] for event in outcome.events].count("stats") == 1


def test_people_see_the_view(tectum: Tectum, tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 1.0)
    outcome = tectum("listen", "a.wav", "--duration", "0.5")
    assert outcome.exit_code == 0
    assert "level" in outcome.stdout and "a.wav" in outcome.stdout and "latency" in outcome.stdout


def test_a_file_cut_short_is_heard_and_then_reported(tectum: Tectum, tmp_path: Path) -> None:
    write_tone(tmp_path / "a.wav", 1.0)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    outcome = tectum("listen", "a.wav", "--json")
    assert outcome.exit_code == 2
    assert outcome.events[0]["type"] == "levels"
    assert outcome.events[-1]["code"] == "bad_audio_file"


@pytest.mark.parametrize("source", ["http://radio.example/stream", "none.wav", ""])
def test_what_is_no_source_is_refused(tectum: Tectum, source: str) -> None:
    outcome = tectum("listen", source)
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("tectum: expected ") and outcome.stderr.count("\n") == 1


def test_an_unknown_microphone_names_those_that_exist(pulseaudio: PulseAudio, tectum: Tectum) -> None:
    outcome = tectum("listen", "mic:nope")
    assert outcome.exit_code == 1
    assert "'pulse'" in outcome.stderr and "got 'nope'" in outcome.stderr


def test_a_microphone_that_is_lost_is_reported(pulseaudio: PulseAudio) -> None:
    with listening(pulseaudio.env, "mic", "--json") as process:
        next(events_of(process.stdout))
        pulseaudio.kill()
        last = list(events_of(process.stdout))[-1]
        assert process.wait(30) == 1
        assert process.stderr is not None
        assert "tectum: " in process.stderr.read()
    assert (last["type"], last["code"], last["param"]) == ("error", "device_unavailable", "device")


def test_ctrl_c_ends_it_in_order(pulseaudio: PulseAudio) -> None:
    terminal, its_end = pty.openpty()
    with listening({**pulseaudio.env, "TERM": "xterm"}, "mic:pulse", stdout=its_end) as process:
        os.close(its_end)
        shown = b""
        while b"level" not in shown:
            shown += os.read(terminal, 4096)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # how a terminal says that nobody is there any more
            while os.read(terminal, 4096):
                pass
        assert process.wait(30) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    os.close(terminal)


@pytest.mark.slow
def test_a_microphone_gives_the_same_label_as_the_file(
    pulseaudio: PulseAudio, tectum: Tectum, tmp_path: Path, shared_data: Path
) -> None:
    clip, rate = soundfile.read(shared_data / "gtzan_audio" / "clip30s" / "jazz.00000.opus", frames=12 * 24_000)
    soundfile.write(tmp_path / "clip.wav", clip, rate)
    soundfile.write(tmp_path / "led.wav", np.concatenate([np.zeros(rate), clip]), rate)
    from_file = tectum("process", "clip.wav", "--json").events[-1]["plugins"]["genre"]

    totals, levels, stats = StreamTotals(("genre",)), [], {}
    with listening(pulseaudio.env, "mic", "--duration", "14", "--json") as process:
        events = events_of(process.stdout)
        next(events)  # it listens; what plays from now on is heard whole
        pulseaudio.play(tmp_path / "led.wav")
        for event in events:
            totals.add(event)
            match event["type"]:
                case "levels":
                    levels.append(event["rms_db"])
                case "stats":
                    stats = event
        assert process.wait(30) == 0
    assert max(levels) > -40
    assert stats["dropped_samples"] == 0
    from_microphone = totals.to_json()["genre"]
    assert from_file["label"] is not None
    assert from_microphone["label"] == from_file["label"]
