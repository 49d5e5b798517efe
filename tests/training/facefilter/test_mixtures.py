from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.facefilter import mixtures
from training.facefilter.corpus import Recording
from training.facefilter.mixtures import SHARES, Material, Mixer, Mixture, level
from training.facefilter.waveforms import SAMPLE_RATE, Waveforms

SIZE = 128
MANY = 24


class Watched(Waveforms):
    """Notes which recordings are read."""

    def __init__(self, waveforms: Waveforms) -> None:
        super().__init__(waveforms._samples, waveforms._starts)
        self.heard: list[int] = []

    def read(self, i: int, start: int = 0, num_samples: int | None = None) -> NDArray[np.float32]:
        self.heard.append(i)
        return super().read(i, start, num_samples)


class Studio:
    """Makes mixtures and tells what they are made of."""

    def __init__(self, material: Material, part: str = "train", seed: int = 0) -> None:
        self.waveforms = Watched(material.waveforms)
        self.material = replace(material, waveforms=self.waveforms)
        self.mixer = Mixer(self.material, part, np.random.default_rng(seed))

    @property
    def recordings(self) -> Sequence[Recording]:
        return self.material.recordings

    def make(self, kind: str, count: int = MANY) -> list[Mixture]:
        return [self.mixer.mixture(kind) for _ in range(count)]

    def heard(self) -> list[Recording]:
        """Returns the recordings that were read since the last time, in order."""
        heard = [self.recordings[i] for i in self.waveforms.heard]
        self.waveforms.heard.clear()
        return heard

    def clip_of_face(self, target: NDArray[np.float32]) -> str:
        faces = self.material.embeddings.face
        return max(faces, key=lambda clip: float(faces[clip] @ target[:SIZE]))

    def recording_of_voice(self, voice: NDArray[np.float32]) -> int:
        windows = self.material.embeddings.windows
        return max(windows, key=lambda i: float(windows[i][0] @ voice))

    def person_asked_for(self, target: NDArray[np.float32]) -> str:
        if target[-1]:
            return self.recordings[self.recording_of_voice(target[SIZE : 2 * SIZE])].person
        clip = self.clip_of_face(target)
        return next(recording.person for recording in self.recordings if recording.name == clip)


@pytest.fixture
def studio(material: Material) -> Studio:
    return Studio(material)


