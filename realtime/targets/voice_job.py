"""Decodes a voice sample inside a confined process.

Invariant: the only file it opens is the memory file that is its standard input.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import BadVoice
from .limits import Limits
from .sample_file import read_sample
from .speech import MAX_SAMPLE_S, SAMPLE_RATE

LIMITS = Limits(memory_bytes=768 * 2**20, output_bytes=4 * SAMPLE_RATE * (MAX_SAMPLE_S + 1), cpu_s=10, files=16)

_INPUT = Path("/proc/self/fd/0")


def run() -> tuple[dict[str, Any], bytes]:
    """Decodes the first minute of standard input.

    Returns:
        ``cut``, whether there is more, and the samples: one channel, 16 kHz, float32.

    Raises:
        BadVoice: Nothing of it can be decoded.
    """
    try:
        sample = read_sample(_INPUT)
    except BadVoice as error:
        raise BadVoice(error.message.replace(str(_INPUT), "a sample"), param=error.param) from error
    return {"cut": sample.cut}, sample.samples.tobytes()
