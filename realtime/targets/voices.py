"""Bytes of a sound file that somebody sent become samples.

Invariant: no decoder touches them in this process.
"""

from __future__ import annotations

import numpy as np

from ..errors import BadVoice
from .confined import ConfinedJobs
from .speech import VoiceSample

MAX_VOICE_BYTES = 10 * 2**20


async def decode_voice(content: bytes, jobs: ConfinedJobs) -> VoiceSample:
    """Decodes the first minute of a sound file, or of the sound of a video.

    Args:
        content: The file, at most 10 MiB.
        jobs: Where it is done.

    Raises:
        BadVoice: Nothing that can be decoded, too many bytes, or more work than a sample should be.
    """
    if not 0 < len(content) <= MAX_VOICE_BYTES:
        raise BadVoice(f"expected a sound file of 1 to {MAX_VOICE_BYTES} bytes, got {len(content)}", param="voice")
    decoded = await jobs.run("voice_job", content, raises=(BadVoice,))
    try:
        samples = decoded.payload.view(np.float32)
    except ValueError:
        raise BadVoice("expected samples from the decoder, got something else", param="voice") from None
    return VoiceSample(samples, bool(decoded.header.get("cut")))
