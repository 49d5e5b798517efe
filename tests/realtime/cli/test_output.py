"""Errors leave as one line and the right exit code."""

from __future__ import annotations

import json
import math

import pytest
import typer

from realtime.cli.output import print_json, reported
from realtime.errors import BadParam, DeviceUnavailable, SettingsError, TectumError


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadParam("expected a, got b", param="genre.x"), 2),
        (SettingsError("expected a, got b"), 2),
        (DeviceUnavailable("expected a, got b"), 1),
        (TectumError("expected a, got b"), 1),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_an_expected_error_is_one_line(
    capsys: pytest.CaptureFixture[str], error: TectumError, code: int, wrapped: bool
) -> None:
    raised = ExceptionGroup("tasks", [ExceptionGroup("tasks", [error])]) if wrapped else error
    with pytest.raises(typer.Exit) as caught, reported():
        raise raised
    assert caught.value.exit_code == code
    assert capsys.readouterr() == ("", "tectum: expected a, got b\n")


def test_with_json_it_is_an_event_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported(as_json=True):
        raise BadParam("expected a, got b", param="genre.x")
    event = {"type": "error", "code": "bad_param", "message": "expected a, got b", "param": "genre.x"}
    assert json.loads(capsys.readouterr().out) == event


@pytest.mark.parametrize("bug", [ZeroDivisionError(), BrokenPipeError()])
def test_what_is_not_expected_goes_on_as_it_is(bug: Exception) -> None:
    with pytest.raises(type(bug)), reported():
        raise ExceptionGroup("tasks", [bug])


def test_several_errors_at_once_are_not_hidden() -> None:
    with pytest.raises(ExceptionGroup), reported():
        raise ExceptionGroup("tasks", [BadParam("a"), ZeroDivisionError()])


def test_json_is_strict() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"p": math.nan})
