"""The microphone, recorded from a real PulseAudio server; its absence and its loss."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from realtime.errors import DeviceUnavailable
from realtime.frames import AudioFrame, Samples
from realtime.sources.microphone import MicrophoneSource
from realtime.sources.portaudio import AudioDevice, InputStream, find_input, list_devices, quiet_stderr
from tests.realtime.pulseaudio import PulseAudio

RATE = 48_000


def write_tone(path: Path, seconds: float, frequency: float = 1000.0, level: float = 0.25, lead_s: float = 1.0) -> None:
    """Writes a stereo tone after a lead of silence, during which the server's streams settle."""
    times = np.arange(round(RATE * seconds)) / RATE
    tone = level * np.sin(2 * np.pi * frequency * times)
    mono = np.concatenate([np.zeros(round(RATE * lead_s)), tone])
    soundfile.write(path, np.stack([mono, mono], axis=1), RATE)


async def record(source: MicrophoneSource, until: Callable[[list[AudioFrame]], bool]) -> list[AudioFrame]:
    frames: list[AudioFrame] = []
    async with aclosing(source), asyncio.timeout(20):
        async for frame in source:
            frames.append(frame)
            if until(frames):
                break
    return frames


async def test_a_tone_comes_through_at_its_level_and_without_a_gap(pulseaudio: PulseAudio, tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", 3.0)
    source = await MicrophoneSource.open()
    assert (source.sample_rate, source.channels, source.live) == (RATE, 1, True)
    pulseaudio.play(tmp_path / "tone.wav")

    def heard(frames: list[AudioFrame]) -> bool:
        return sum(float(np.abs(frame.samples).max()) > 0.1 for frame in frames) >= 110

    frames = await record(source, heard)
    assert {frame.num_samples for frame in frames} == {960}
    assert [frame.pts for frame in frames] == list(range(0, 960 * len(frames), 960))
    assert source.dropped_samples == 0

    audio = np.concatenate([frame.samples[0] for frame in frames])
    onset = int(np.argmax(np.abs(audio) > 0.1))
    steady = audio[onset + 4800 : onset + 4800 + 2 * RATE]
    rms = float(np.sqrt(np.mean(steady**2)))
    assert 20 * np.log10(rms / (0.25 / np.sqrt(2))) == pytest.approx(0.0, abs=0.1)
    # A dropped or repeated sample is a phase jump: nothing but the tone may be left after the best sine is taken out.
    angle = 2 * np.pi * 1000 / RATE * np.arange(steady.size)
    basis = np.stack([np.sin(angle), np.cos(angle)], axis=1)
    residual = steady - basis @ np.linalg.lstsq(basis, steady, rcond=None)[0]
    assert float(np.abs(residual).max()) < 2e-3


async def test_the_device_wished_for_is_recorded_in_its_format(pulseaudio: PulseAudio, tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", 1.0)
    source = await MicrophoneSource.open("pulse", sample_rate=16_000, channels=2, frame_ms=10)
    pulseaudio.play(tmp_path / "tone.wav")
    frames = await record(source, lambda frames: len(frames) == 30)
    assert {(frame.sample_rate, frame.samples.shape) for frame in frames} == {(16_000, (2, 160))}


async def test_a_killed_sound_server_is_a_lost_device_within_3_s(pulseaudio: PulseAudio, tmp_path: Path) -> None:
    write_tone(tmp_path / "tone.wav", 10.0)
    source = await MicrophoneSource.open()
    pulseaudio.play(tmp_path / "tone.wav")
    killed_at = 0.0
    async with aclosing(source):
        with pytest.raises(DeviceUnavailable, match="has stopped") as caught:
            async for frame in source:
                if frame.pts == 25 * 960:
                    killed_at = time.monotonic()
                    await asyncio.to_thread(pulseaudio.kill)
        assert time.monotonic() - killed_at < 3.0
    assert caught.value.param == "device"


async def test_a_hanging_sound_server_is_a_lost_device_and_does_not_hang_us(
    pulseaudio: PulseAudio, tmp_path: Path
) -> None:
    write_tone(tmp_path / "tone.wav", 10.0)
    source = await MicrophoneSource.open(stall_s=0.5)
    pulseaudio.play(tmp_path / "tone.wav")
    frozen_at = 0.0
    async with aclosing(source):
        with pytest.raises(DeviceUnavailable, match="sends nothing"):
            async for frame in source:
                if frame.pts == 25 * 960:
                    frozen_at = time.monotonic()
                    pulseaudio.freeze()
    assert time.monotonic() - frozen_at < 3.0


async def test_closing_while_another_task_listens_ends_its_stream(pulseaudio: PulseAudio) -> None:
    source = await MicrophoneSource.open()
    started = asyncio.Event()

    async def listen() -> int:
        count = 0
        async for _ in source:
            count += 1
            started.set()
        return count

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        await started.wait()
        await source.aclose()
        await source.aclose()
    assert listening.result() >= 1


class SteppedStream(InputStream):
    """An input whose blocks come when the test says so, from a thread as PortAudio's do."""

    def __init__(self) -> None:
        self.sample_rate, self.channels, self.frame_samples = RATE, 1, 960
        self.device = AudioDevice(0, "stepped", "test", 1, 0, RATE, "input")
        self.started = threading.Event()
        self.closed = False

    def start(self, on_samples: Callable[[Samples, bool], None]) -> None:
        self._on_samples = on_samples
        self.started.set()

    def push(self, blocks: int, overflowed: bool = False) -> None:
        def call_back() -> None:
            for _ in range(blocks):
                self._on_samples(np.zeros((1, 960), np.float32), overflowed)

        thread = threading.Thread(target=call_back)
        thread.start()
        thread.join()

    @property
    def active(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True


async def test_a_late_reader_loses_the_oldest_and_sees_a_gap() -> None:
    stream = SteppedStream()
    async with aclosing(MicrophoneSource(stream)) as source:
        frames = aiter(source)
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(anext(frames))
            await asyncio.to_thread(stream.started.wait)
            stream.push(1)
        assert first.result().pts == 0
        stream.push(80, overflowed=True)  # the ring holds 50
        assert (await anext(frames)).pts == 31 * 960
        assert source.dropped_samples == 30 * 960
        assert source.overruns == 80
        await frames.aclose()
    assert stream.closed


def test_a_machine_without_sound_devices_says_how_to_mend_it(tmp_path: Path) -> None:
    pytest.importorskip("pyaudio", reason="PyAudio is not installed: pip install 'tectum[mic]'")
    if any(Path("/proc/asound").glob("card*")):
        pytest.skip("this machine has a sound card")
    code = "import asyncio; from realtime.sources.microphone import MicrophoneSource as M; asyncio.run(M.open())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PULSE_SERVER": f"unix:{tmp_path}/none"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "DeviceUnavailable: expected a microphone, got no input device: plug in" in result.stderr
    assert "ALSA lib" not in result.stderr and "jack" not in result.stderr.casefold()


def test_without_pyaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyaudio", None)
    with pytest.raises(DeviceUnavailable, match=r"pip install 'tectum\[mic\]'"):
        list_devices()


def test_an_input_is_found_by_index_name_part_of_name_and_default() -> None:
    speaker = AudioDevice(0, "Speaker", "ALSA", 0, 2, RATE, "output")
    camera = AudioDevice(1, "USB Camera: Audio", "ALSA", 1, 0, 16_000, "")
    headset = AudioDevice(2, "USB Headset", "ALSA", 2, 2, RATE, "input")
    devices = [speaker, camera, headset]
    assert find_input(devices, None) is headset
    assert find_input(devices, 1) is camera
    assert find_input(devices, "1") is camera
    assert find_input(devices, "usb headset") is headset
    assert find_input(devices, "camera") is camera
    with pytest.raises(DeviceUnavailable, match="'USB Camera: Audio', 2 'USB Headset', got 'Speaker'"):
        find_input(devices, "Speaker")
    with pytest.raises(DeviceUnavailable, match="no input device"):
        find_input([speaker], None)


def test_devices_are_listed(pulseaudio: PulseAudio) -> None:
    devices = list_devices()
    assert any(device.name == "pulse" and device.input_channels > 0 for device in devices)
    assert [device.default in ("input", "both") for device in devices].count(True) == 1


def test_the_standard_error_comes_back_after_the_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet_stderr():
        os.write(2, b"chatter\n")
    os.write(2, b"message\n")
    assert capfd.readouterr().err == "message\n"
