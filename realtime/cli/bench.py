"""``tectum bench``: measures this machine with the benchmarks of the source checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadInput
from .output import reported

BENCHMARKS = Path("tests") / "benchmarks"


def bench(
    only: Annotated[str | None, typer.Option("--only", "-k", help="Run only benchmarks whose name matches.")] = None,
) -> None:
    """Measure step times, real-time factors and sessions a core on this machine."""
    with reported():
        root = Path(__file__).resolve().parents[2]
        if not (root / BENCHMARKS).is_dir():
            raise BadInput(f"expected a source checkout with {BENCHMARKS}, got an installed package at {root}")
        arguments = [sys.executable, "-m", "pytest", "-q", "-s", "-m", "benchmark", str(BENCHMARKS)]
        raise typer.Exit(subprocess.run([*arguments, *(("-k", only) if only else ())], cwd=root).returncode)
