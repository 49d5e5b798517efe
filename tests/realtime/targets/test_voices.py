"""Voice samples that strangers send: whatever we can read, the first minute of it, decoded by a confined process."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.errors import BadVoice
from realtime.targets.confined import ConfinedJobs
from realtime.targets.voices import MAX_VOICE_BYTES, decode_voice

from .made_up import as_file, babble

FORMATS = [("WAV", "PCM_16", 44_100), ("WAV", "FLOAT", 16_000), ("FLAC", None, 48_000), ("OGG", "OPUS", 48_000)]


@pytest.mark.parametrize(("kind", "subtype", "rate"), FORMATS)
async def test_a_sample_comes_out_as_16_khz_mono(kind: str, subtype: str | None, rate: int) -> None:
    stereo = np.stack([babble(2.0, rate=rate)] * 2, axis=1)
    sample = await decode_voice(as_file(stereo, rate, kind, subtype), ConfinedJobs())
    assert not sample.cut
    assert sample.samples.dtype == np.float32 and abs(len(sample.samples) - 32_000) <= 1
    expected = babble(2.0)
    assert np.corrcoef(sample.samples[4_000:28_000], expected[4_000:28_000])[0, 1] > 0.99


async def test_the_sound_of_a_video_is_heard(shared_data) -> None:
    path = sorted((shared_data / "video").glob("*.mp4"))[0]
    sample = await decode_voice(path.read_bytes(), ConfinedJobs())
    assert len(sample.samples) / 16_000 == pytest.approx(10.0, abs=0.2)


@pytest.mark.parametrize(("seconds", "cut"), [(60.0, False), (61.0, True)])
async def test_what_follows_the_first_minute_is_not_heard(seconds: float, cut: bool) -> None:
    sample = await decode_voice(as_file(np.zeros(int(8_000 * seconds), np.float32), 8_000, "FLAC"), ConfinedJobs())
    assert (len(sample.samples), sample.cut) == (60 * 16_000, cut)


async def test_what_is_no_number_is_silence() -> None:
    samples = babble(2.0)
    samples[[100, 200, 300]] = np.nan, np.inf, 1e30
    decoded = (await decode_voice(as_file(samples, subtype="FLOAT"), ConfinedJobs())).samples
    assert np.isfinite(decoded).all() and np.abs(decoded).max() < 1.0


async def test_what_came_before_damage_is_heard() -> None:
    content = as_file(babble(4.0), kind="FLAC")
    sample = await decode_voice(content[: len(content) // 2], ConfinedJobs())
    assert 1.0 < len(sample.samples) / 16_000 < 3.0


@pytest.mark.parametrize("content", [b"words", bytes(5_000), as_file(np.zeros(0, np.float32)), b"#EXTM3U\nfile.mp3\n"])
async def test_what_is_no_sound_is_refused_and_no_path_is_told(content: bytes) -> None:
    with pytest.raises(BadVoice, match="got a sample") as caught:
        await decode_voice(content, ConfinedJobs())
    assert "/proc" not in caught.value.message and caught.value.param == "voice"


@pytest.mark.parametrize("size", [0, MAX_VOICE_BYTES + 1])
async def test_nothing_and_too_many_bytes_are_refused(size: int) -> None:
    with pytest.raises(BadVoice, match=f"of 1 to {MAX_VOICE_BYTES} bytes, got {size}"):
        await decode_voice(bytes(size), ConfinedJobs())
