"""Cards, as the service reads them."""

from __future__ import annotations

import json

import pytest

from realtime.artifacts import ArtifactCard
from tests.training.facefilter.trials.stand_in import write_artifacts
from training.facefilter.card import CARDS, NAMES, common_digest, figures_of, write_cards
from training.facefilter.reporting.results import Results
from training.facefilter.trials.subject import Subject


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_one_that_the_service_accepts_and_speaks_of_consent_and_bias(name):
    card = ArtifactCard.model_validate({"contract": "tectum.artifact/1", "sha256": "0", **CARDS[name]({})})
    assert card.name == name
    text = " ".join(card.limits)
    for word in ("agreed", "Sex is f or m", "research use"):
        assert word in f"{text} {card.licence}"


def test_cards_are_renewed_with_the_figures_of_their_own_models(everything, tmp_path):
    write_artifacts(tmp_path)
    mine = common_digest({name: (tmp_path / f"{name}.ts").read_bytes() for name in NAMES})
    assert mine == Subject.load(tmp_path).digest
    trials = {name: {**trial, "model_sha256": mine} for name, trial in everything.trials.items()}
    write_cards(Results.collect(trials, {}), tmp_path)
    figures = {name: json.loads((tmp_path / f"{name}.json").read_text())["figures"] for name in NAMES}
    assert figures["facefilter"]["separation"]["face"]["opposite"]["accuracy"]["share"] == 1.0
    assert figures["facefilter"]["served"]["face"]["mean"] == 4.5
    assert figures["face"]["matching_one_of_two"]["same"]["mean"] == 0.5
    assert set(figures["voice"]["voice_one_of_two"]) == {"same_recording", "other_sentence"}


def test_figures_of_another_model_are_left_out(everything, tmp_path):
    write_artifacts(tmp_path)
    write_cards(everything, tmp_path)
    assert all(json.loads((tmp_path / f"{name}.json").read_text())["figures"] == {} for name in NAMES)
    assert figures_of(everything, "5" * 64)["facefilter"]["noise"]["0"]["no_target"]
