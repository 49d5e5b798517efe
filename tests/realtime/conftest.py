"""Fixtures that need this machine's sound system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .pulseaudio import PulseAudio, require_pulseaudio


@pytest.fixture
def pulseaudio(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[PulseAudio]:
    """A sound server with a virtual microphone; this process and its children find no other."""
    require_pulseaudio()
    folder: Path = tmp_path_factory.mktemp("pulse")
    server = PulseAudio(folder)
    for name, value in server.settings.items():
        monkeypatch.setenv(name, value)
    yield server
    server.close()
