"""Blocking, block-wise decoding of sound files: libsndfile first, FFmpeg for what it cannot read.

Invariant: memory does not grow with the length of the file, and nothing but the file itself is opened:
FFmpeg gets an open file object and an allow-list of containers, so a playlist cannot make it fetch others.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import av
import numpy as np
import soundfile

from ..errors import BadAudioFile
from ..frames import Samples, check_format

CONTAINERS = "mov,matroska,webm,avi,flv,mpegts,mpeg,asf,ogg,aac,ac3,eac3,mp3,flac,wav,w64,caf,aiff,amr,wv"
"""FFmpeg demuxers that read one file and refer to no other (no playlists, no concatenation scripts)."""

PIECE_SAMPLES = 4096
"""Samples a channel asked of libsndfile at once; at most so many are lost before damaged data."""

_CUT_DATA = re.compile(r"(?:data|SSND|Data Size)\s*: (\d+) \(should be (\d+)\)")
"""libsndfile's log line for a data chunk that claims more bytes than the file has."""

_UNKNOWN_LENGTH = 0x7FFF_0000
"""Chunk sizes from here on are what encoders write into a pipe, whose length they cannot know."""


class Decoder(Protocol):
    """An open file, read once from its start to its end.

    Attributes:
        sample_rate: Hz.
        channels: Channels of every block.
        num_samples: Samples a channel by the file's own header; None where it states none.
    """

    sample_rate: int
    channels: int
    num_samples: int | None

    def read(self, num_samples: int) -> Samples:
        """Returns the next samples, float32 ``[C, T]``: ``T`` near ``num_samples``, and 0 at the end only.

        Raises:
            BadAudioFile: The data is damaged, or ends before the header says so.
        """
        ...

    def close(self) -> None:
        """Frees the file; safe to call twice."""
        ...


def open_audio_file(path: Path) -> Decoder:
    """Opens a sound file, or the first sound track of a video file.

    Raises:
        BadAudioFile: Missing, not a regular file, empty, or without sound that can be decoded.
        BadFormat: A sample rate outside 8-192 kHz or more than 8 channels.
    """
    try:
        if problem := _problem(path):
            raise BadAudioFile(f"expected a sound file, got {path}, which {problem}", param="path")
        decoder = _open_either(path)
    except OSError as error:
        raise BadAudioFile(f"expected a readable sound file, got {path}: {error.strerror}", param="path") from error
    try:
        check_format(decoder.sample_rate, decoder.channels)
    except BaseException:
        decoder.close()
        raise
    return decoder


def _problem(path: Path) -> str:
    """Returns what makes ``path`` no file with something in it, or nothing."""
    if not path.exists():
        return "does not exist"
    if path.is_dir():
        return "is a directory"
    if not path.is_file():
        return "is not a regular file"
    return "is empty" if path.stat().st_size == 0 else ""


def _open_either(path: Path) -> Decoder:
    try:
        return SoundFileDecoder(path)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless .raw, which needs a rate
        first = str(error).rpartition(": ")[2].rstrip(".")
    try:
        return FFmpegDecoder(path)
    except (av.FFmpegError, ValueError) as error:
        second = getattr(error, "strerror", None) or str(error)
    raise BadAudioFile(
        f"expected a sound file or a video with sound, got {path} (libsndfile: {first}; FFmpeg: {second})", param="path"
    )


