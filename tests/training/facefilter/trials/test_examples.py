"""Spectrograms in a result file."""

from __future__ import annotations

import numpy as np

from tests.training.facefilter.trials.made_up import new_voice
from training.facefilter.trials import examples


def test_a_spectrogram_survives_to_half_a_step(rng):
    spectrogram = examples.spectrogram_db(new_voice("f", 2.0, rng))
    back = examples.unpacked(examples.packed(spectrogram))
    within = np.clip(spectrogram, -80.0, -20.0)
    assert back.shape == spectrogram.shape
    assert np.abs(back - within).max() <= examples.STEP_DB / 2 + 1e-6


def test_a_voice_is_where_its_tones_are(rng):
    deep, thin = (examples.spectrogram_db(new_voice(sex, 2.0, rng)).mean(1) for sex in "mf")
    assert deep.argmax() < 12
    assert thin.argmax() > 80


def test_one_of_each_pair_that_was_drawn_is_shown(bench, monkeypatch):
    monkeypatch.setattr(examples, "SHOWN_S", 1.5)
    shown = examples.run(bench)["pairs"]
    assert {"M-F", "F-M"} <= set(shown) <= {"M-F", "F-M", "M-M", "F-F"}
    assert shown["M-F"]["si_sdri"] > 15.0
    assert set(shown["M-F"]["panels"]) == {"target", "mixture", "output"}
