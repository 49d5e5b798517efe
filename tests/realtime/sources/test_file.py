"""FileSource: every sample once, at the right place, from any file; typed errors for the rest."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
from contextlib import aclosing
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.clock import ManualClock
from realtime.errors import BadAudioFile, BadFormat, TectumError
from realtime.frames import AudioFrame
from realtime.sources.file import FileSource

RATE = 16_000


def noise(num_samples: int, channels: int = 1) -> np.ndarray:
    samples = np.random.default_rng(num_samples).uniform(-0.5, 0.5, (num_samples, channels))
    return samples.astype(np.float32)


async def read_all(source: FileSource) -> list[AudioFrame]:
    async with aclosing(source):
        return [frame async for frame in source]


def joined(frames: list[AudioFrame]) -> np.ndarray:
    return np.concatenate([frame.samples for frame in frames], axis=1)


async def test_yields_every_sample_once_in_frames_of_20_ms(tmp_path: Path) -> None:
    samples = noise(RATE * 2 + 77, channels=2)
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    source = FileSource(tmp_path / "a.wav")
    frames = await read_all(source)
    assert (source.sample_rate, source.channels, source.live, source.dropped_samples) == (RATE, 2, False, 0)
    assert [frame.num_samples for frame in frames] == [320] * 100 + [77]
    assert [frame.pts for frame in frames] == [320 * i for i in range(101)]
    np.testing.assert_array_equal(joined(frames), samples.T)


@settings(max_examples=25, deadline=None)
@given(num_samples=st.integers(1, 40_000), frame_ms=st.floats(1, 1000), rate=st.sampled_from([8000, 22_050, 44_100]))
async def test_any_frame_length_gives_the_same_samples(
    tmp_path_factory: pytest.TempPathFactory, num_samples: int, frame_ms: float, rate: int
) -> None:
    path = tmp_path_factory.mktemp("file") / "a.wav"
    samples = noise(num_samples)
    soundfile.write(path, samples, rate, subtype="FLOAT")
    source = FileSource(path, frame_ms=frame_ms)
    frames = await read_all(source)
    np.testing.assert_array_equal(joined(frames), samples.T)
    assert all(later.pts == earlier.end_pts for earlier, later in itertools.pairwise(frames))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.flac", {}),
        ("a.ogg", {}),
        ("a.mp3", {}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}),
        ("a.aiff", {}),
        ("a.txt", {"format": "WAV"}),
    ],
)
async def test_reads_what_libsndfile_reads_whatever_the_extension(
    tmp_path: Path, name: str, write: dict[str, str]
) -> None:
    soundfile.write(tmp_path / name, noise(RATE), RATE, **write)
    source = FileSource(tmp_path / name)
    assert sum(frame.num_samples for frame in await read_all(source)) == RATE


def write_video(path: Path, seconds: float, frequency: float = 440.0) -> None:
    """Writes an MP4 with a picture track and an AAC tone at 44.1 kHz."""
    times = np.arange(round(44_100 * seconds)) / 44_100
    tone = (0.5 * np.sin(2 * np.pi * frequency * times)).astype(np.float32)[None]
    with av.open(path, "w", options={"movflags": "faststart"}) as container:
        picture = container.add_stream("mpeg4", rate=25, options={})
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        sound = container.add_stream("aac", rate=44_100, layout="mono")
        for index in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), index % 255, np.uint8), format="rgb24")
            container.mux(picture.encode(frame))
        for start in range(0, tone.shape[1], 1024):
            audio = av.AudioFrame.from_ndarray(tone[:, start : start + 1024], format="fltp", layout="mono")
            audio.sample_rate, audio.pts, audio.time_base = 44_100, start, Fraction(1, 44_100)
            container.mux(sound.encode(audio))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))


async def test_reads_the_sound_of_a_video(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 2.0)
    source = FileSource(tmp_path / "a.mp4")
    frames = await read_all(source)
    samples = joined(frames)[0]
    assert (source.sample_rate, source.channels) == (44_100, 1)
    assert abs(len(samples) - 88_200) <= 2048
    middle = samples[20_000:64_100] * np.hanning(44_100)
    assert np.argmax(np.abs(np.fft.rfft(middle))) == 440


async def test_a_video_cut_short_gives_what_is_there_and_then_says_so(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 4.0)
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    frames: list[AudioFrame] = []
    async with aclosing(FileSource(tmp_path / "cut.mp4")) as source:
        with pytest.raises(BadAudioFile, match=r"cut short|damaged"):
            async for frame in source:
                frames.append(frame)
    assert 1.5 < frames[-1].end_pts / 44_100 < 3.5


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.au", "a.flac"])
async def test_a_file_cut_short_gives_what_is_there_and_then_says_so(tmp_path: Path, name: str) -> None:
    soundfile.write(tmp_path / name, noise(RATE * 4), RATE)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    frames: list[AudioFrame] = []
    async with aclosing(FileSource(tmp_path / name)) as source:
        with pytest.raises(BadAudioFile, match=r"cut short|damaged") as caught:
            async for frame in source:
                frames.append(frame)
    assert caught.value.param == "path"
    assert 1.7 < frames[-1].end_pts / RATE <= 2.0


async def test_a_wav_written_to_a_pipe_has_no_length_and_is_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(RATE), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, 4, 0xFFFFFFFF)
    struct.pack_into("<I", data, data.index(b"data") + 4, 0xFFFFFFFF)
    (tmp_path / "a.wav").write_bytes(data)
    frames = await read_all(FileSource(tmp_path / "a.wav"))
    assert frames[-1].end_pts == RATE


async def test_nan_and_infinity_become_silence_and_are_counted(tmp_path: Path) -> None:
    samples = noise(RATE)
    samples[100], samples[5000], samples[5001] = np.nan, np.inf, 1e30
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    source = FileSource(tmp_path / "a.wav")
    got = joined(await read_all(source))[0]
    assert source.silenced_samples == 3
    expected = samples[:, 0].copy()
    expected[[100, 5000, 5001]] = 0.0
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        (b"", "empty"),
        (b"just some words\n" * 100, "got"),
        (bytes(range(256)) * 40, "got"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "got"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "got"),
        (b"ffconcat version 1.0\nfile a.wav\n", "got"),
    ],
)
def test_a_file_without_sound_is_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "a.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadAudioFile, match=says) as caught:
        FileSource(path)
    assert "expected" in caught.value.message and str(path) in caught.value.message


def test_a_directory_a_device_and_a_headerless_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(1000))
    for path in (tmp_path, Path("/dev/zero"), tmp_path / "a.raw"):
        with pytest.raises(BadAudioFile):
            FileSource(path)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", ""])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadAudioFile):
        FileSource(tmp_path / name)


def test_a_wav_without_samples_is_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(0), RATE)
    with pytest.raises(BadAudioFile, match="no samples"):
        FileSource(tmp_path / "a.wav")


def test_a_video_without_sound_is_refused(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mp4", "w") as container:
        picture = container.add_stream("mpeg4", rate=25, options={})
        picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
        container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(picture.encode(None))
    with pytest.raises(BadAudioFile, match="no sound track"):
        FileSource(tmp_path / "a.mp4")


@pytest.mark.parametrize(
    ("rate", "channels", "error"),
    [
        (1, 1, BadFormat),
        (500_000, 1, BadFormat),
        (48_000, 9, BadFormat),
        (0, 1, BadAudioFile),
        (2**32 - 1, 1, BadAudioFile),
        (48_000, 65_535, TectumError),
        (48_000, 0, TectumError),
    ],
)
def test_an_absurd_header_is_refused(tmp_path: Path, rate: int, channels: int, error: type[TectumError]) -> None:
    soundfile.write(tmp_path / "a.wav", noise(2000), RATE)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<HI", data, data.index(b"fmt ") + 10, channels, rate)
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(error):
        FileSource(tmp_path / "a.wav")


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, 3000), flip=st.binary(min_size=1, max_size=40), name=st.sampled_from(["a.flac", "a.ogg"]))
async def test_damaged_bytes_give_audio_or_a_typed_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, flip: bytes, name: str
) -> None:
    path = tmp_path_factory.mktemp("file") / name
    soundfile.write(path, noise(8000), RATE)
    data = bytearray(path.read_bytes())
    data[at : at + len(flip)] = flip
    path.write_bytes(data)
    try:
        await read_all(FileSource(path))
    except TectumError as error:
        assert error.message  # any other exception fails the test


async def test_realtime_yields_a_frame_when_it_would_have_been_recorded(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(RATE), RATE)
    clock = ManualClock(100.0)

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    source = FileSource(tmp_path / "a.wav", realtime=True, clock=clock, sleep=sleep)
    async with aclosing(source):
        async for frame in source:
            assert clock.now_s() - 100.0 == pytest.approx(frame.end_pts / RATE)


async def test_realtime_catches_up_after_a_slow_reader(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(RATE), RATE)
    clock = ManualClock()

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    async with aclosing(FileSource(tmp_path / "a.wav", realtime=True, clock=clock, sleep=sleep)) as source:
        async for frame in source:
            if frame.pts == 3200:
                clock.advance(0.5)
    assert clock.now_s() == pytest.approx(1.0)


async def test_closing_twice_and_while_iterating_ends_the_stream(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", noise(RATE * 5), RATE)
    source = FileSource(tmp_path / "a.wav")
    count = 0
    async for _ in source:
        count += 1
        if count == 10:
            await source.aclose()
            await source.aclose()
    assert count == 50  # the block already decoded, and no more


async def test_memory_stays_bounded_over_a_long_file(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", RATE, 1) as file:
        for _ in range(600):
            file.write(np.zeros(RATE, np.float32))
    async with aclosing(FileSource(tmp_path / "a.flac")) as source:
        tracemalloc.start()
        async for frame in source:
            last = frame
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert last.end_pts == 600 * RATE
    assert peak < 2_000_000  # the file is 38 MB as float32


async def test_reads_every_real_video(shared_data: Path) -> None:
    for path in sorted((shared_data / "video").glob("*.mp4")):
        source = FileSource(path)
        frames = await read_all(source)
        assert source.duration_s is not None
        assert frames[-1].end_pts / source.sample_rate == pytest.approx(source.duration_s, abs=0.1), path
        await source.aclose()
