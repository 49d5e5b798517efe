"""Decodes the beginning of one sound file inside a confined process.

Invariant: however long the file says it is, no more than ``MAX_SAMPLE_S`` of it are decoded, and no more than a second
of it is held at its own rate and with all its channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BadAudioFile, BadFormat, BadVoice
from ..frames import Samples
from ..sources.audio_file import Decoder, open_audio_file
from .limits import Limits
from .speech import MAX_SAMPLE_S, SAMPLE_RATE, to_mono

LIMITS = Limits(memory_bytes=768 * 2**20, output_bytes=4 * SAMPLE_RATE * (MAX_SAMPLE_S + 1), cpu_s=10, files=16)

_INPUT = Path("/proc/self/fd/0")
_MAX_AMPLITUDE = 1e9
"""Float files may hold anything; what lies beyond this is no sound."""


def run() -> tuple[dict[str, Any], bytes]:
    """Decodes the first minute of standard input.

    Returns:
        ``cut``, whether there is more, and the samples: one channel, 16 kHz, float32, NaN replaced by silence.

    Raises:
        BadVoice: Nothing of it can be decoded.
    """
    try:
        decoder = open_audio_file(_INPUT)
    except (BadAudioFile, BadFormat) as error:
        raise BadVoice(error.message.replace(str(_INPUT), "a sample"), param="voice") from error
    limit = MAX_SAMPLE_S * decoder.sample_rate
    mono = np.concatenate([np.zeros(0, np.float32), *_blocks(decoder, limit + 1)])
    if not mono.size:
        raise BadVoice("expected a sound file, got one that is damaged from its beginning", param="voice")
    return {"cut": mono.size > limit}, to_mono(mono[None], decoder.sample_rate).tobytes()


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
