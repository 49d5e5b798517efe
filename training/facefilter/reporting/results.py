"""Everything that was measured: read from one file a trial, kept together in one file.

Invariant: results are condensed when they are collected; so a report that is rebuilt from the file that
``save_results`` wrote is, byte for byte, the report that was built from the runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from ...genre.reporting.runs import rounded

CURVE_POINTS = 60
VALID_POINTS = 40

Content = Mapping[str, Any]


class ResultError(ValueError):
    """A result file that cannot be used; the message names it, what was expected and what it holds."""


@dataclass(frozen=True, slots=True)
class Results:
    """Condensed results in their one order.

    Attributes:
        trials: By name.
        papers: Rows of the paper's network, by name.
        curve: Of the separator's training, a mapping a point.
    """

    trials: Mapping[str, Content] = field(default_factory=dict)
    papers: Mapping[str, Content] = field(default_factory=dict)
    curve: Sequence[Content] = ()

    @classmethod
    def collect(
        cls, trials: Mapping[str, Content], papers: Mapping[str, Content], curve: Sequence[Content] = ()
    ) -> Self:
        """Returns condensed, ordered results."""
        return cls(
            {name: rounded(trials[name]) for name in sorted(trials)},
            {name: _with_short_curve(papers[name]) for name in sorted(papers)},
            tuple(rounded(thinned(curve))),
        )

    def over(self, older: Results) -> Results:
        """Returns these results, and those of ``older`` for everything that is missing here."""
        return Results.collect(
            {**older.trials, **self.trials}, {**older.papers, **self.papers}, self.curve or older.curve
        )


def read_results(runs: Path) -> Results:
    """Reads what is in a folder of runs; nothing where it is not there.

    Raises:
        ResultError: On a file that holds no JSON object.
    """
    results = runs / "results"
    log = runs / "separator" / "log.jsonl"
    return Results.collect(
        {path.stem: _object(path) for path in results.glob("*.json")},
        {path.stem: _object(path) for path in (results / "paper").glob("*.json")},
        tuple(_lines(log)) if log.is_file() else (),
    )


def load_results(path: Path) -> Results:
    """Reads the one file that ``save_results`` wrote; nothing when it is not there.

    Raises:
        ResultError: When it is damaged.
    """
    if not path.is_file():
        return Results()
    content = _object(path)
    return Results.collect(content.get("trials", {}), content.get("papers", {}), content.get("curve", ()))


def save_results(results: Results, path: Path) -> None:
    """Writes everything into one file, a trial or a row a line, so that a change shows as one line."""
    parts = (_by_name("trials", results.trials), _by_name("papers", results.papers))
    path.write_text(f'{{{",".join(parts)},"curve":{_compact(results.curve)}}}\n')


def thinned(points: Sequence[Content]) -> list[Content]:
    """Returns some of the points of a curve, both ends among them; those measured on valid are the last to go."""
    measured = [i for i, point in enumerate(points) if point.get("valid")]
    others = [i for i, point in enumerate(points) if not point.get("valid")]
    return [points[i] for i in sorted((*_spread(measured, VALID_POINTS), *_spread(others, CURVE_POINTS)))]


def _spread(places: list[int], most: int) -> list[int]:
    if len(places) <= most:
        return places
    return [places[round(i * (len(places) - 1) / (most - 1))] for i in range(most)]


def _with_short_curve(row: Content) -> Content:
    short: dict[str, Any] = rounded(row)
    short["curve"] = rounded(thinned(row.get("curve", ())))
    return short


def _by_name(name: str, contents: Mapping[str, Content]) -> str:
    lines = ",\n".join(f"{_compact(key)}:{_compact(content)}" for key, content in contents.items())
    return f'"{name}":{{\n{lines}\n}}'


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except ValueError as error:
        raise ResultError(f"{path}: expected JSON, got {error}") from error
    if not isinstance(content, dict):
        raise ResultError(f"{path}: expected an object, got {type(content).__name__}")
    return content


def _lines(path: Path) -> Iterator[Content]:
    # The last line of a run that was cut may be half a line.
    for line in path.read_text().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
