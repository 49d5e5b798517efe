"""PortAudio by PyAudio: the list of devices, and an input stream that calls back.

Invariant: a machine without PyAudio, sound server or device gives DeviceUnavailable, which says how to
mend it; PortAudio's own chatter does not reach the terminal.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DeviceUnavailable
from ..frames import Samples

CLOSE_TIMEOUT_S = 1.0
"""PortAudio waits for ever on a sound server that hangs; we do not."""

NO_DEVICE_HINT = (
    "plug in a microphone or start the sound server (PipeWire or PulseAudio); "
    "in a container, hand its socket in through PULSE_SERVER; `tectum doctor` shows what is there"
)

_stderr_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """A device as PortAudio sees it.

    Attributes:
        index: PortAudio's number for it, valid until devices come or go.
        name: As the system calls it.
        host_api: ALSA, JACK, CoreAudio, WASAPI ...
        input_channels: 0 where it does not record.
        output_channels: 0 where it does not play.
        sample_rate: Hz that the device prefers.
        default: ``input``, ``output``, ``both`` or ``""``.
    """

    index: int
    name: str
    host_api: str
    input_channels: int
    output_channels: int
    sample_rate: int
    default: str


def load_pyaudio() -> Any:
    """Returns the ``pyaudio`` module.

    Raises:
        DeviceUnavailable: It is not installed, or its PortAudio library is not.
    """
    try:
        return importlib.import_module("pyaudio")
    except ImportError as error:
        raise DeviceUnavailable(
            "the microphone needs PyAudio: pip install 'tectum[mic]' "
            f"(on Debian and Ubuntu first: apt-get install portaudio19-dev gcc python3-dev); got: {error}",
            param="device",
        ) from error


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Sends file descriptor 2 to nowhere: ALSA and JACK write a hundred lines there while they look around."""
    with _stderr_lock:
        saved = os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(nowhere)


def list_devices() -> list[AudioDevice]:
    """Returns every device, in PortAudio's order; takes some 0.2 s.

    Raises:
        DeviceUnavailable: PyAudio is not installed, or PortAudio does not start.
    """
    portaudio = _start()
    try:
        return _devices(portaudio)
    finally:
        portaudio.terminate()


def find_input(devices: list[AudioDevice], name: str | int | None) -> AudioDevice:
    """Returns the input device that ``name`` means: an index, a name or part of one, or None for the default.

    Raises:
        DeviceUnavailable: There is none, or no such one; the message lists those that exist.
    """
    inputs = [device for device in devices if device.input_channels > 0]
    if not inputs:
        raise DeviceUnavailable(f"expected a microphone, got no input device: {NO_DEVICE_HINT}", param="device")
    if name is None:
        return next((device for device in inputs if device.default in ("input", "both")), inputs[0])
    wanted = str(name).casefold()
    exact = [device for device in inputs if wanted in (device.name.casefold(), str(device.index))]
    found = exact or [device for device in inputs if wanted in device.name.casefold()]
    if not found:
        names = ", ".join(f"{device.index} {device.name!r}" for device in inputs)
        raise DeviceUnavailable(f"expected one of the input devices {names}, got {name!r}", param="device")
    return found[0]


