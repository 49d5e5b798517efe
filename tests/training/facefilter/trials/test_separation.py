"""What the tables of separation say of a model whose every choice is known: right by kind of voice, and no further."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from training.facefilter.trials import calibration, separation
from training.facefilter.trials.observations import Bench


@pytest.fixture(scope="module")
def result(bench):
    return separation.run(bench)


@pytest.fixture(scope="module")
def figures(result):
    return result["conditions"]


@pytest.mark.parametrize("condition", ["face", "voice", "both", "voice_against_face"])
def test_other_kinds_of_voices_are_told_apart(figures, condition):
    assert figures[condition]["opposite"]["accuracy"]["share"] == 1.0
    assert figures[condition]["opposite"]["si_sdri"]["mean"] > 15.0


@pytest.mark.parametrize("condition", ["face_of_other", "face_of_stranger"])
def test_a_wrong_face_keeps_the_other_one(figures, condition):
    assert figures[condition]["opposite"]["accuracy"]["share"] == 0.0
    assert figures[condition]["opposite"]["si_sdri"]["mean"] < -15.0


def test_voices_of_one_kind_are_chance(figures):
    assert figures["face"]["same"]["accuracy"]["share"] == 0.5
    assert figures["face"]["same"]["si_sdri"]["mean"] == pytest.approx(0.0, abs=0.2)


def test_without_a_target_nothing_changes(figures):
    assert figures["no_target"]["all"]["si_sdri"]["mean"] == pytest.approx(0.0, abs=1e-3)
    assert figures["no_target"]["all"]["quieter_db"]["mean"] == pytest.approx(0.0, abs=1e-3)


def test_sdri_is_measured_where_the_papers_measure_it(figures):
    assert figures["face"]["opposite"]["sdri"]["mean"] > 15.0
    assert figures["face_of_stranger"]["opposite"]["sdri"]["n"] == 0


def test_every_mixture_is_judged_towards_both(bench):
    observed = bench.observe("face", (0,))
    assert len(observed.target) == 2 * bench.mixtures
    assert observed.target[0::2].tolist() == observed.other[1::2].tolist()


def test_what_was_observed_is_read_back_for_the_same_model_alone(bench, subject):
    once = bench.observe("voice", (0,))
    broken = dataclasses.replace(subject, separator=None)
    again = Bench(broken, bench.talkers, bench.folder, bench.mixtures).observe("voice", (0,))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    other = dataclasses.replace(broken, digest="another")
    with pytest.raises(AttributeError):
        Bench(other, bench.talkers, bench.folder, bench.mixtures).observe("voice", (0,))


def test_judging_the_other_way_round_twice_changes_nothing_but_what_is_not_known(bench):
    observed = bench.observe("face", (0,))
    twice = separation.turned(separation.turned(observed))
    assert np.array_equal(twice.si_sdri, observed.si_sdri)
    assert np.array_equal(twice.nearer, observed.nearer)
    assert np.isnan(twice.sdri).all()


def test_seeds_are_kept_apart(result):
    by_seed = result["by_seed"]["face"]
    assert [seed["opposite"]["accuracy"] for seed in by_seed] == [1.0, 1.0, 1.0]
    assert len({seed["opposite"]["si_sdri"] for seed in by_seed}) == 3


def test_confidence_is_set_against_what_was_gained(bench):
    found = calibration.run(bench)["conditions"]["face"]
    assert found["right"]["si_sdri"]["mean"] > found["wrong"]["si_sdri"]["mean"]
    assert sum(entry["si_sdri"]["n"] for entry in found["bins"]) == 3 * 2 * bench.mixtures
    assert found["bins"][0]["confidence"] == pytest.approx(0.9, abs=1e-3)


def test_bins_are_of_like_size_and_hold_everybody(rng):
    values = rng.random(600)
    bins = calibration.equal_bins(values, 6)
    assert [int(chosen.sum()) for chosen in bins] == [100] * 6
    assert np.sum(bins, axis=0).tolist() == [1] * 600
    assert len(calibration.equal_bins(np.ones(9), 6)) == 1
