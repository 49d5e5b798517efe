"""The page against the real service, with signals made here."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Page, WebSocket

from tests.web.page import open_page, wait_for_connection, wait_for_meter, wait_for_text
from tests.web.service_process import Service

pytestmark = pytest.mark.browser


async def tab_to(page: Page, element_id: str) -> None:
    for _ in range(12):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.id") == element_id:
            return
    pytest.fail(f"#{element_id} cannot be reached with the Tab key")


async def test_a_microphone_is_heard_by_page_and_server(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await wait_for_meter(page)
        await wait_for_text(page, "#meter-server", ".15 dB")
        await wait_for_text(page, "#stat-misses", r"\d+")
        assert (await page.inner_text("#stat-round-trip")).endswith(" ms")
        assert complaints == []


async def test_the_spectrogram_shows_a_tone_at_its_frequency(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url, scheme="dark")
        await page.click("#choose-microphone")
        await wait_for_meter(page)
        await wait_for_text(page, "#source-time", "0:03")
        brightest = await page.evaluate(
            """() => {
                const canvas = document.querySelector("#spectrogram");
                const column = canvas.getContext("2d").getImageData(canvas.width - 25, 0, 1, canvas.height).data;
                const brightness = (row) => column[4 * row] + column[4 * row + 1] + column[4 * row + 2];
                const rows = [...Array(canvas.height).keys()];
                return 1 - rows.reduce((best, row) => brightness(row) > brightness(best) ? row : best) / canvas.height;
            }"""
        )
        assert abs(brightest - np.log(1000 / 50) / np.log(16_000 / 50)) < 0.02
        assert complaints == []


async def test_everything_works_from_the_keyboard(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        await tab_to(page, "choose-microphone")
        await page.keyboard.press("Enter")
        await wait_for_connection(page, "live")
        await tab_to(page, "stop")
        await page.keyboard.press("Enter")
        await wait_for_connection(page, "ended")
        # The focus is where one would begin again, not lost with the disabled button.
        assert await page.evaluate("document.activeElement.id") == "choose-microphone"
        await page.keyboard.press("Space")
        await wait_for_connection(page, "live")
        assert complaints == []


async def test_stopping_leaves_nothing_running_and_starting_again_works(
    service: Service, open_browser, tone: Path
) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        for _ in range(3):
            await page.click("#choose-microphone")
            await wait_for_meter(page)
            await page.click("#stop")
            await wait_for_connection(page, "ended")
            assert await page.get_attribute("body", "data-phase") == "stopped"
            assert await page.get_attribute("#meter", "aria-valuenow") == "-60"
        assert complaints == []


async def test_impatient_clicks_leave_one_stream(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        sockets: list[WebSocket] = []
        page.on("websocket", lambda socket: sockets.append(socket))
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        for _ in range(3):
            known = len(sockets)
            await page.evaluate("for (let i = 0; i < 4; i += 1) document.querySelector('#choose-microphone').click()")
            # Streams may still end and begin, and between two of them there is none: wait until one has stayed.
            stayed = 0
            async with asyncio.timeout(30):
                while stayed < 20:
                    await page.wait_for_timeout(50)
                    one = len(sockets) > known and sum(not socket.is_closed() for socket in sockets) == 1
                    stayed = stayed + 1 if one else 0
            await wait_for_connection(page, "live")
            await wait_for_meter(page)
        await page.click("#stop")
        await wait_for_connection(page, "ended")
        assert all(socket.is_closed() for socket in sockets)
        assert complaints == []


async def test_a_file_plays_to_its_end_and_stops_by_itself(service: Service, open_browser, tone: Path) -> None:
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.set_input_files("#file-input", tone)
        await wait_for_connection(page, "live")
        await wait_for_meter(page)
        assert await page.inner_text("#source-title") == "tone.wav"
        await page.click("#mute")
        assert await page.get_attribute("#mute", "aria-pressed") == "true"
        await page.wait_for_selector("body[data-phase=stopped]", timeout=15_000)
        assert await page.inner_text("#source-time") == "0:05 / 0:05"
        assert await page.locator(".notice").count() == 0
        assert complaints == []


async def test_switching_from_a_microphone_to_a_file_and_back(service: Service, open_browser, tone: Path) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await page.wait_for_selector("#source[data-kind=microphone]")
        await wait_for_connection(page, "live")
        await page.set_input_files("#file-input", tone)
        await page.wait_for_selector("#source[data-kind=file]")
        await wait_for_meter(page)
        await page.click("#choose-microphone")
        await page.wait_for_selector("#source[data-kind=microphone]")
        await wait_for_meter(page)
        assert complaints == []


async def test_a_file_can_be_dropped_on_the_page(service: Service, open_browser, tone: Path) -> None:
    content = np.fromfile(tone, np.uint8).tolist()
    async with open_browser() as browser:
        page, complaints = await open_page(browser, service.url)
        await page.evaluate(
            """(bytes) => {
                const data = new DataTransfer();
                data.items.add(new File([Uint8Array.from(bytes)], "dropped.wav", { type: "audio/wav" }));
                const options = { dataTransfer: data, bubbles: true, cancelable: true };
                for (const name of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(name, options));
            }""",
            content,
        )
        await wait_for_connection(page, "live")
        await wait_for_meter(page)
        assert await page.inner_text("#source-title") == "dropped.wav"
        assert complaints == []


async def test_a_setting_reaches_the_server_while_the_stream_goes_on(
    service: Service, open_browser, tone: Path
) -> None:
    async with open_browser(microphone=tone) as browser:
        page, complaints = await open_page(browser, service.url)
        changed = asyncio.Event()

        def note(message: str | bytes) -> None:
            if isinstance(message, str) and '"session.updated"' in message:
                [genre] = json.loads(message)["plugins"]
                if genre["params"].get("interval_s") == 2:
                    changed.set()

        page.on("websocket", lambda socket: socket.on("framereceived", note))
        await page.click("#choose-microphone")
        await wait_for_connection(page, "live")
        await page.click(".settings summary")
        await page.fill("#plugin-genre-interval_s", "2")
        async with asyncio.timeout(10):
            await changed.wait()
        assert await page.locator("[data-param=interval_s] .control__value").inner_text() == "2 s"
        await wait_for_connection(page, "live")
        assert complaints == []


async def test_silence_is_not_called_music(service: Service, open_browser, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(48_000), 48_000, subtype="PCM_16")
    async with open_browser(microphone=silence) as browser:
        page, complaints = await open_page(browser, service.url)
        await page.click("#choose-microphone")
        await page.wait_for_selector("#now[data-mood=none]", timeout=15_000)
        assert await page.inner_text("#now-label") == "No music"
        assert complaints == []
