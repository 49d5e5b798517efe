"""Mixtures at 0 dB."""

from __future__ import annotations

import numpy as np
import pytest

from training.facefilter.trials.measures import active_rms
from training.facefilter.trials.mixing import LEVEL, draw_mixtures, draw_pairs
from training.facefilter.trials.pairs import in_pairs


def test_both_talkers_are_equally_loud_and_add_up(evidence, rng):
    for mixture in draw_mixtures(evidence.faces, 5, rng):
        assert [active_rms(part) for part in mixture.parts] == pytest.approx([LEVEL, LEVEL], rel=1e-4)
        assert np.allclose(mixture.audio, mixture.parts[0] + mixture.parts[1])


def test_the_same_seed_draws_the_same_mixtures(evidence):
    once, again = (draw_mixtures(evidence.faces, 3, np.random.default_rng(7)) for _ in range(2))
    assert all(np.array_equal(a.parts, b.parts) and a.talkers == b.talkers for a, b in zip(once, again, strict=True))


def test_nobody_is_mixed_with_a_second_recording_of_his_own(evidence, rng):
    talkers = evidence.learners
    assert all(talkers[a].person != talkers[b].person for a, b in draw_pairs(talkers, 60, rng))


def test_one_person_cannot_be_mixed(evidence, rng):
    with pytest.raises(ValueError, match="expected two people"):
        draw_pairs(evidence.learners[:3], 1, rng)


def test_pairs_of_sexes_name_the_target_first():
    groups = in_pairs(["m", "f", "m", "f", ""], ["f", "m", "m", "f", "m"])
    assert {name: np.flatnonzero(chosen).tolist() for name, chosen in groups.items()} == {
        "M-F": [0],
        "F-M": [1],
        "M-M": [2],
        "F-F": [3],
        "opposite": [0, 1],
        "same": [2, 3],
        "all": [0, 1, 2, 3, 4],
    }
