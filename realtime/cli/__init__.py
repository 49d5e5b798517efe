"""The ``tectum`` command.

Invariant: exit code 0 when all went well, 1 when something failed, 2 when the command or its input was
wrong; an expected error is one line on standard error, never a traceback.
"""

from __future__ import annotations

import os


def main() -> None:
    """Runs ``tectum`` with the arguments of the process, and exits with its code."""
    # Before torch is imported: OpenMP's threads would fight over the cores with the engine's workers.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from .app import app

    app(prog_name="tectum")
