"""Result files in, one small file out and back."""

from __future__ import annotations

import pytest

from training.facefilter.reporting.results import (
    CURVE_POINTS,
    VALID_POINTS,
    ResultError,
    Results,
    load_results,
    read_results,
    save_results,
)


def test_everything_is_found(everything):
    assert {"matching", "separation", "noise", "lock_on", "examples"} <= set(everything.trials)
    assert set(everything.papers) == {"audio_only", "srl"}


def test_what_was_saved_is_read_back_the_same(everything, tmp_path):
    save_results(everything, tmp_path / "once.json")
    save_results(load_results(tmp_path / "once.json"), tmp_path / "again.json")
    assert (tmp_path / "once.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_a_log_is_thinned_and_keeps_its_ends_and_its_order(everything):
    steps = [point["step"] for point in everything.curve]
    assert (steps[0], steps[-1]) == (1, 400)
    assert steps == sorted(steps)
    assert len(steps) == CURVE_POINTS + VALID_POINTS
    assert sum(1 for point in everything.curve if point["valid"]) == VALID_POINTS


def test_what_is_new_replaces_what_is_old_and_the_rest_stays():
    old = Results.collect({"noise": {"a": 1}, "alone": {"a": 1}}, {}, ({"step": 1},))
    merged = Results.collect({"noise": {"a": 2}}, {}).over(old)
    assert merged.trials == {"alone": {"a": 1}, "noise": {"a": 2}}
    assert merged.curve == ({"step": 1},)


def test_nothing_there_is_nothing(tmp_path):
    assert read_results(tmp_path) == load_results(tmp_path / "none.json") == Results.collect({}, {})


@pytest.mark.parametrize(("content", "told"), [("{", "expected JSON"), ("[]", "expected an object, got list")])
def test_a_damaged_file_is_named(tmp_path, content, told):
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "noise.json").write_text(content)
    with pytest.raises(ResultError, match=rf"noise\.json.*{told}"):
        read_results(tmp_path)
