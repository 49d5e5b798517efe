"""Running trials and keeping their results."""

from __future__ import annotations

import dataclasses
import json

import pytest

from training.facefilter.trials import command
from training.facefilter.trials.command import Setting, run_trials


@pytest.fixture
def setting(subject, evidence, tmp_path):
    return Setting(subject, evidence, tmp_path)


@pytest.fixture
def counted(monkeypatch):
    """A trial that counts how often it was run."""
    runs = []
    monkeypatch.setattr(command, "TRIALS", {"counted": lambda setting: {"run": runs.append(setting) or len(runs)}})
    return runs


def test_a_result_names_its_model_and_is_kept_for_it(setting, counted, tmp_path):
    for _ in range(2):
        run_trials(setting, tmp_path, ["counted"], again=False)
    result = json.loads((tmp_path / "counted.json").read_text())
    assert (result["run"], result["model_sha256"]) == (1, setting.subject.digest)
    other = dataclasses.replace(setting, subject=dataclasses.replace(setting.subject, digest="another"))
    run_trials(other, tmp_path, ["counted"], again=False)
    assert json.loads((tmp_path / "counted.json").read_text())["model_sha256"] == "another"


def test_a_result_is_renewed_when_asked(setting, counted, tmp_path):
    run_trials(setting, tmp_path, ["counted"], again=False)
    run_trials(setting, tmp_path, ["counted"], again=True)
    assert len(counted) == 2


def test_what_was_found_is_printed_as_the_report_has_it(setting, tmp_path, capsys):
    run_trials(setting, tmp_path, ["matching"], again=False)
    printed = capsys.readouterr().out
    assert "opposite sex" in printed
    assert "100.0 ± 0.0" in printed
