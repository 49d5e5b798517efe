from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.training.reporting.made_up import new_run, trials, write
from training.genre.reporting import command
from training.genre.reporting.results import Results, load_results, save_results

app = typer.Typer()
app.command()(command.report)


@pytest.fixture
def committed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the committed results are; none yet."""
    path = tmp_path / "committed" / "results.json"
    path.parent.mkdir()
    monkeypatch.setattr(command, "COMMITTED", path)
    return path


def test_a_report_rebuilt_from_its_own_results_is_the_same(committed: Path, tmp_path: Path) -> None:
    write(tmp_path / "runs/results", "cnn/filtered/seed0", new_run(accuracy=2 / 3))
    write(tmp_path / "runs/results", "shipped/long_stream", trials()["long_stream"])
    first = CliRunner().invoke(app, ["--runs", str(tmp_path / "runs"), "--out", str(committed.parent)])
    assert first.exit_code == 0, first.output
    second = CliRunner().invoke(app, ["--runs", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert second.exit_code == 0, second.output
    names = {path.name for path in committed.parent.iterdir()}
    assert {"README.md", "results.json", "timeline.webp", "accuracy.webp"} <= names
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (committed.parent / name).read_bytes(), name


def test_own_runs_stand_before_the_committed_ones(committed: Path, tmp_path: Path) -> None:
    write(tmp_path / "older", "cnn/filtered/seed0", new_run(note="committed"))
    write(tmp_path / "older", "cnn/filtered/seed1", new_run(note="committed"))
    save_results(command.read_results(tmp_path / "older"), committed)
    write(tmp_path / "runs/results", "cnn/filtered/seed0", new_run(note="own"))
    result = CliRunner().invoke(app, ["--runs", str(tmp_path / "runs")])
    said = " ".join(result.output.split())
    assert said.startswith("1 runs and 0 trials from") and "1 runs and 0 trials as committed" in said
    merged = load_results(tmp_path / "runs/report/results.json")
    assert [run.note for run in merged.runs] == ["own", "committed"]


def test_a_damaged_result_is_an_error_that_names_it(committed: Path, tmp_path: Path) -> None:
    write(tmp_path / "results", "cnn/filtered/seed0", {"accuracy": 2})
    result = CliRunner().invoke(app, ["--runs", str(tmp_path)])
    assert result.exit_code == 2
    assert not (tmp_path / "report").exists()


def test_what_is_committed_can_be_read() -> None:
    results: Results = load_results(command.COMMITTED)
    assert {run.protocol for run in results.runs} <= {"segments", "tracks", "filtered"}
