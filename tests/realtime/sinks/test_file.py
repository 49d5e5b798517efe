"""FileSink: aligned by pts, complete or not there at all."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import BadFormat, BadFrame, BadInput
from realtime.frames import AudioFrame
from realtime.sinks.file import FileSink

RATE = 16_000


def frame(pts: int, count: int, channels: int = 1, rate: int = RATE, seed: int = 0) -> AudioFrame:
    samples = np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, count)).astype(np.float32)
    return AudioFrame(samples, rate, pts)


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 5000)), min_size=1, max_size=12))
async def test_every_frame_is_at_its_pts_and_gaps_are_silent(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int]]
) -> None:
    path = tmp_path_factory.mktemp("sink") / "a.wav"
    expected: list[np.ndarray] = []
    pts = 0
    async with FileSink(path, sample_rate=RATE, channels=2) as sink:
        for gap, count in parts:
            pts += gap
            sent = frame(pts, count, channels=2, seed=pts)
            await sink.write(sent)
            expected += [np.zeros((2, gap), np.float32), sent.samples]
            pts += count
        assert sink.num_samples == pts
    got, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    np.testing.assert_allclose(got.T, np.concatenate(expected, axis=1), atol=1 / 32_768)


@pytest.mark.parametrize(("name", "kind"), [("a.wav", "WAV"), ("a.FLAC", "FLAC"), ("a.ogg", "OGG")])
async def test_the_extension_names_the_format(tmp_path: Path, name: str, kind: str) -> None:
    async with FileSink(tmp_path / name, sample_rate=RATE, channels=1) as sink:
        await sink.write(frame(0, RATE * 3))
    info = soundfile.info(tmp_path / name)
    assert (info.format, info.samplerate, info.frames) == (kind, RATE, RATE * 3)


async def test_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    async with FileSink(tmp_path / "a.wav", sample_rate=RATE, channels=1) as sink:
        await sink.write(AudioFrame(np.array([[3.0, -3.0, 0.5]], np.float32), RATE, 0))
    got, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    np.testing.assert_allclose(got, [1.0, -1.0, 0.5], atol=1e-4)


async def test_the_name_appears_only_when_the_file_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"what was there before")
    async with FileSink(path, sample_rate=RATE, channels=1) as sink:
        await sink.write(frame(0, RATE * 2))
        assert path.read_bytes() == b"what was there before"
    assert soundfile.info(path).frames == RATE * 2
    assert names_in(tmp_path) == ["a.wav"]


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_a_failure_leaves_nothing_behind(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        async with FileSink(tmp_path / "a.flac", sample_rate=RATE, channels=1) as sink:
            await sink.write(frame(0, RATE * 2))
            raise error
    assert names_in(tmp_path) == []


async def test_closing_twice_is_safe(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "a.wav", sample_rate=RATE, channels=1)
    await sink.aclose()
    await sink.aclose()
    await sink.discard()
    assert soundfile.info(tmp_path / "a.wav").frames == 0


async def test_a_frame_that_does_not_fit_is_refused_and_the_rest_is_kept(tmp_path: Path) -> None:
    async with FileSink(tmp_path / "a.wav", sample_rate=RATE, channels=1) as sink:
        await sink.write(frame(0, 100))
        with pytest.raises(BadFrame, match="expected a pts of 100"):
            await sink.write(frame(99, 100))
        with pytest.raises(BadFrame):
            await sink.write(frame(2**40, 100))
        with pytest.raises(BadFormat, match="got 16000 Hz and 2"):
            await sink.write(frame(100, 100, channels=2))
        with pytest.raises(BadFormat, match="got 8000 Hz"):
            await sink.write(frame(100, 100, rate=8000))
        await sink.write(frame(100, 100))
    assert soundfile.info(tmp_path / "a.wav").frames == 200


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFormat, match=r"\.wav, \.flac, \.ogg, got 'a\.xyz'"):
        FileSink(tmp_path / "a.xyz", sample_rate=RATE, channels=1)
    with pytest.raises(BadInput, match="cannot be created"):
        FileSink(tmp_path / "none" / "a.wav", sample_rate=RATE, channels=1)
    (tmp_path / "b.wav").mkdir()
    with pytest.raises(BadInput, match="directory"):
        FileSink(tmp_path / "b.wav", sample_rate=RATE, channels=1)
    with pytest.raises(BadFormat):
        FileSink(tmp_path / "a.wav", sample_rate=1, channels=1)
