"""The page names what ``tectum process`` names."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from pathlib import Path

import pytest
import soundfile

from tests.web.page import open_page, wait_for_text
from tests.web.service_process import REPOSITORY, Service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CLIP = "gtzan_audio/clip30s/jazz.00000.opus"
LISTEN_S = 24

# Every label that the page shows, noted as it appears.
NOTE_LABELS = """() => {
    const now = document.querySelector("#now");
    window.shown = [];
    setInterval(() => window.shown.push(now.dataset.label), 250);
}"""


@pytest.fixture
def clip(shared_data: Path, tmp_path: Path) -> Path:
    """A clip of GTZAN as the WAV that a fake microphone plays."""
    samples, sample_rate = soundfile.read(shared_data / CLIP)
    path = tmp_path / "clip.wav"
    soundfile.write(path, samples, sample_rate, subtype="PCM_16")
    return path


async def labels_of_process(path: Path) -> Counter[str]:
    """How often ``tectum process`` names each label."""
    command = [sys.executable, "-m", "realtime", "process", str(path), "--plugin", "genre", "--json"]
    process = await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    events = [json.loads(line) for line in output.splitlines()]
    return Counter(event["label"] for event in events if event["type"] == "genre" and event["label"])


async def shown_labels(page) -> Counter[str]:
    return Counter(label for label in await page.evaluate("window.shown") if label)


async def test_a_microphone_gets_the_label_of_the_file(service: Service, open_browser, clip: Path) -> None:
    async with open_browser(microphone=clip) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await page.evaluate(NOTE_LABELS)
        await wait_for_text(page, "#source-time", f"0:{LISTEN_S}", timeout_s=LISTEN_S + 20)
        shown = await shown_labels(page)
        [(label, _)] = (await labels_of_process(clip)).most_common(1)
        assert shown.most_common(1)[0][0] == label
        named = await page.locator("#timeline-list .heard").evaluate_all("items => items.map((i) => i.dataset.label)")
        assert label in named
        assert complaints == []


async def test_a_file_gets_the_label_of_the_file(service: Service, open_browser, clip: Path) -> None:
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.set_input_files("#file-input", clip)
        await page.evaluate(NOTE_LABELS)
        await page.wait_for_selector("body[data-phase=stopped]", timeout=60_000)
        shown = await shown_labels(page)
        [(label, _)] = (await labels_of_process(clip)).most_common(1)
        assert shown.most_common(1)[0][0] == label
        assert complaints == []
