import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from training.genre.trials import command
from training.genre.trials.command import TRIALS, run_trials, trials
from training.genre.trials.evidence import Evidence
from training.genre.trials.listening import Subject


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the trials by two that only note that they ran."""
    ran: list[str] = []

    def note(name: str):
        return lambda subject, evidence: ran.append(name) or {"value": len(ran)}

    monkeypatch.setattr(command, "TRIALS", {name: note(name) for name in ("one", "two")})
    return ran


def test_every_result_names_the_model_it_was_measured_on(
    subject: Subject, evidence: Evidence, tmp_path: Path, counted: list[str]
) -> None:
    run_trials(replace(subject, digest="abc"), evidence, tmp_path / "shipped", ["one", "two"], again=False)
    result = json.loads((tmp_path / "shipped" / "two.json").read_text())
    assert (result["trial"], result["model_sha256"], result["value"]) == ("two", "abc", 2)
    assert sorted(path.name for path in (tmp_path / "shipped").iterdir()) == ["one.json", "two.json"]


def test_a_trial_is_run_again_for_another_model_alone(
    subject: Subject, evidence: Evidence, tmp_path: Path, counted: list[str]
) -> None:
    first, second = replace(subject, digest="abc"), replace(subject, digest="def")
    run_trials(first, evidence, tmp_path, ["one"], again=False)
    run_trials(first, evidence, tmp_path, ["one", "two"], again=False)
    assert counted == ["one", "two"]
    run_trials(first, evidence, tmp_path, ["two"], again=True)
    run_trials(second, evidence, tmp_path, ["one"], again=False)
    assert counted == ["one", "two", "two", "one"]


def test_a_model_of_other_labels_is_refused(subject: Subject, evidence: Evidence, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="polka"):
        run_trials(replace(subject, labels=("polka", "waltz")), evidence, tmp_path, list(TRIALS), again=False)


def test_an_unknown_trial_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match=r"long_stream.*got tea_time"):
        trials(tmp_path, tmp_path, only=["tea_time"])
