"""The command line, run inside the test's process."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from realtime.cli.app import app


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output as strict JSON lines."""
        return [json.loads(line, parse_constant=pytest.fail) for line in self.stdout.splitlines()]


Tectum = Callable[..., Outcome]


@pytest.fixture
def tectum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tectum:
    """Runs ``tectum`` with the arguments given, in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> Outcome:
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run
