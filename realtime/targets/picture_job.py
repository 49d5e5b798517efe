"""Decodes one picture inside a confined process.

Invariant: Pillow is offered three formats, chosen by what the bytes are, and never more pixels than ``MAX_PIXELS``.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import Any

# All that these formats need is imported now: later no file can be opened.
from PIL import (
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from ..errors import BadPicture, PictureTooLarge
from .limits import Limits

MAX_PIXELS = 16 * 2**20
FORMATS = ("JPEG", "PNG", "WEBP")

LIMITS = Limits(memory_bytes=512 * 2**20, output_bytes=3 * MAX_PIXELS + 4_096, cpu_s=5)

Image.preinit()  # Pillow would do it when it opens the first picture.
_NEEDED = (JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin)
_WHITE = "white"


def run() -> tuple[dict[str, Any], bytes]:
    """Decodes standard input.

    Returns:
        ``width`` and ``height``, and the pixels, uint8 RGB, row by row from the top, the picture turned upright.

    Raises:
        BadPicture: Not of the three formats, or damaged.
        PictureTooLarge: More than ``MAX_PIXELS``.
    """
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    content = sys.stdin.buffer.read()
    try:
        image = flatten(upright(_open(content)))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise PictureTooLarge(f"expected at most {MAX_PIXELS} pixels, got more", param="picture") from None
    except UnidentifiedImageError as error:
        raise BadPicture("expected a picture that can be decoded, got one that is damaged", param="picture") from error
    except MemoryError:
        raise
    except Exception as error:  # Decoders fail in ways that nobody lists.
        raise BadPicture(f"expected a picture that can be decoded, got: {error!s:.200}", param="picture") from error
    return {"width": image.width, "height": image.height}, image.tobytes()


def _open(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=FORMATS)
    image.load()
    return image


def upright(image: Image.Image) -> Image.Image:
    """Returns ``image`` as its EXIF orientation says that it is to be seen."""
    try:
        return ImageOps.exif_transpose(image)
    except MemoryError:
        raise
    except Exception:  # Damaged EXIF data is no reason to refuse the picture that they come with.
        return image


def flatten(image: Image.Image) -> Image.Image:
    """Returns ``image`` as RGB: what is transparent becomes white, 16 bits become 8, the first frame stands for all."""
    if image.has_transparency_data:
        page = Image.new("RGBA", image.size, _WHITE)
        page.alpha_composite(image.convert("RGBA"))
        return page.convert("RGB")
    if image.mode.startswith("I"):
        # Pillow would clip 16 bits of grey to 8 rather than scale them.
        return image.point(lambda value: value / 256.0, "L").convert("RGB")
    return image.convert("RGB")
