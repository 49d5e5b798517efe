"""What it costs: tables of the benchmarks, as they print them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..markdown import table
from ..results import Results

FOLDER = "speed/"
"""Where ``TECTUM_BENCH_DIR=runs/genre/results/shipped/speed make bench`` puts its tables, below the trials."""


def speed_section(results: Results, drawn: frozenset[str]) -> str:
    """Returns one table a benchmark."""
    benchmarks = [trial for name, trial in results.trials.items() if name.startswith(FOLDER)]
    return "\n\n".join(_benchmark(trial) for trial in benchmarks)


def _benchmark(trial: Mapping[str, Any]) -> str:
    machine, rows = trial["machine"], trial["rows"]
    about = f"{trial['title']} ({machine['cores']} cores, {machine['cpu']}, torch {machine['torch']}):"
    return f"{about}\n\n{table(tuple(rows[0]), [tuple(map(_text, row.values())) for row in rows])}"


def _text(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
