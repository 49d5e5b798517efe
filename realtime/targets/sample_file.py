"""The beginning of a sound file, as a voice sample.

Invariant: however long the file says it is, no more than ``MAX_SAMPLE_S`` of it are decoded, and no more than a second
of it is held at its own rate and with all its channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import BadAudioFile, BadFormat, BadVoice
from ..frames import Samples
from ..sources.audio_file import Decoder, open_audio_file
from .speech import MAX_SAMPLE_S, VoiceSample, to_mono

_MAX_AMPLITUDE = 1e9
"""Float files may hold anything; what lies beyond this is no sound."""


def read_sample(path: Path) -> VoiceSample:
    """Decodes the first minute of a sound file, or of the sound of a video; what is no number becomes silence.

    Raises:
        BadVoice: Nothing of it can be decoded.
    """
    try:
        decoder = open_audio_file(path)
    except (BadAudioFile, BadFormat) as error:
        raise BadVoice(error.message, param="voice") from error
    limit = MAX_SAMPLE_S * decoder.sample_rate
    try:
        mono = np.concatenate([np.zeros(0, np.float32), *_blocks(decoder, limit + 1)])
    finally:
        decoder.close()
    if not mono.size:
        raise BadVoice(f"expected a sound file, got {path}, which is damaged from its beginning", param="voice")
    return VoiceSample(to_mono(mono[None], decoder.sample_rate), cut=mono.size > limit)


def _blocks(decoder: Decoder, num_samples: int) -> Iterator[Samples]:
    """Yields the first ``num_samples`` as blocks ``[T]`` of one channel, or those before the file is damaged."""
    while num_samples > 0:
        try:
            block = decoder.read(min(num_samples, decoder.sample_rate))
        except BadAudioFile:
            return  # What came before the damage may do.
        if block.shape[1] == 0:
            return
        block = np.where(np.abs(block) <= _MAX_AMPLITUDE, block, np.float32(0.0))[:, :num_samples]
        num_samples -= block.shape[1]
        yield block.mean(axis=0, dtype=np.float32)
