"""The page's pure modules, run in the browser they are written for and compared with numpy."""

from __future__ import annotations

import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, Route

WEB = Path(__file__).parents[2] / "web"
ORIGIN = "http://tectum.test"

pytestmark = pytest.mark.browser


@pytest.fixture
async def page(open_browser) -> AsyncIterator[Page]:
    """An empty page from whose origin the modules can be imported; no server is needed."""

    async def from_disk(route: Route) -> None:
        path = WEB / route.request.url.removeprefix(ORIGIN).lstrip("/")
        if path.is_file():
            await route.fulfill(path=path, content_type=mimetypes.guess_type(path)[0])
        else:
            await route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")

    async with open_browser() as browser:
        page = await browser.new_page()
        await page.route(f"{ORIGIN}/**", from_disk)
        await page.goto(ORIGIN)
        yield page


async def test_the_power_spectrum_is_that_of_numpy(page: Page) -> None:
    size = 1024
    samples = np.random.default_rng(1).normal(0, 0.3, size).astype(np.float32)
    power = await page.evaluate(
        """async (samples) => {
            const { PowerSpectrum } = await import("/js/fft.js");
            return [...new PowerSpectrum(samples.length).compute(Float32Array.from(samples))];
        }""",
        samples.tolist(),
    )
    window = np.hanning(size + 1)[:-1]
    expected = np.abs(np.fft.rfft(samples * window) * 4 / size) ** 2
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("hz", [60, 440, 1000, 9000])
async def test_a_tone_is_brightest_where_the_frequency_axis_says(page: Page, hz: int) -> None:
    brightest, expected = await page.evaluate(
        """async (hz) => {
            const { PowerSpectrum } = await import("/js/fft.js");
            const { LogBands } = await import("/js/log-bands.js");
            const bands = new LogBands({ sampleRate: 48000, fftSize: 4096, numBands: 160 });
            const tone = Float32Array.from({ length: 4096 }, (_, n) => 0.25 * Math.sin(2 * Math.PI * hz * n / 48000));
            const values = bands.compute(new PowerSpectrum(4096).compute(tone));
            return [values.indexOf(Math.max(...values)), bands.position(hz) * 160];
        }""",
        hz,
    )
    assert abs(brightest + 0.5 - expected) <= 3  # bands; a bin at 60 Hz is three bands wide


@pytest.mark.parametrize(("theme", "rises"), [("dark", True), ("light", False)])
async def test_a_colour_map_changes_lightness_evenly(page: Page, theme: str, rises: bool) -> None:
    pixels = await page.evaluate("""async (theme) => [...(await import("/js/colormap.js")).colormap(theme)]""", theme)
    lightness = oklab_lightness(np.array(pixels, dtype=np.uint32))
    line = np.linspace(lightness[0], lightness[-1], 256)
    assert (lightness[-1] > lightness[0]) == rises
    assert abs(lightness[-1] - lightness[0]) > 0.7
    assert np.abs(lightness - line).max() < 0.012


def oklab_lightness(pixels: np.ndarray) -> np.ndarray:
    """OKLab's L of ABGR pixels, by Ottosson's matrices."""
    rgb = np.stack([pixels & 255, (pixels >> 8) & 255, (pixels >> 16) & 255]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_lms = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    return np.array([0.2104542553, 0.7936177850, -0.0040720468]) @ np.cbrt(np.array(to_lms) @ linear)


async def test_backoff_doubles_within_its_jitter_up_to_its_limit_and_starts_again(page: Page) -> None:
    longest, shortest, full, again = await page.evaluate(
        """async () => {
            const { Backoff } = await import("/js/backoff.js");
            const longest = new Backoff({ firstMs: 500, maxMs: 4000, random: () => 1 });
            const shortest = new Backoff({ firstMs: 500, maxMs: 4000, random: () => 0 });
            const waits = (backoff) => Array.from({ length: 5 }, () => backoff.next());
            const result = [waits(longest), waits(shortest), shortest.next(5000)];
            shortest.reset();
            return [...result, shortest.next()];
        }"""
    )
    assert longest == [500, 1000, 2000, 4000, 4000]
    assert shortest == [250, 500, 1000, 2000, 2000]
    assert full == 5000
    assert again == 250


async def test_history_joins_what_is_the_same_and_stays_bounded(page: Page) -> None:
    segments, late, points, kept = await page.evaluate(
        """async () => {
            const { History } = await import("/js/history.js");
            const history = new History();
            const add = (timeS, label, music = true) => history.append({ timeS, label, music, p: new Map() });
            add(1, null); add(2, "jazz"); add(3, "jazz"); add(4, null, false); add(5, "jazz");
            const segments = history.segments.map((s) => [s.startS, s.endS, s.label, s.music]);
            add(4.5, "rock");
            const late = history.points.length;
            for (let t = 6; t < 20000; t += 1) add(t, t % 2 ? "jazz" : "rock");
            return [segments, late, history.points.length, history.segments.length];
        }"""
    )
    assert segments == [
        [0, 1, None, True],
        [1, 3, "jazz", True],
        [3, 4, None, False],
        [4, 5, "jazz", True],
    ]
    assert late == 5
    assert points <= 4000
    assert kept <= 400


async def test_messages_that_are_not_of_the_protocol_are_refused_and_unknown_ones_passed_over(page: Page) -> None:
    known, unknown, errors = await page.evaluate(
        """async () => {
            const { parseServerMessage } = await import("/js/protocol.js");
            const refused = (text) => { try { parseServerMessage(text); } catch (error) { return error.name; } };
            return [
                parseServerMessage('{"type":"pong","id":3}').id,
                parseServerMessage('{"type":"of.the.future"}'),
                ["", "[1]", "null", '{"type":7}', "{"].map(refused),
            ];
        }"""
    )
    assert known == 3
    assert unknown is None
    assert errors == ["TypeError"] * 5


async def test_a_form_is_made_from_the_schema_pydantic_writes(page: Page) -> None:
    from enum import StrEnum

    from pydantic import BaseModel, Field

    class Mode(StrEnum):
        LIVE = "live"
        ARCHIVE = "archive"

    class Params(BaseModel):
        interval_s: float = Field(0.5, ge=0.1, le=10, title="Event interval", json_schema_extra={"unit": "s"})
        top: int = Field(10, ge=1, le=10, description="How many.")
        hold: bool = True
        mode: Mode = Mode.ARCHIVE
        limit: float | None = Field(None, ge=0)
        colours: list[str] = []  # no control fits this one

    controls = await page.evaluate(
        """async (schema) => {
            const { buildControls } = await import("/js/schema-form.js");
            const controls = buildControls(schema, "x", () => {});
            return Object.fromEntries([...controls].map(([name, { element, value }]) => {
                const input = element.querySelector("input, select");
                const { type, min, max } = input;
                const labelled = element.querySelector("label").htmlFor === input.id;
                return [name, { type, min, max, value: value(), labelled, text: element.innerText }];
            }));
        }""",
        Params.model_json_schema(),
    )
    assert list(controls) == ["interval_s", "top", "hold", "mode", "limit"]
    assert all(control["labelled"] for control in controls.values())
    assert {name: control["type"] for name, control in controls.items()} == {
        "interval_s": "range",
        "top": "range",
        "hold": "checkbox",
        "mode": "select-one",
        "limit": "number",
    }
    assert (controls["interval_s"]["min"], controls["interval_s"]["max"]) == ("0.1", "10")
    assert controls["interval_s"]["value"] == 0.5
    assert "0.5 s" in controls["interval_s"]["text"]
    assert controls["hold"]["value"] is True
    assert controls["mode"]["value"] == "archive"
