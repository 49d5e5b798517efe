"""The page as a person meets it: opened, waited for, listened to for complaints.

The page's content security policy forbids ``eval``, which Playwright's ``wait_for_function`` needs: use ``expect``.
"""

from __future__ import annotations

import re

from playwright.async_api import Browser, ConsoleMessage, Page, expect


async def open_page(browser: Browser, url: str, *, width: int = 1280, scheme: str = "dark") -> tuple[Page, list[str]]:
    """Opens the page and returns it with a list that gathers everything it complains about."""
    context = await browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    return page, complaints


async def wait_for_connection(page: Page, state: str, *, timeout_s: float = 20) -> None:
    """Waits until the pill shows a state: connecting, live, waiting, failed or ended."""
    await page.wait_for_selector(f"#connection[data-state={state}]", timeout=1000 * timeout_s)


async def wait_for_meter(page: Page) -> None:
    """Waits until the level meter shows more than -20 dB."""
    await expect(page.locator("#meter")).to_have_attribute("aria-valuenow", re.compile(r"^(-1?\d|0)$"), timeout=15_000)


async def wait_for_text(page: Page, selector: str, pattern: str, *, timeout_s: float = 15) -> None:
    """Waits until the whole text of an element matches."""
    await expect(page.locator(selector)).to_have_text(re.compile(f"^{pattern}$"), timeout=1000 * timeout_s)
