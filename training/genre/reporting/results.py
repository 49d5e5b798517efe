"""Everything that was measured: read from one file a run, kept together in one file.

Invariant: results are condensed when they are collected; so a report that is rebuilt from the file that
``save_results`` wrote is, byte for byte, the report that was built from the runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError

from .runs import PROTOCOLS, Run, rounded

SHIPPED = "shipped"
"""The folder, and so the name, of the network that ships."""

TIMELINE_POINTS = 720
TIMELINE_DIGITS = 2

Trial = Mapping[str, Any]


class ResultError(ValueError):
    """A result file that cannot be used; the message names it, what was expected and what it holds."""


@dataclass(frozen=True, slots=True)
class Results:
    """Condensed results in their one order.

    Attributes:
        runs: Sorted by network, protocol and number of the run.
        trials: What else was measured of the network that ships, by name (``long_stream``, ``speed/steps``).
    """

    runs: tuple[Run, ...] = ()
    trials: Mapping[str, Trial] = field(default_factory=dict)

    @classmethod
    def collect(cls, runs: Iterable[Run], trials: Mapping[str, Trial]) -> Self:
        """Returns condensed, ordered results; of two runs with one name the later one counts."""
        named = {_key(run): run.condensed() for run in runs}
        return cls(
            tuple(named[key] for key in sorted(named)), {name: _condensed(trials[name]) for name in sorted(trials)}
        )

    def over(self, older: Results) -> Results:
        """Returns these results, and those of ``older`` for every run and trial that is missing here."""
        return Results.collect((*older.runs, *self.runs), {**older.trials, **self.trials})

    def of(self, network: str, protocol: str) -> tuple[Run, ...]:
        """Returns the runs of one network under one protocol."""
        return tuple(run for run in self.runs if (run.network, run.protocol) == (network, protocol))

    def networks(self) -> tuple[str, ...]:
        """Returns the names of all networks, sorted."""
        return tuple(sorted({run.network for run in self.runs}))


def read_results(folder: Path) -> Results:
    """Reads every result file below ``folder``; none when it is not there.

    The path says what a file is: ``NETWORK/PROTOCOL/RUN.json`` is a run, anything else below ``shipped/`` a trial.

    Raises:
        ResultError: On a file that is no JSON, not in its place, or lacks a field.
    """
    runs: list[Run] = []
    trials: dict[str, Trial] = {}
    for path in sorted(folder.rglob("*.json")):
        parts = path.relative_to(folder).with_suffix("").parts
        if len(parts) == 3 and parts[1] in PROTOCOLS:
            placed = {"network": parts[0], "protocol": parts[1], "run": parts[2]}
            runs.append(_checked({**_content(path), **placed}, path))
        elif len(parts) > 1 and parts[0] == SHIPPED:
            trials["/".join(parts[1:])] = _content(path)
        else:
            raise ResultError(f"{path}: expected NETWORK/{{{'|'.join(PROTOCOLS)}}}/RUN.json or {SHIPPED}/TRIAL.json")
    return Results.collect(runs, trials)


def load_results(path: Path) -> Results:
    """Reads the one file that ``save_results`` wrote; nothing when it is not there.

    Raises:
        ResultError: When it is damaged.
    """
    if not path.is_file():
        return Results()
    content = _content(path)
    return Results.collect((_checked(run, path) for run in content.get("runs", ())), content.get("trials", {}))


def save_results(results: Results, path: Path) -> None:
    """Writes everything into one file, a run or a trial a line, so that a change shows as one line."""
    runs = ",\n".join(_compact(run.model_dump(mode="json")) for run in results.runs)
    trials = ",\n".join(f"{_compact(name)}:{_compact(trial)}" for name, trial in results.trials.items())
    path.write_text(f'{{"runs":[\n{runs}\n],"trials":{{\n{trials}\n}}}}\n')


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ResultError(f"{path}: expected JSON, got {error}") from error
    if not isinstance(content, dict):
        raise ResultError(f"{path}: expected an object, got {type(content).__name__}")
    return content


def _checked(content: Mapping[str, Any], path: Path) -> Run:
    try:
        return Run.model_validate(content)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ResultError(f"{path}: {faults}") from error


def _key(run: Run) -> tuple[str, int, str, int]:
    """Orders ``seed10`` after ``seed9``."""
    number = re.search(r"\d+$", run.run)
    name = run.run[: number.start()] if number else run.run
    return run.network, PROTOCOLS.index(run.protocol), name, int(number.group()) if number else -1


def _condensed(trial: Trial) -> Trial:
    """Rounds a trial, and thins out its timeline: an hour of seconds is more than a picture is wide."""
    condensed: dict[str, Any] = rounded(trial)
    timeline = condensed.get("timeline")
    if timeline:
        length = len(timeline["time_s"])
        step = max(1, -(-length // TIMELINE_POINTS))
        condensed["timeline"] = {
            name: rounded(column[::step], TIMELINE_DIGITS) if len(column) == length else column
            for name, column in timeline.items()
        }
    return condensed


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
