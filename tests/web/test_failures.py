"""What a person is told when something is wrong, and how the page comes back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.web.page import open_page, wait_for_connection, wait_for_text
from tests.web.service_process import Service

pytestmark = pytest.mark.browser

TOKEN = "a-token-of-the-test"


async def test_a_refused_microphone_is_explained(service: Service, open_browser) -> None:
    # A device, but nobody who allows it: a headless browser answers the prompt with no.
    async with open_browser(flags=["--use-fake-device-for-media-stream"]) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await page.wait_for_selector(".notice")
        assert "The microphone is blocked" in await page.inner_text("#notices[role=alert]")
        await wait_for_connection(page, "ended")
        assert await page.is_visible("h1")  # the invitation is back
        assert complaints == []


async def test_a_machine_without_a_microphone_is_told_so_and_can_play_a_file(
    service: Service, open_browser, tone: Path
) -> None:
    async with open_browser(flags=["--use-fake-ui-for-media-stream"]) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await page.wait_for_selector(".notice")
        assert "No microphone was found" in await page.inner_text("#notices")
        await page.set_input_files("#file-input", tone)
        await wait_for_connection(page, "live")
        assert await page.locator(".notice").count() == 0
        assert complaints == []


async def test_a_file_without_audio_is_explained(service: Service, open_browser, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("these are only words")
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.set_input_files("#file-input", path)
        await page.wait_for_selector(".notice")
        assert "This file cannot be played" in await page.inner_text("#notices")
        assert complaints == []


async def test_a_server_that_goes_away_and_comes_back_is_found_again(serve, open_browser, tone: Path) -> None:
    service = serve()
    async with open_browser(microphone=tone) as browser:
        page, _ = await open_page(browser, service.url)  # the browser itself complains of the lost socket
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await asyncio.to_thread(service.stop)
        await wait_for_connection(page, "waiting")
        assert "The server does not answer" in await page.inner_text("#notices")
        assert await page.inner_text("#connection-text") == "Reconnecting"
        await page.wait_for_selector("#stat-dropped-here.stat--bad")
        await asyncio.to_thread(service.start)
        await wait_for_connection(page, "live", timeout_s=30)
        assert await page.locator(".notice").count() == 0
        await wait_for_text(page, "#meter-server", ".15 dB")


async def test_stopping_while_reconnecting_ends_the_stream(serve, open_browser, tone: Path) -> None:
    service = serve()
    async with open_browser(microphone=tone) as browser:
        page, _ = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await asyncio.to_thread(service.stop)
        await wait_for_connection(page, "waiting")
        await page.click("#stop")
        await wait_for_connection(page, "ended")
        assert await page.locator(".notice").count() == 0


async def test_a_server_that_falls_silent_is_left_and_found_again(serve, open_browser, tone: Path) -> None:
    service = serve()
    async with open_browser(microphone=tone) as browser:
        page, _ = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        service.freeze()
        # The first wait lasts a quarter of a second, which a busy machine may not show; each next one lasts longer.
        await wait_for_connection(page, "waiting", timeout_s=60)
        assert "The server does not answer" in await page.inner_text("#notices")
        service.thaw()
        await wait_for_connection(page, "live", timeout_s=30)
        await wait_for_text(page, "#meter-server", ".15 dB")


async def test_audio_that_piles_up_unsent_is_left_out_and_counted(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        # A network that takes nothing cannot be had on loopback; what the socket says of one can.
        await page.evaluate(
            """() => {
                window.unsentBytes = 0;
                Object.defineProperty(WebSocket.prototype, "bufferedAmount", { get: () => window.unsentBytes });
            }"""
        )
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await wait_for_text(page, "#stat-dropped-here", "0")
        await page.evaluate("window.unsentBytes = 200_000")
        await page.wait_for_selector("#stat-dropped-here.stat--bad")
        await page.evaluate("window.unsentBytes = 0")
        await wait_for_text(page, "#meter-server", ".15 dB")
        lost = await page.inner_text("#stat-dropped-here")
        await wait_for_text(page, "#source-time", "0:0[6-9]")
        assert await page.inner_text("#stat-dropped-here") == lost
        assert complaints == []


async def test_a_full_server_is_named_and_joined_when_there_is_room(serve, open_browser, tone: Path) -> None:
    service = serve("--max-sessions", "1")
    async with open_browser(microphone=tone) as browser:
        first, _ = await open_page(browser, service.url)
        await first.click("#choose-microphone")
        await wait_for_connection(first, "live")
        second, _ = await open_page(browser, service.url)
        await second.click("#choose-microphone")
        await wait_for_connection(second, "waiting")
        assert "The server is full" in await second.inner_text("#notices")
        await first.click("#stop")
        await wait_for_connection(second, "live", timeout_s=30)
        assert await second.locator(".notice").count() == 0


async def test_a_token_is_asked_for_and_then_used(serve, open_browser, tone: Path) -> None:
    service = serve("--token", TOKEN)
    async with open_browser(microphone=tone) as browser:
        page, _ = await open_page(browser, service.url)
        await page.wait_for_selector(".notice form")
        assert "This server needs an access token" in await page.inner_text("#notices")
        await page.get_by_label("Access token").fill(TOKEN)
        await page.get_by_role("button", name="Continue").click()
        await wait_for_connection(page, "ended")
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        assert await page.locator(".notice").count() == 0


async def test_a_token_in_the_address_is_taken_over_and_removed_from_it(serve, open_browser, tone: Path) -> None:
    service = serve("--token", TOKEN)
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, f"{service.url}/#token={TOKEN}")
        await wait_for_connection(page, "ended")
        assert TOKEN not in page.url
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        assert complaints == []


async def test_a_setting_that_the_server_refuses_is_explained_beside_it(
    service: Service, open_browser, tone: Path
) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)

        async def widen(route) -> None:
            """Lets the page ask for more than the server takes, as an older page might."""
            response = await route.fetch()
            body = await response.json()
            for plugin in body["plugins"]:
                if plugin["name"] == "genre":
                    plugin["params_schema"]["properties"]["interval_s"]["maximum"] = 1000
            await route.fulfill(response=response, body=json.dumps(body))

        await page.route("**/v1/plugins", widen)
        await page.reload()
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await page.click(".settings summary")
        await page.fill("#plugin-genre-interval_s", "1000")
        await page.wait_for_selector("[data-param=interval_s] .control__error:not(:empty)")
        assert "A setting was not accepted" in await page.inner_text("#notices")
        await wait_for_connection(page, "live")
        assert complaints == []
