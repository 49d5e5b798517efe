"""The page shows the labels of whichever model is served."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from playwright.async_api import expect

from tests.realtime.own_model import LABELS, tone, write_own_model
from tests.web.page import open_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def test_the_bars_are_the_labels_of_the_owners_model(serve, open_browser, tmp_path: Path) -> None:
    service = serve("--models", str(write_own_model(tmp_path / "own")), "--plugin", "genre")
    sound = tmp_path / "high.wav"
    soundfile.write(sound, tone("high", 8.0, 48_000).numpy(), 48_000)
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.set_input_files("#file-input", sound)
        await expect(page.locator("#now")).to_have_attribute("data-label", "high", timeout=20_000)
        await expect(page.locator("#now-label")).to_have_text("High")
        shown = await page.locator("#bars .bar").evaluate_all("bars => bars.map((bar) => bar.dataset.label)")
        assert sorted(shown) == sorted(LABELS)
        assert complaints == []
