"""The command, seen from outside."""

from __future__ import annotations

import dataclasses

import numpy as np

from tests.training.facefilter.trials.made_up import new_subject, new_voice
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


def test_what_the_service_refuses_is_told_in_its_words():
    event = '{"type": "error", "code": "no_face", "message": "expected a face, got none"}'
    assert served.reason("", f"a warning\n{event}\n") == "expected a face, got none"
    assert served.reason("", "Traceback\nTypeError: gone wrong\n") == "TypeError: gone wrong"
    assert served.reason("", "") == "it said nothing"


def test_a_refused_file_is_no_figure_and_its_reason_is_kept(evidence, monkeypatch, tmp_path):
    def process(audio, target, condition, artifacts):
        if condition == "face":
            raise served.ServiceFailed("expected a face, got none")
        return audio

    monkeypatch.setattr(served, "SHORTEST_S", 2.0)
    monkeypatch.setattr(served, "processed", process)
    result = served.run(dataclasses.replace(new_subject(), folder=tmp_path), evidence)
    assert result["conditions"]["face"]["si_sdri"]["mean"] is None
    assert set(result["refused"]["face"]) == {"expected a face, got none"}
    assert result["conditions"]["voice"]["si_sdri"]["mean"] == 0.0
    assert result["conditions"]["voice"]["shift_samples"] == [0]
    assert not result["nan"]["finite"], "NaN went in and nothing was done about it"
