"""The command, seen from outside."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.facefilter.trials.made_up import new_voice
from training.facefilter.trials import served


def test_a_late_output_is_noticed(rng):
    audio = new_voice("m", 1.0, rng) + new_voice("f", 1.0, rng)
    assert served.best_shift(audio, audio) == 0
    assert served.best_shift(np.concatenate([np.zeros(160, np.float32), audio[:-160]]), audio) == 160


def test_only_opposite_sexes_long_enough_are_served(evidence, monkeypatch):
    monkeypatch.setattr(served, "SHORTEST_S", 2.0)
    chosen = served.chosen_mixtures(evidence.faces)
    assert len(chosen) == served.FILES
    assert all({evidence.faces[i].sex for i in mixture.talkers} == {"f", "m"} for mixture in chosen)


def test_what_the_service_refuses_is_told_in_its_words(evidence, monkeypatch, tmp_path):
    monkeypatch.setattr(served, "SHORTEST_S", 2.0)
    mixture = served.chosen_mixtures(evidence.faces)[0]
    with pytest.raises(served.ServiceFailed, match=r"manifest|model|facefilter"):
        served.processed(mixture.audio, evidence.faces[mixture.talkers[0]], "face", tmp_path)