class InputStream:
    """One running capture of 16-bit PCM, which cannot hold NaN, handed on as float32.

    Args:
        device: Index, name or part of a name; None for the default input.
        sample_rate: Hz wished for; the device's own rate is taken where it refuses.
        channels: Channels wished for; the device's own, at most 2, where it refuses.
        frame_ms: Length of a callback's block in ms.

    Raises:
        DeviceUnavailable: No such device, or it cannot be opened.
    """

    def __init__(self, device: str | int | None, sample_rate: int, channels: int, frame_ms: float) -> None:
        self._pyaudio = load_pyaudio()
        self._portaudio = _start()
        self._on_samples: Callable[[Samples, bool], None] = lambda samples, overflowed: None
        try:
            self.device = find_input(_devices(self._portaudio), device)
            self._stream = self._open(sample_rate, channels, frame_ms)
        except BaseException:
            self._portaudio.terminate()
            raise

    def _open(self, sample_rate: int, channels: int, frame_ms: float) -> Any:
        wished = (sample_rate, min(channels, self.device.input_channels))
        own = (self.device.sample_rate, min(2, self.device.input_channels))
        reason: Exception | None = None
        for rate, count in dict.fromkeys((wished, own)):
            self.sample_rate, self.channels, self.frame_samples = rate, count, round(rate * frame_ms / 1000)
            try:
                with quiet_stderr():
                    return self._portaudio.open(
                        rate=rate,
                        channels=count,
                        format=self._pyaudio.paInt16,
                        input=True,
                        input_device_index=self.device.index,
                        frames_per_buffer=self.frame_samples,
                        stream_callback=self._callback,
                        start=False,
                    )
            except (OSError, ValueError) as error:
                reason = error
        raise DeviceUnavailable(
            f"expected to record from {self.device.name!r}, but it cannot be opened ({reason}); is another program "
            f"using it? Otherwise {NO_DEVICE_HINT}",
            param="device",
        ) from reason

    def start(self, on_samples: Callable[[Samples, bool], None]) -> None:
        """Starts calling ``on_samples(samples [C, T], overflowed)`` on PortAudio's thread.

        ``overflowed`` is True where the device lost audio before this block.

        Raises:
            DeviceUnavailable: The device does not start.
        """
        self._on_samples = on_samples
        try:
            with quiet_stderr():
                self._stream.start_stream()
        except OSError as error:
            raise DeviceUnavailable(f"{self.device.name!r} does not start: {error}", param="device") from error

    @property
    def active(self) -> bool:
        """Whether the device still runs; False once it has been lost."""
        try:
            return bool(self._stream.is_active())
        except OSError:
            return False

    def close(self) -> None:
        """Stops and frees the device; blocks for at most a second, after which its thread is left behind."""
        # Not an executor's thread: those are joined at exit, and this one may never return.
        closing = threading.Thread(target=self._close, name="portaudio-close", daemon=True)
        closing.start()
        closing.join(CLOSE_TIMEOUT_S)

    def _close(self) -> None:
        with contextlib.suppress(OSError):  # a lost device complains; it is gone all the same
            self._stream.close()
        self._portaudio.terminate()

    def _callback(self, data: bytes, num_samples: int, time_info: object, status: int) -> tuple[None, int]:
        pcm = np.frombuffer(data, np.int16).reshape(-1, self.channels).T
        self._on_samples(pcm.astype(np.float32) / 32768.0, bool(status & self._pyaudio.paInputOverflow))
        return None, int(self._pyaudio.paContinue)


def _start() -> Any:
    pyaudio = load_pyaudio()
    try:
        with quiet_stderr():
            return pyaudio.PyAudio()
    except OSError as error:
        raise DeviceUnavailable(f"PortAudio does not start ({error}): {NO_DEVICE_HINT}", param="device") from error


def _devices(portaudio: Any) -> list[AudioDevice]:
    default_input = _default_index(portaudio.get_default_input_device_info)
    default_output = _default_index(portaudio.get_default_output_device_info)
    roles = {(True, True): "both", (True, False): "input", (False, True): "output", (False, False): ""}
    devices = []
    for index in range(portaudio.get_device_count()):
        info = portaudio.get_device_info_by_index(index)
        devices.append(
            AudioDevice(
                index=index,
                name=str(info["name"]),
                host_api=str(portaudio.get_host_api_info_by_index(info["hostApi"])["name"]),
                input_channels=int(info["maxInputChannels"]),
                output_channels=int(info["maxOutputChannels"]),
                sample_rate=round(info["defaultSampleRate"]),
                default=roles[index == default_input, index == default_output],
            )
        )
    return devices


def _default_index(ask: Callable[[], dict[str, Any]]) -> int | None:
    try:
        return int(ask()["index"])
    except OSError:  # PortAudio's way to say that there is none
        return None
