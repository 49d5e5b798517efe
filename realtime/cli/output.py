"""What commands print: JSON lines for programs on standard output, text for people, errors of one line."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import typer

from ..errors import BadInput, SettingsError, TectumError

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2


def print_json(event: Mapping[str, Any]) -> None:
    """Prints one object on one line, at once, as strict JSON: no NaN, and ASCII, which any file name survives."""
    print(json.dumps(event, allow_nan=False), flush=True)


@contextlib.contextmanager
def reported(as_json: bool = False) -> Iterator[None]:
    """Turns a TectumError into one line, an ``error`` event with ``as_json``, and the right exit code."""
    try:
        yield
    except TectumError as error:
        _report(error, as_json)
    except ExceptionGroup as group:
        _report(_expected(group), as_json)


def print_error(error: TectumError, as_json: bool = False) -> None:
    """Prints ``error`` without ending the command."""
    if as_json:
        print_json(error.to_event())
    print(f"tectum: {error.message}", file=sys.stderr)


def exit_code(error: TectumError) -> int:
    """Returns 2 where the input was wrong and 1 where something failed."""
    return EXIT_BAD_INPUT if isinstance(error, BadInput | SettingsError) else EXIT_FAILED


def log_to_stderr(level: str = "warning") -> None:
    """Shows log records from ``level`` on, a line each, on standard error."""
    logging.basicConfig(level=level.upper(), format="tectum: %(levelname)s: %(message)s", stream=sys.stderr)


def _report(error: TectumError, as_json: bool) -> None:
    print_error(error, as_json)
    raise typer.Exit(exit_code(error)) from error


def _expected(group: ExceptionGroup[Exception]) -> TectumError:
    """Returns the TectumError out of a task group, or raises what is more than that."""
    leaf: Exception = group
    while isinstance(leaf, ExceptionGroup) and len(leaf.exceptions) == 1:
        leaf = leaf.exceptions[0]
    if isinstance(leaf, TectumError):
        return leaf
    raise leaf  # a closed pipe, which ends the command quietly, or a bug
