from pathlib import Path

import pytest
from typer.testing import CliRunner

from training.genre.__main__ import app


@pytest.mark.parametrize(
    ("arguments", "expected", "got"),
    [
        (["train", "nosuch"], "lstm64", "nosuch"),
        (["train", "mlp", "--protocol", "nosuch"], "segments", "nosuch"),
        (["train", "--protocol", "segments"], "filtered or tracks", "segments"),
        (["train", "--data", "nowhere"], "gtzan_bands.npz", "nowhere"),
        (["evaluate", "--data", "nowhere"], "gtzan_bands.npz", "nowhere"),
        (["tune", "--data", "nowhere"], "gtzan_bands.npz", "nowhere"),
        (["export", "--data", "nowhere"], "gtzan_bands.npz", "nowhere"),
        (["train", "--audio", "nowhere"], "a folder for each label", "nowhere"),
    ],
)
def test_a_wrong_argument_is_told_what_was_expected_and_what_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str, got: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if "--protocol" in arguments and "mlp" not in arguments:
        (tmp_path / "gtzan").mkdir()
        (tmp_path / "gtzan" / "gtzan_bands.npz").touch()
        arguments = [*arguments, "--data", str(tmp_path)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})
    assert result.exit_code == 2
    assert expected in result.output and got in result.output
