"""Markdown of the report.

Invariant: a cell has no bar and no line break, so a table stays a table.
"""

from __future__ import annotations

from collections.abc import Sequence

ABSENT = "-"
"""What stands where nothing was measured."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> str:
    """Returns a table of ``words`` columns of text, left-aligned, and columns of figures behind them.

    Raises:
        ValueError: On a row of another length than ``header``.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"expected {len(header)} cells, got {len(row)}: {row}")
    rule = ["---"] * words + ["---:"] * (len(header) - words)
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (header, rule, *rows))


def percent(share: float, digits: int = 1) -> str:
    """Returns a share of 1 in per cent."""
    return f"{100 * share:.{digits}f}"


def picture(name: str, text: str, drawn: frozenset[str]) -> str:
    """Returns a picture with its description, or nothing when it was not drawn."""
    return f"![{text}]({name})" if name in drawn else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
