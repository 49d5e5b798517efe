"""The three artifacts, asked as the service asks them."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from tests.training.facefilter.trials.made_up import new_voice
from tests.training.facefilter.trials.stand_in import write_artifacts
from training.facefilter.trials.cues import Condition, Gallery, People
from training.facefilter.trials.subject import Cues, Subject, in_batches


def nobody(streams: int) -> Cues:
    return Cues(torch.zeros(streams, 128), torch.zeros(streams, 128), torch.zeros(streams, 2))


def test_what_comes_out_is_aligned_with_what_went_in(subject, rng):
    audio = rng.standard_normal((2, 5_003)).astype(np.float32)
    kept = subject.keep(audio, nobody(2))
    assert np.array_equal(kept.wet, audio)
    assert kept.report.shape[0::2] == (2, 4)


def test_clips_of_any_length_come_back_in_their_order(subject, rng):
    clips = [rng.standard_normal(n).astype(np.float32) for n in (900, 300, 1_700)]
    for clip, kept in zip(clips, subject.keep_all(clips, nobody(3)), strict=True):
        assert np.array_equal(kept.wet, clip)
        assert len(kept.report) == len(clip) // 160


def test_streams_do_not_hear_each_other(subject, evidence):
    gallery = Gallery.of(subject, evidence.faces)
    clips = [talker.speech for talker in evidence.faces]
    people = People(range(6), range(6), range(6))
    together = subject.keep_all(clips, gallery.cues(Condition(voice="target"), people))
    alone = subject.keep(clips[3][None], gallery.cues(Condition(voice="target"), People([3], [3], [3])))
    assert np.allclose(together[3].wet, alone.wet[0], atol=1e-6)


def test_batches_hold_every_stream_once_and_like_lengths_together():
    lengths = [5, 1, 4, 2, 3]
    batches = [batch.tolist() for batch in in_batches(lengths, 2)]
    assert batches == [[1, 3], [4, 2], [0]]


def test_a_picture_without_a_face_is_said_to_have_none(subject, tmp_path):
    Image.new("RGB", (60, 60), (90, 90, 90)).save(tmp_path / "grey.png")
    Image.new("RGB", (60, 60), (200, 30, 30)).save(tmp_path / "red.png")
    assert not subject.face_of(tmp_path / "grey.png")[1]
    embedding, found = subject.face_of(tmp_path / "red.png")
    assert found
    assert embedding[0] == 1.0


def test_a_condition_gives_what_it_names_and_nothing_else(subject, evidence):
    gallery = Gallery.of(subject, evidence.faces)
    people = People(target=[0, 1], other=[1, 0], stranger=[2, 3])
    cues = gallery.cues(Condition(face="other", voice="target"), people)
    assert cues.face[:, 0].tolist() == [-1.0, 1.0]
    assert cues.voice[:, 0].tolist() == [1.0, -1.0]
    assert cues.has.tolist() == [[1.0, 1.0]] * 2
    assert gallery.cues(Condition(), people).has.tolist() == [[0.0, 0.0]] * 2
    assert gallery.cues(Condition(face="stranger"), people).face[:, 0].tolist() == [1.0, -1.0]


def test_a_model_is_told_from_another_by_its_files(tmp_path):
    write_artifacts(tmp_path)
    digest = Subject.load(tmp_path).digest
    assert Subject.load(tmp_path).digest == digest
    (tmp_path / "voice.ts").write_bytes((tmp_path / "face.ts").read_bytes())
    assert Subject.load(tmp_path).digest != digest


def test_a_voice_is_embedded_from_its_samples(subject, rng):
    assert subject.voice_of(new_voice("m", 1.0, rng))[0] == 1.0
    assert subject.voice_of(new_voice("f", 1.0, rng))[0] == -1.0