@pytest.fixture
def undistorted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixtures as they are before anything happens to them on their way."""
    monkeypatch.setattr(mixtures, "distort", lambda stack, rng: stack)
    monkeypatch.setattr(mixtures, "coded", lambda x, rng: x)


def asks(target: NDArray[np.float32]) -> bool:
    return bool(target[-2:].any())


def test_two_talkers_and_what_else_is_heard_add_up(studio: Studio, undistorted: None) -> None:
    noises = []
    for mixture in studio.make("two"):
        assert mixture.references[0].any() and mixture.others[0].any()
        noise = mixture.audio - mixture.references[0] - mixture.others[0]
        np.testing.assert_allclose(mixture.references[1] + mixture.others[1] + noise, mixture.audio, atol=1e-6)
        if asks(mixture.targets[1]):
            np.testing.assert_array_equal(mixture.references, mixture.others[::-1])
        noises.append(np.abs(noise).max() > 1e-5)
    assert 0.2 < np.mean(noises) < 0.8


def test_of_one_talker_and_noise_only_who_speaks_is_kept(studio: Studio, undistorted: None) -> None:
    kept = set()
    for _ in range(MANY):
        (mixture,) = studio.make("one", 1)
        talkers = {recording.person for recording in studio.heard() if recording.kind == "speech"}
        assert len(talkers) == 1
        assert mixture.references[0].any() and not mixture.others[0].any()
        assert np.abs(mixture.audio - mixture.references[0]).max() > 1e-5
        if asks(mixture.targets[1]):
            speaks = studio.person_asked_for(mixture.targets[1]) in talkers
            silence, talker = np.zeros_like(mixture.audio), mixture.references[0]
            np.testing.assert_array_equal(mixture.references[1], talker if speaks else silence)
            np.testing.assert_array_equal(mixture.others[1], silence if speaks else talker)
            assert mixture.voices[1].any() == speaks
            kept.add(speaks)
    assert kept == {True, False}


def test_a_talker_alone_is_the_mixture(studio: Studio, undistorted: None) -> None:
    clean = studio.make("clean", 60)
    for mixture in clean:
        np.testing.assert_array_equal(mixture.audio, mixture.references[0])
        np.testing.assert_array_equal(mixture.audio, mixture.references[1] + mixture.others[1])
    assert not all(asks(mixture.targets[1]) for mixture in clean), "nobody was never asked for"


def test_an_absent_target_is_somebody_else_and_silent(studio: Studio, undistorted: None) -> None:
    for _ in range(MANY):
        (mixture,) = studio.make("absent", 1)
        talkers = {recording.person for recording in studio.heard() if recording.kind == "speech"}
        assert len(talkers) == 1
        assert not mixture.references[0].any() and mixture.others[0].any()
        for k in range(2):
            if asks(mixture.targets[k]):
                assert studio.person_asked_for(mixture.targets[k]) not in talkers
                assert not mixture.references[k].any() and not mixture.voices[k].any()


def test_noise_alone_holds_nobody(studio: Studio, undistorted: None) -> None:
    for mixture in studio.make("noise"):
        assert mixture.audio.any()
        assert not mixture.references.any() and not mixture.others.any() and not mixture.voices.any()
    assert {recording.kind for recording in studio.heard()} == {"noise"}


def test_where_nobody_is_asked_for_every_voice_is_kept(studio: Studio, undistorted: None) -> None:
    nobody = [mixture for mixture in studio.make("two", 80) if not asks(mixture.targets[1])]
    assert 1 < len(nobody) < 18
    for mixture in nobody:
        np.testing.assert_allclose(mixture.references[1], mixture.references[0] + mixture.others[0], atol=1e-6)
        assert not mixture.targets[1].any() and not mixture.others[1].any() and not mixture.voices[1].any()


@pytest.mark.parametrize("kind", SHARES)
def test_shapes_are_the_same_whatever_the_kind(studio: Studio, kind: str) -> None:
    length = int(mixtures.SEGMENT_S * SAMPLE_RATE)
    for mixture in studio.make(kind, 6):
        shapes = [value.shape for value in mixture]
        assert shapes == [(length,), (2, length), (2, length), (2, 2 * SIZE + 2), (2, SIZE)]
        assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in mixture)
        assert np.abs(mixture.audio).max() <= 1.1


def test_a_voice_is_enrolled_by_another_utterance_where_there_is_one(studio: Studio, undistorted: None) -> None:
    utterances: dict[str, int] = {}
    for recording in studio.recordings:
        utterances[recording.person] = utterances.get(recording.person, 0) + 1
    several = 0
    for mixture in studio.make("two", 60):
        for target, voice in zip(mixture.targets, mixture.voices, strict=True):
            if target[-1]:
                enrolled, used = studio.recording_of_voice(target[SIZE:-2]), studio.recording_of_voice(voice)
                person = studio.recordings[used].person
                assert studio.recordings[enrolled].person == person
                assert (enrolled != used) == (utterances[person] > 1)
                several += utterances[person] > 1
    assert several > 5


def test_a_face_is_that_of_the_clip_that_is_heard(studio: Studio, undistorted: None) -> None:
    faces = 0
    for mixture in studio.make("two", 40):
        for target, voice in zip(mixture.targets, mixture.voices, strict=True):
            if target[-2]:
                assert studio.clip_of_face(target) == studio.recordings[studio.recording_of_voice(voice)].name
                faces += 1
            else:
                assert not target[:SIZE].any()
    assert faces > 10


def test_targets_are_faces_voices_and_both(studio: Studio, undistorted: None) -> None:
    has = {tuple(target[-2:].tolist()) for mixture in studio.make("two", 60) for target in mixture.targets}
    assert has == {(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)}
    for target in studio.make("two", 1)[0].targets:
        for part, is_there in ((target[:SIZE], target[-2]), (target[SIZE:-2], target[-1])):
            assert np.linalg.norm(part) == pytest.approx(float(is_there), abs=1e-5)


@pytest.mark.parametrize("part", ["train", "valid"])
def test_nobody_and_no_noise_of_the_other_part_is_heard_or_asked_for(
    material: Material, part: str, undistorted: None
) -> None:
    studio = Studio(material, part)
    parts = {recording.person: recording.part for recording in studio.recordings}
    for kind in SHARES:
        for mixture in studio.make(kind, 12):
            for target in mixture.targets:
                assert not asks(target) or parts[studio.person_asked_for(target)] == part
    heard = studio.heard()
    assert {recording.part for recording in heard} == {part}
    assert {recording.kind for recording in heard} == {"speech", "noise"}


def test_most_second_talkers_are_of_the_other_sex(studio: Studio, undistorted: None) -> None:
    sexes = {recording.person: recording.sex for recording in studio.recordings}
    opposite = []
    for mixture in studio.make("two", 60):
        people = [studio.recordings[studio.recording_of_voice(voice)].person for voice in mixture.voices if voice.any()]
        assert len(set(people)) == len(people)
        if len(people) == 2:
            opposite.append(sexes[people[0]] != sexes[people[1]])
    assert 0.45 < np.mean(opposite) < 0.85


def test_kinds_come_as_often_as_they_should(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studio.mixer, "mixture", lambda kind: kind)
    kinds = [kind for kind, _ in zip(studio.mixer, range(4_000), strict=False)]
    for kind, share in SHARES.items():
        assert kinds.count(kind) / 4_000 == pytest.approx(share, abs=0.03)


def test_the_generator_decides_everything(material: Material) -> None:
    one, other, third = (Studio(material, seed=seed).make("two", 2) for seed in (3, 3, 4))
    for a, b in zip(one, other, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    assert not np.array_equal(one[0].audio, third[0].audio)


def test_the_level_is_that_of_the_active_parts() -> None:
    x = np.concatenate((np.zeros(16_000), 0.3 * np.ones(3_200), np.zeros(16_000))).astype(np.float32)
    assert level(x)[17_000] == pytest.approx(0.05, rel=1e-3)
    assert not level(np.zeros(3_200, np.float32)).any()
    assert level(x[:100]).shape == (100,)
