"""Tables for people and JSON for machines, and a service in a process of its own."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from rich.console import Console
from rich.table import Table

from tests.web.service_process import Service

REPOSITORY = Path(__file__).parents[2]
RESULTS = Path(os.environ.get("TECTUM_BENCH_DIR", REPOSITORY / "runs" / "bench"))

Row = dict[str, Any]
Report = Callable[[str, str, Sequence[Row]], None]


@pytest.fixture
def report() -> Report:
    """``report(name, title, rows)`` prints a table of ``rows`` and writes ``runs/bench/NAME.json``."""

    def show(name: str, title: str, rows: Sequence[Row]) -> None:
        table = Table(title=title, title_justify="left")
        for column in rows[0]:
            table.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
        for row in rows:
            table.add_row(*(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()))
        Console(width=140).print(table)
        RESULTS.mkdir(parents=True, exist_ok=True)
        machine = {
            "cpu": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "torch": torch.__version__,
        }
        document = {"name": name, "title": title, "machine": machine, "rows": list(rows)}
        (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")

    return show


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """``tectum serve`` with the plugins that ship."""
    service = Service(tmp_path / "serve.log", "--device", "cpu", "--max-sessions", "64")
    service.start()
    yield service
    service.stop()
