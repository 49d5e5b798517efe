"""A real service, and a real Chromium that looks at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Browser, async_playwright

from tests.web.service_process import Service

FAKE_DEVICE = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

OpenBrowser = Callable[..., AbstractAsyncContextManager[Browser]]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with its default settings, shared: a test that stops it takes one of its own from ``serve``."""
    running = Service(tmp_path_factory.mktemp("service") / "service.log")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Gives ``serve(*options)``: a service of the test's own, stopped after it."""
    running: list[Service] = []

    def start(*options: str) -> Service:
        service = Service(tmp_path / f"service-{len(running)}.log", *options)
        running.append(service)
        service.start()
        return service

    yield start
    for service in running:
        service.stop()


@pytest.fixture
def open_browser() -> OpenBrowser:
    """Gives ``async with open_browser(microphone=WAV) as browser``; ``microphone=None`` is a machine without one."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail("expected Chromium: the page is only tested with one (Debian: apt-get install chromium)")
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")

    @asynccontextmanager
    async def run(microphone: Path | None = None, flags: list[str] | None = None) -> AsyncIterator[Browser]:
        device = [*FAKE_DEVICE, f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=executable, args=[*CHROMIUM_FLAGS, *device, *(flags or [])]
            )
            try:
                yield browser
            finally:
                await browser.close()

    return run


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """Five seconds of 1 kHz at -12 dB re full scale, 48 kHz mono."""
    path = tmp_path / "tone.wav"
    time_s = np.arange(5 * 48_000) / 48_000
    soundfile.write(path, 10 ** (-12 / 20) * np.sin(2 * np.pi * 1000 * time_s), 48_000, subtype="PCM_16")
    return path
