"""Pictures that strangers send: three formats, upright and opaque, decoded in a process that may do little."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from realtime.errors import BadPicture, PictureTooLarge
from realtime.targets import confined
from realtime.targets.confined import ConfinedJobs
from realtime.targets.pictures import MAX_PICTURE_BYTES, decode_picture

from .made_up import encoded

ORIENTATION = 0x112


def corners(width: int = 64, height: int = 32) -> Image.Image:
    """A picture with a colour of its own in each quarter."""
    pixels = np.zeros((height, width, 3), np.uint8)
    half_height, half_width = height // 2, width // 2
    pixels[:half_height, :half_width] = (250, 0, 0)
    pixels[:half_height, half_width:] = (0, 250, 0)
    pixels[half_height:, :half_width] = (0, 0, 250)
    pixels[half_height:, half_width:] = (250, 250, 0)
    return Image.fromarray(pixels)


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and holds nothing."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b""))


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("kind", "options"), [("PNG", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 95})])
async def test_a_picture_comes_out_as_its_pixels(kind: str, options: dict) -> None:
    picture = await decode_picture(encoded(corners(), kind, **options), ConfinedJobs())
    assert (picture.shape, picture.dtype) == ((32, 64, 3), np.uint8)
    assert np.abs(picture.astype(int) - np.asarray(corners()))[:, np.r_[:24, 40:64]][np.r_[:8, 24:32]].max() <= 8


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_it_is_turned_as_its_exif_data_say(kind: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be seen turned by a quarter, clockwise
    picture = await decode_picture(encoded(corners(), kind, exif=exif), ConfinedJobs())
    assert picture.shape == (64, 32, 3)
    assert np.argmax(picture[8, 4]) == 2 and np.argmax(picture[8, 28]) == 0  # blue top left, red top right


async def test_damaged_exif_data_are_no_reason_to_refuse_it() -> None:
    content = encoded(corners(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    assert (await decode_picture(content, ConfinedJobs())).shape == (32, 64, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    grey = np.repeat(np.array([[0, 255]], np.uint8), 16, axis=0).repeat(16, axis=1)
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    picture = await decode_picture(encoded(image), ConfinedJobs())
    assert picture[8, 4].tolist() == [0, 0, 0] and picture[8, 28].tolist() == [255, 255, 255]


async def test_sixteen_bits_of_grey_are_scaled_and_not_clipped() -> None:
    image = Image.fromarray(np.full((8, 8), 0x4000, np.uint16))
    assert (await decode_picture(encoded(image), ConfinedJobs()))[0, 0].tolist() == [64, 64, 64]


async def test_what_is_transparent_is_white() -> None:
    image = Image.new("RGBA", (8, 8), (10, 20, 30, 0))
    assert (await decode_picture(encoded(image), ConfinedJobs()) == 255).all()


async def test_the_first_frame_stands_for_all() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    assert (await decode_picture(content, ConfinedJobs()))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
async def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(BadPicture, match="expected a JPEG, PNG or WEBP, got"):
        await decode_picture(encoded(corners(), kind), ConfinedJobs())


@pytest.mark.parametrize("content", [b"", b"words", b"RIFF____WAVE", b"\xff\xd8"])
async def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(BadPicture) as caught:
        await decode_picture(content, ConfinedJobs())
    assert (caught.value.code, caught.value.param) == ("bad_picture", "picture")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_cut_short_is_refused(kind: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    content = encoded(noise, kind)
    with pytest.raises(BadPicture, match="that can be decoded"):
        await decode_picture(content[: len(content) // 2], ConfinedJobs())


async def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(PictureTooLarge, match=f"at most {MAX_PICTURE_BYTES} bytes, got {MAX_PICTURE_BYTES + 1}"):
        await decode_picture(b"\xff\xd8\xff" + bytes(MAX_PICTURE_BYTES - 2), ConfinedJobs())


@pytest.mark.parametrize(("width", "height"), [(4_097, 4_096), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
async def test_too_many_pixels_are_refused_before_one_is_decoded(width: int, height: int) -> None:
    with pytest.raises(PictureTooLarge, match=f"at most {2**24} pixels"):
        await decode_picture(png_header(width, height), ConfinedJobs())


async def test_as_many_pixels_as_are_allowed_fit_into_the_memory_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confined, "DEADLINE_S", 100.0)  # a second's work, but on what machine, and beside what else
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = Image.new("RGBA", (4_096, 4_096), (200, 100, 50, 128))
    picture = await decode_picture(encoded(image, compress_level=1, exif=exif), ConfinedJobs())
    assert picture.shape == (4_096, 4_096, 3)


async def test_an_unpacked_text_that_fills_the_memory_is_refused() -> None:
    bomb = png_chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(64 * 2**20), 9))
    whole = encoded(corners())
    with pytest.raises(BadPicture):
        await decode_picture(whole[:33] + bomb + whole[33:], ConfinedJobs())