class SoundFileDecoder:
    """WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF and the rest that libsndfile reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = soundfile.SoundFile(os.fsencode(path))  # as text, names that are not UTF-8 would fail
        self.sample_rate: int = self._file.samplerate
        self.channels: int = self._file.channels
        self._position = 0
        self._fault: BadAudioFile | None = None
        self.num_samples = self._declared_samples()
        if self.num_samples == 0:
            self._file.close()
            raise BadAudioFile(f"expected a sound file, got {path}, which holds no samples", param="path")

    def _declared_samples(self) -> int | None:
        """Samples that the header promises; libsndfile itself quietly lowers them to what is there."""
        num_samples: int = self._file.frames
        # An MP3 without a Xing header has an estimate only; a piped FLAC has no length at all.
        if self._file.format == "MP3" or num_samples >= 2**62:
            return None
        cut = _CUT_DATA.search(self._file.extra_info)
        if cut is None or not int(cut[2]) < int(cut[1]) < _UNKNOWN_LENGTH or int(cut[2]) == 0:
            return num_samples
        return round(num_samples * int(cut[1]) / int(cut[2]))

    def read(self, num_samples: int) -> Samples:
        block = np.empty((num_samples, self.channels), np.float32)
        filled = 0
        # In pieces, because libsndfile gives nothing of a read in which it met damage.
        while filled < num_samples and self._fault is None:
            try:
                got = len(self._file.read(out=block[filled : filled + PIECE_SAMPLES]))
            except soundfile.LibsndfileError as error:
                self._fault = _damaged(self._path, self._position + filled, self.sample_rate, error)
                break
            filled += got
            if got == 0:
                break
        self._position += filled
        if filled == 0 and self._fault is not None:
            raise self._fault
        if filled == 0 and self.num_samples is not None and self._position < self.num_samples:
            raise _cut_short(self._path, self._position, self.num_samples, self.sample_rate)
        return np.ascontiguousarray(block[:filled].T)

    def close(self) -> None:
        self._file.close()


class FFmpegDecoder:
    """The first sound track of MP4, M4A, Matroska, WebM, AVI and other containers, by PyAV."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO = path.open("rb")
        try:
            self._container: Any = av.open(self._file, options={"format_whitelist": CONTAINERS})
            if not self._container.streams.audio:
                raise BadAudioFile(f"expected a file with sound, got {path}, which has no sound track", param="path")
            self._open_stream()
        except BaseException:
            self._file.close()
            raise

    def _open_stream(self) -> None:
        stream = self._container.streams.audio[0]
        # Planar float of the stream's own rate and layout: only the sample type is converted.
        self._resampler = av.AudioResampler(format="fltp")
        self._blocks = self._decode(stream)
        # Containers may misstate rate and channels (HE-AAC does); the first decoded frame cannot.
        self._pending = next(self._blocks, None)
        if self._pending is None:
            raise BadAudioFile(f"expected a sound file, got {self._path}, whose sound track is empty", param="path")
        self.channels: int = self._pending.layout.nb_channels
        self.sample_rate: int = self._pending.sample_rate
        self._position = 0
        self._fault: BadAudioFile | None = None
        # Only MP4 and QuickTime state the exact length of the track; elsewhere it is a guess or the video's.
        exact = "mp4" in self._container.format.name and stream.duration is not None
        self.num_samples = round(stream.duration * stream.time_base * self.sample_rate) if exact else None

    def _decode(self, stream: Any) -> Iterator[av.AudioFrame]:
        for frame in self._container.decode(stream):
            yield from self._resampler.resample(frame)

    def read(self, num_samples: int) -> Samples:
        blocks: list[Samples] = []
        gathered = 0
        try:
            while gathered < num_samples and self._pending is not None:
                blocks.append(self._pending.to_ndarray().astype(np.float32, copy=False))
                gathered += self._pending.samples
                self._pending = next(self._blocks, None)
        except (av.FFmpegError, ValueError) as error:  # ValueError: rate or layout changed in mid-stream
            self._pending = None
            self._fault = _damaged(self._path, self._position + gathered, self.sample_rate, error)
        self._position += gathered
        if blocks:
            return np.concatenate(blocks, axis=1)
        if self._fault is not None:
            raise self._fault
        # Encoder padding makes the stated length inexact by a codec frame or two (at most 2048 samples each).
        if self.num_samples is not None and self._position + 2 * 2048 < self.num_samples:
            raise _cut_short(self._path, self._position, self.num_samples, self.sample_rate)
        return np.zeros((self.channels, 0), np.float32)

    def close(self) -> None:
        self._container.close()
        self._file.close()


def _damaged(path: Path, position: int, sample_rate: int, error: Exception) -> BadAudioFile:
    reason = str(error).rpartition(": ")[2].rstrip(".")
    return BadAudioFile(f"{path} is damaged after {position / sample_rate:.2f} s: {reason}", param="path")


def _cut_short(path: Path, position: int, expected: int, sample_rate: int) -> BadAudioFile:
    return BadAudioFile(
        f"{path} is cut short: expected {expected / sample_rate:.2f} s of sound, got {position / sample_rate:.2f} s",
        param="path",
    )
