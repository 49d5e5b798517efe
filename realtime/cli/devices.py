"""``tectum devices``: what this machine can record from and play to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import Json
from .output import print_json, reported

if TYPE_CHECKING:
    from ..sources.portaudio import AudioDevice


def devices(as_json: Json = False) -> None:
    """List the microphones and loudspeakers of this machine."""
    from dataclasses import asdict

    from ..errors import DeviceUnavailable
    from ..sources.portaudio import NO_DEVICE_HINT, list_devices

    with reported(as_json):
        found = list_devices()
        if as_json:
            for device in found:
                print_json(asdict(device))
            return
        if not found:
            raise DeviceUnavailable(f"expected sound devices, got none: {NO_DEVICE_HINT}")
        _print_table(found)


def _print_table(found: Sequence[AudioDevice]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", "name", "system", "in", "out", "Hz", "default", box=None, header_style="bold")
    for device in found:
        channels = (str(count or "") for count in (device.input_channels, device.output_channels))
        table.add_row(
            str(device.index), device.name, device.host_api, *channels, str(device.sample_rate), device.default
        )
    Console().print(table)
