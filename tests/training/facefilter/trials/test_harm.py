"""The target absent, the target alone, noise, and streams that go wrong."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from training.facefilter.trials import absent, alone, noise, robustness
from training.facefilter.trials.measures import rms
from training.facefilter.trials.mixing import LEVEL


@pytest.fixture
def few_files(monkeypatch):
    monkeypatch.setitem(noise.FILES, "facevoice", 2)
    monkeypatch.setitem(noise.FILES, "librispeech", 1)
    monkeypatch.setitem(noise.FILES, "speechocean762", 1)


def test_another_kind_of_voice_is_turned_down_and_ones_own_kind_is_not(subject, evidence, monkeypatch):
    monkeypatch.setattr(absent, "PASSAGES", 12)
    figures = absent.run(subject, evidence)
    for kind in ("alone", "after_target"):
        for condition in ("face", "voice", "both"):
            assert figures[kind][condition]["opposite"]["suppressed_db"]["mean"] > 15.0
            assert figures[kind][condition]["opposite"]["reached_15_db"]["share"] == 1.0
            assert figures[kind][condition]["same"]["suppressed_db"]["mean"] < 1.0


def test_only_the_passage_counts():
    audio = np.ones(48_000, np.float32)
    wet = audio.copy()
    wet[16_000:] = 0.1
    assert absent.quieter_db(wet, absent.Passage(0, 1, audio, 16_000), 0.0) == pytest.approx(20.0, abs=1e-4)
    wet[16_000:24_000] = 1.0
    assert absent.quieter_db(wet, absent.Passage(0, 1, audio, 16_000), 0.5) == pytest.approx(20.0, abs=1e-4)


def test_who_is_alone_comes_out_as_he_was(subject, evidence, few_files, monkeypatch):
    monkeypatch.setattr(alone, "LONGEST_S", 1.0)
    figures = alone.run(subject, evidence)["conditions"]
    assert figures["no_target"]["pesq"]["mean"] == pytest.approx(4.64, abs=0.01)
    assert figures["voice"]["level_within_1_db"]["share"] == 1.0
    assert figures["face"]["pesq"]["n"] == 2, "only talkers with a picture are told by a face"


def test_noise_has_the_level_that_was_asked_for(evidence):
    talkers = noise.chosen_talkers(evidence)
    for snr_db in (0, 10):
        for file in noise.draw_files(talkers, evidence.noises, snr_db, np.random.default_rng(0)):
            assert rms(file.noisy - file.clean) == pytest.approx(LEVEL * 10 ** (-snr_db / 20), rel=1e-3)


def test_a_short_noise_is_repeated(rng):
    x = np.arange(5, dtype=np.float32)
    assert len(noise.fitted(x, 12, rng)) == 12


def test_both_are_given_the_same_files(subject, evidence, few_files, monkeypatch):
    monkeypatch.setattr(noise, "SNRS_DB", (5,))
    monkeypatch.setattr(noise, "LONGEST_S", 1.0)
    figures = noise.run(subject, evidence)["snr_db"]["5"]
    assert figures["all"]["no_target"]["gain"]["si_sdr"]["mean"] == pytest.approx(0.0, abs=1e-3)
    gain = figures["all"]["rnnoise"]["gain"]["si_sdr"]["mean"]
    assert figures["all"]["no_target"]["over_rnnoise"]["si_sdr"]["mean"] == pytest.approx(-gain, abs=1e-3)
    assert "face" not in figures["all"]
    assert figures["with_face"]["face"]["is"]["si_sdr"]["n"] == 2


def test_a_damage_is_where_it_should_be():
    clip = np.full(160_000, 0.1, np.float32)
    harmed = robustness.harmed_by(robustness.DAMAGES["nan"], clip)
    assert np.isnan(harmed[64_000:80_000]).all()
    assert np.isfinite(harmed[:64_000]).all()
    assert np.isfinite(harmed[80_000:]).all()
    louder = robustness.harmed_by(robustness.DAMAGES["20_db_louder"], clip)
    assert louder[-1] == pytest.approx(1.0)


def test_who_forgets_at_once_is_himself_again(subject, evidence, monkeypatch):
    monkeypatch.setattr(robustness, "STREAMS", 2)
    figures = robustness.run(subject, evidence)["damages"]
    for name in ("nan", "infinity", "silence", "clipping", "20_db_louder", "20_db_softer"):
        assert figures[name]["finite"]["share"] == 1.0
        assert figures[name]["si_sdr_change_db"]["mean"] == pytest.approx(0.0, abs=0.01)
        assert figures[name]["level_change_db"]["mean"] == pytest.approx(0.0, abs=0.01)


class Poisoned(torch.nn.Module):
    """Remembers the sum of all that it heard: one NaN, and it never hears anything again."""

    def init_state(self, streams: int) -> torch.Tensor:
        return torch.zeros(streams, 161)

    def with_target(self, state, face, voice, has):
        return state

    def step(self, audio, lock_on, state):
        memory = state[:, 160:] + audio.sum(1, keepdim=True)
        late = state[:, :160] + 0.0 * memory
        return late, late, torch.zeros(len(audio), 4), torch.cat((audio, memory), 1)


def test_who_never_recovers_is_found_out(subject, evidence, monkeypatch):
    monkeypatch.setattr(robustness, "STREAMS", 2)
    monkeypatch.setattr(robustness, "DAMAGES", {"nan": robustness.DAMAGES["nan"]})
    figures = robustness.run(dataclasses.replace(subject, separator=Poisoned()), evidence)["damages"]["nan"]
    assert figures["finite_after"]["share"] == 0.0
    assert figures["si_sdr_change_db"]["mean"] is None
