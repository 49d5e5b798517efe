"""From bytes to embeddings: what is seen and heard decides them, and nothing happens on the event loop."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from realtime.errors import ArtifactError, BadFormat, BadParam, NoFace, PictureTooDark, SeveralFaces, VoiceSilent
from realtime.targets.confined import ConfinedJobs
from realtime.targets.encoder import TargetEncoder
from realtime.targets.pictures import decode_picture
from realtime.targets.target import Target

from .made_up import LoudnessVoice, as_file, babble, draw, encoded, write_models

ONE = (100, 40, 200, 160)
TWO = ((30, 50, 130, 170), (300, 60, 390, 160))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
async def encoder(folder: Path) -> AsyncIterator[TargetEncoder]:
    async with TargetEncoder(folder) as encoder:
        yield encoder


async def test_a_face_becomes_an_embedding_and_its_place_is_told(encoder: TargetEncoder) -> None:
    face = await encoder.encode_face(encoded(draw(320, 240, ONE)))
    assert face.box == ONE and face.faces == (ONE,)
    assert Target(face=face.embedding).kinds == ("face",)


async def test_the_face_that_was_chosen_is_the_one_that_is_encoded(encoder: TargetEncoder) -> None:
    both = encoded(draw(420, 240, *TWO))
    with pytest.raises(SeveralFaces):
        await encoder.encode_face(both)
    found = [await encoder.encode_face(both, index) for index in (0, 1)]
    assert [face.box for face in found] == list(TWO) and found[0].faces == TWO
    alone = np.asarray(draw(420, 240, *TWO)).copy()
    alone[:, :200] = alone[0, 0]
    expected = await encoder.encode_face(encoded(Image.fromarray(alone)))
    assert found[1].embedding == pytest.approx(expected.embedding)
    assert np.abs(found[0].embedding - expected.embedding).max() > 0.01


async def test_what_is_wrong_with_a_picture_is_said(encoder: TargetEncoder) -> None:
    with pytest.raises(NoFace):
        await encoder.encode_face(noise())
    with pytest.raises(PictureTooDark):
        await encoder.encode_face(encoded(draw(320, 240, ONE, gain=0.2)))
    with pytest.raises(BadParam, match="of 0 to 0, got 1"):
        await encoder.encode_face(encoded(draw(320, 240, ONE)), 1)


def noise() -> bytes:
    grey = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    return encoded(Image.fromarray(grey.repeat(3, axis=2)))


async def test_a_voice_becomes_an_embedding_whatever_its_level_and_rate(encoder: TargetEncoder) -> None:
    voice = await encoder.encode_voice(as_file(babble(3.0)))
    assert voice.seconds == pytest.approx(3.0, abs=0.2) and not voice.cut
    quiet = await encoder.encode_voice(as_file(0.05 * babble(3.0, rate=48_000), 48_000, "FLAC"))
    assert float(voice.embedding @ quiet.embedding) > 0.99
    other = await encoder.encode_voice(as_file(babble(3.0, pitch_hz=230.0)))
    assert float(voice.embedding @ other.embedding) < 0.9


async def test_samples_are_heard_as_a_file_is(encoder: TargetEncoder) -> None:
    samples = babble(3.0, rate=44_100)
    file = await encoder.encode_voice(as_file(samples, 44_100, subtype="FLOAT"))
    direct = await encoder.encode_samples(samples[None], 44_100)
    assert direct.embedding == pytest.approx(file.embedding, abs=1e-6)
    assert (await encoder.encode_samples(np.tile(samples, 25)[None], 44_100)).cut
    with pytest.raises(VoiceSilent):
        await encoder.encode_samples(np.zeros((1, 44_100), np.float32), 44_100)
    with pytest.raises(BadFormat):
        await encoder.encode_samples(samples[None], 4_000)


async def test_the_networks_are_loaded_when_they_are_needed(tmp_path: Path) -> None:
    write_models(tmp_path, voice=LoudnessVoice())
    async with TargetEncoder(tmp_path) as encoder:
        await encoder.encode_samples(babble(2.0)[None], 16_000)
        (tmp_path / "voice.ts").unlink()
        await encoder.encode_samples(babble(2.0)[None], 16_000)


class NoDetector(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class WrongSize(LoudnessVoice):
    def forward(self, audio: Tensor) -> Tensor:
        return audio[:, :64]


async def test_networks_of_another_kind_are_refused(tmp_path: Path) -> None:
    write_models(tmp_path, face=NoDetector(), voice=WrongSize())
    async with TargetEncoder(tmp_path) as encoder:
        with pytest.raises(ArtifactError, match="expected the method detect of the model 'face'"):
            await encoder.encode_face(encoded(draw(320, 240, ONE)))
        with pytest.raises(ArtifactError, match=r"expected a voice model.*\[128\], got shape \[64\]"):
            await encoder.encode_samples(babble(2.0)[None], 16_000)


async def test_a_call_can_be_cancelled_and_the_next_is_served(encoder: TargetEncoder) -> None:
    picture = encoded(draw(320, 240, ONE))
    for delay_s in (0.0, 0.01, 0.05):
        task = asyncio.create_task(encoder.encode_face(picture))
        await asyncio.sleep(delay_s)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await encoder.encode_face(picture)).box == ONE


async def test_many_are_served_at_once(encoder: TargetEncoder) -> None:
    pictures = [encoded(draw(320, 240, ONE, seed=seed)) for seed in range(4)]
    found = await asyncio.gather(*(encoder.encode_face(picture) for picture in pictures))
    alone = [await encoder.encode_face(picture) for picture in pictures]
    assert all(np.array_equal(a.embedding, b.embedding) for a, b in zip(found, alone, strict=True))


async def test_nothing_of_the_person_is_logged_or_shown(
    encoder: TargetEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    await encoder.encode_face(encoded(draw(320, 240, ONE)))  # says which model is used
    with caplog.at_level(logging.DEBUG, "realtime"):
        caplog.clear()
        face = await encoder.encode_face(encoded(draw(320, 240, ONE)))
    assert not [record for record in caplog.records if record.name.startswith("realtime")]
    assert f"{face.embedding[0]:.3f}" not in repr(face)


async def test_the_picture_is_gone_when_the_call_is_done(
    encoder: TargetEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[weakref.ref[np.ndarray]] = []

    async def watched(content: bytes, jobs: ConfinedJobs) -> np.ndarray:
        picture = await decode_picture(content, jobs)
        seen.append(weakref.ref(picture))
        return picture

    monkeypatch.setattr("realtime.targets.encoder.decode_picture", watched)
    await encoder.encode_face(encoded(draw(320, 240, ONE)))
    async with asyncio.timeout(20):
        while seen[0]() is not None:  # noqa: ASYNC110 (nobody tells that memory is free)
            await asyncio.sleep(0.01)
