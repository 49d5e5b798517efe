"""Contrast, width, names and motion, in both themes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.web.page import open_page, wait_for_connection, wait_for_text
from tests.web.service_process import Service

pytestmark = pytest.mark.browser

LOW_CONTRAST = (Path(__file__).parent / "low_contrast.js").read_text()

NAMELESS = """() => [...document.querySelectorAll("button, input, select, summary, [role=meter], [role=img], a")]
    .filter((element) => element.checkVisibility())
    .filter((element) => !(element.ariaLabel || element.innerText?.trim() || element.labels?.length))
    .map((element) => element.outerHTML)"""


async def show_everything(page: Page) -> None:
    """A running stream with the settings open and a notice on show."""
    await page.click("#choose-microphone")
    await wait_for_connection(page, "live")
    await wait_for_text(page, "#stat-misses", r"\d+")
    await page.click(".settings summary")
    await page.evaluate(
        """async () => {
            const { Notices } = await import("/js/notices.js");
            new Notices().show({ id: "test", title: "Something happened", detail: "This can be done about it." });
        }"""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_text_can_be_read_and_nothing_is_wider_than_the_screen(
    service: Service, open_browser, tone: Path, width: int, scheme: str
) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url, width=width, scheme=scheme)
        await wait_for_connection(page, "ended")
        assert await page.evaluate(LOW_CONTRAST) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await show_everything(page)
        assert await page.evaluate(LOW_CONTRAST) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints == []


async def test_every_control_has_a_name(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        await show_everything(page)
        assert await page.evaluate(NAMELESS) == []
        assert complaints == []


async def test_nothing_moves_by_itself_where_motion_is_not_wanted(service: Service, open_browser) -> None:
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.emulate_media(reduced_motion="reduce")
        await page.reload()
        await wait_for_connection(page, "ended")
        picture = "document.querySelector('#invitation').toDataURL()"
        painted = "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
        await page.evaluate(painted)
        first = await page.evaluate(picture)
        for _ in range(10):
            await page.evaluate(painted)
        assert await page.evaluate(picture) == first
        assert await page.evaluate("document.getAnimations().length") == 0
        assert complaints == []
