from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from training.facefilter.__main__ import app


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("part", ["matching", "separator"])
def test_a_missing_data_folder_is_told(part: str) -> None:
    result = invoke("train", part, "--data", "nowhere")
    assert result.exit_code == 2
    assert "expected facevoice/manifest.tsv in the data folder, got none" in result.output


def test_missing_public_weights_say_how_to_get_them(miniature: Path) -> None:
    result = invoke("train", "matching", "--data", str(miniature), "--public", "nowhere")
    assert result.exit_code == 2
    assert "expected resemblyzer/pretrained.pt in nowhere, got none: pip download" in result.output


def test_missing_embeddings_say_what_makes_them(miniature: Path) -> None:
    result = invoke("train", "separator", "--data", str(miniature))
    assert result.exit_code == 2
    assert "got none: run `train matching` first" in result.output


def test_embeddings_of_other_recordings_are_told(miniature: Path, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    np.savez(tmp_path / "runs" / "embeddings.npz", paths=np.array(["another.flac"]))
    result = invoke("train", "separator", "--data", str(miniature), "--runs", "runs")
    assert result.exit_code == 2
    assert "recordings, got others" in result.output


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "nosuch"], "nosuch"),
        (["train", "separator", "--steps", "0"], "Invalid value for '--steps'"),
        (["train", "separator", "--mixtures", "0"], "Invalid value for '--mixtures'"),
    ],
)
def test_a_wrong_argument_is_told(arguments: list[str], expected: str) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2 and expected in result.output


def test_the_parts_are_named() -> None:
    result = invoke("--help")
    assert all(name in result.output for name in ("train", "evaluate", "export", "report", "card"))
