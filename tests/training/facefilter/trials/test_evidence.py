"""Who is heard, and what the voice samples are cut from."""

from __future__ import annotations

import numpy as np

from training.facefilter.trials.evidence import numbers_of


def test_nobody_who_was_trained_on_is_heard(evidence):
    assert [talker.name for talker in evidence.faces] == [f"clip{i}" for i in range(6)]


def test_sample_and_speech_are_two_parts_of_one_recording(evidence):
    talker = evidence.faces[0]
    whole = evidence.waveforms.read(0)
    assert np.array_equal(np.concatenate([talker.sample, talker.speech]), whole)
    assert len(talker.sample) == int(0.4 * len(whole))


def test_the_sample_of_who_says_more_is_another_sentence(evidence):
    first, second, third = evidence.learners[:3]
    assert np.array_equal(first.sample, second.speech)
    assert np.array_equal(third.sample, first.speech)


def test_sexes_are_given_or_estimated(evidence):
    assert [talker.sex for talker in evidence.faces[:2]] == ["m", "f"]
    assert evidence.readers[1].sex == "f"


def test_a_silent_noise_is_none(evidence):
    assert [noise.name for noise in evidence.noises] == ["hiss"]


def test_equal_names_have_equal_numbers():
    assert numbers_of(["b", "a", "b"]).tolist() == [0, 1, 0]
