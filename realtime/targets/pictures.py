"""Bytes that somebody sent become pixels.

Invariant: no decoder touches them in this process.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import BadPicture, PictureTooLarge
from .confined import ConfinedJobs

MAX_PICTURE_BYTES = 10 * 2**20

Picture: TypeAlias = NDArray[np.uint8]
"""Pixels, RGB, uint8 ``[H, W, 3]``, upright."""


async def decode_picture(content: bytes, jobs: ConfinedJobs) -> Picture:
    """Decodes a JPEG, PNG or WEBP; what it is, its bytes say and no name.

    Args:
        content: The file, at most 10 MiB.
        jobs: Where it is done.

    Returns:
        The pixels as they are to be seen: EXIF orientation applied, what is transparent white, the first frame of
        several. Colour profiles are not applied.

    Raises:
        BadPicture: Not of the three formats, damaged, or more work than a picture should be.
        PictureTooLarge: More than 10 MiB or 16 Mi pixels.
    """
    if len(content) > MAX_PICTURE_BYTES:
        raise PictureTooLarge(f"expected at most {MAX_PICTURE_BYTES} bytes, got {len(content)}", param="picture")
    if not _is_known(content):
        raise BadPicture(f"expected a JPEG, PNG or WEBP, got {len(content)} bytes of something else", param="picture")
    decoded = await jobs.run("picture_job", content, raises=(BadPicture, PictureTooLarge))
    width, height = decoded.header.get("width"), decoded.header.get("height")
    if not isinstance(width, int) or not isinstance(height, int) or decoded.payload.size != 3 * width * height:
        raise BadPicture("expected pixels from the decoder, got something else", param="picture")
    return decoded.payload.reshape(height, width, 3)


def _is_known(content: bytes) -> bool:
    """Tells by the first bytes, so that most of what is no picture costs no process."""
    webp = content.startswith(b"RIFF") and content[8:12] == b"WEBP"
    return webp or content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
